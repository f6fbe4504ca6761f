import Glibc
import Testing

@Suite struct `The status server` {
    @Test func `shows what a worker in another process does, as it does it`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            try box.succeed(
                "add", "disk", "--manual", "--shell",
                "echo all is '<well>'; echo 'progress 40 of much' >&3; read line <\(gate.path)")
            _ = try box.startWorker("--name", "signalman")
            let port = try startServer(box)
            let follower = try box.start("run", "disk", "--follow")
            try follower.waitForOutput("well")
            // The two come by pipes of their own.
            try box.until("it has told of its progress") { try box.dispatch(1)["progress"] != .null }
            for path in ["/", "/jobs", "/jobs/disk", "/dispatches", "/dispatches/1"] {
                #expect(try page(path, port).contains("disk"), "\(path)")
            }
            #expect(try page("/workers", port).contains("signalman"))
            let running = try page("/dispatches/1", port)
            #expect(running.contains("all is &lt;well&gt;"))
            #expect(running.contains("of much"))
            #expect(running.contains("IN_PROGRESS"))
            try gate.release()
            #expect(try follower.wait() == .exited(0))
            let done = try page("/dispatches/1", port)
            #expect(done.contains("SUCCESS"))
            #expect(done.contains("all is &lt;well&gt;"))
            #expect(!done.contains("IN_PROGRESS"))
        }
    }

    @Test func `finds the live data of a worker that starts after it`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--shell", "echo said so")
            let port = try startServer(box)
            #expect(try page("/workers", port).contains("signalman") == false)
            _ = try box.startWorker("--name", "signalman")
            try box.succeed("logs", "1", "--follow")
            #expect(try page("/workers", port).contains("signalman"))
            #expect(try page("/dispatches/1", port).contains("said so"))
        }
    }

    @Test func `refuses a foreign host and what is not there, and writes nothing`() async throws {
        try await withBox { box in
            try box.succeed("add", "disk", "--every", "1h", "--", "df")
            let port = try startServer(box)
            let before = try Listing(box.store)
            #expect(try Answer(of: "/", port: port).status == 200)
            #expect(try Answer(of: "/jobs/none", port: port).status == 404)
            #expect(try Answer(of: "/dispatches/9", port: port).status == 404)
            #expect(try Answer(of: "/nowhere", port: port).status == 404)
            #expect((400..<500).contains(try Answer(of: "/", port: port, host: "evil.example").status))
            #expect(try Listing(box.store).changes(since: before) == [])
            let second = try box.run("serve", "--listen", "127.0.0.1:\(port)")
            #expect(second.status == 74)
            #expect(isOneSentence(second.errors), "\(second.errors)")
        }
    }

    @Test func `is one of the three parts of up, on the jobs of a file`() async throws {
        try await withBox { box in
            try box.write("jobs:\n  tick:\n    every: 1s\n    shell: echo tock\n", to: "jobs.yaml")
            let all = try box.start("up", "--jobs", "jobs.yaml", "--listen", "127.0.0.1:0", "--slots", "1")
            let port = try self.port(all)
            try all.waitForLine("attempt 1: SUCCESS")
            #expect(try page("/jobs/tick", port).contains("SUCCESS"))
            #expect(try box.succeed("logs", "tick").hasPrefix("tock"))
            all.signal(SIGTERM)
            #expect(try all.wait() == .exited(0))
        }
    }

    private static let browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].first { (path: String) in
        access(path, X_OK) == 0
    }

    @Test(.enabled(if: browser != nil, "Debian's chromium is not installed"))
    func `is shown by a real browser`() async throws {
        try await withBox { box in
            try box.succeed("add", "disk", "--manual", "--shell", "echo all is well")
            _ = try box.startWorker("--name", "signalman")
            try box.succeed("run", "disk", "--wait")
            let port = try startServer(box)
            for (path, words) in [
                ("/", ["disk", "SUCCESS"]), ("/dispatches/1", ["all is well", "SUCCESS"]), ("/workers", ["signalman"]),
            ] {
                let shown = try browse(box, "--dump-dom", "http://127.0.0.1:\(port)\(path)")
                for word in words { #expect(shown.output.contains(word), "\(path): \(shown.output.prefix(2000))") }
            }
            let picture = box.path("page.png")
            _ = try browse(box, "--screenshot=\(picture)", "http://127.0.0.1:\(port)/")
            let bytes = try readBytes(picture)
            #expect(bytes.prefix(4) == [0x89, 0x50, 0x4e, 0x47])
            #expect(bytes.count > 5000, "the picture is empty")
        }
    }

    private func browse(_ box: Box, _ option: String, _ address: String) throws -> Finished {
        try box.run(program: [
            Self.browser ?? "", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--user-data-dir=\(box.path("browser"))", "--window-size=1280,900", option, address,
        ])
    }

    private func startServer(_ box: Box) throws -> UInt16 {
        try port(box.start("serve", "--listen", "127.0.0.1:0"))
    }

    private func port(_ process: ChildProcess) throws -> UInt16 {
        let line = try process.waitForLine("address=127.0.0.1:")
        let digits = line.split(separator: "address=127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
        return try #require(UInt16(digits), "\(line)")
    }

    private func page(_ path: String, _ port: UInt16) throws -> String {
        let answer = try Answer(of: path, port: port)
        guard answer.status == 200 else { throw TestFailure("\(path): \(answer.status)") }
        return answer.body
    }
}

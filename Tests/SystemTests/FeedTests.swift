import Glibc
import Testing

@Suite struct `The live feed` {
    private static let python = builtFolder("python/bin/python3")

    /// Three readers of another kind each: our command on the server, our command on the store, and a client that
    /// others wrote. The server is killed three times while workers run what is enqueued.
    @Test(.enabled(if: python != nil, "tools/python-packages has not been run"))
    func `is the same for all, with nothing missing and nothing out of order, while the server is killed`() async throws
    {
        try await withBox { box in
            try box.succeed("add", "last", "--manual", "--queue", "nobody", "--", "true")
            var server = try box.start("serve", "--listen", "127.0.0.1:0")
            let port = try feedPort(server)
            let client = try box.start(program: [
                Self.python ?? "", clientPath, "\(port)", "0", "\"job\":\"last\"",
            ])
            let url = "--url ws://127.0.0.1:\(port)/live"
            let remote = try watch(box, "\(url) --since 0", to: "remote")
            let local = try watch(box, "--since 0", to: "local")
            try client.waitForLine("connected")
            _ = try box.startWorker("--slots", "4")
            _ = try box.startWorker("--slots", "4")
            for _ in 0..<3 {
                try box.enqueueMany(1500, #"{"command": ["true"], "queue": "nobody"}"#)
                try box.enqueueMany(400, #"{"command": ["true"]}"#)
                server.end()
                server = try box.start("serve", "--listen", "127.0.0.1:\(port)")
                try server.waitForLine("listens")
                try remote.waitForLine("connected again")
                try client.waitForLine("connected")
            }
            try box.enqueueMany(1900, #"{"command": ["true"], "queue": "nobody"}"#)
            let end = try box.enqueue(shell: "true")
            try box.succeed("logs", "\(end)", "--follow")
            try box.succeed("run", "last")
            #expect(try client.wait() == .exited(0))
            // It writes once more, to a reader that has gone.
            try box.succeed("enqueue", "--queue", "nobody", "--", "true")
            #expect(try remote.wait() == .exited(0))
            #expect(try local.wait() == .exited(0))
            try check(box, client)
        }
    }

    private func check(_ box: Box, _ client: ChildProcess) throws {
        let local = try box.lines(of: "local")
        #expect(try box.lines(of: "remote") == local)
        #expect(try client.output().split(separator: "\n").map(String.init) == local)
        var states: [String: String] = [:]
        var (count, newest) = (0, 0)
        for line in local {
            let frame = try #require(line.firstMatch(of: /"seq":([0-9]+),"txn":([0-9]+)}$/))
            let sequence = try #require(Int(frame.1))
            #expect(frame.1 == frame.2 && sequence > newest)
            newest = sequence
            let changes = line.matches(
                of: /"from":(?:null|"([A-Z_]+)"),"id":([0-9]+),"job":[^,]*,"queue":[^,]*,"to":"([A-Z_]+)"/)
            for change in changes {
                #expect(states.updateValue(String(change.3), forKey: String(change.2)) == change.1.map { String($0) })
                count += 1
            }
        }
        #expect(count > 10_000, "only \(count) transitions")
        #expect(states.count == 4 * 1900 + 2)
    }

    /// `signalbox watch` until the job `last` is asked for.
    private func watch(_ box: Box, _ options: String, to name: String) throws -> ChildProcess {
        try box.start(program: [
            "/bin/sh", "-c",
            "setpriv --pdeathsig KILL '\(Box.command)' watch \(options) | sed '/\"job\":\"last\"/q' >'\(name)'",
        ])
    }

    @Test func `goes on behind the last line when its reader is killed`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let first = try box.start("watch")
            try first.waitForOutput("\"seq\":1,\"txn\":1}\n")
            try box.succeed("enqueue", "--queue", "heavy", "--", "true")
            try first.waitForOutput("\"id\":2,")
            first.signal(SIGKILL)
            #expect(try first.wait() == .signalled(SIGKILL))
            try box.succeed("enqueue", "--", "true")
            let second = try box.start("watch", "--since", "2")
            try second.waitForOutput("\"seq\":3,")
            try box.succeed("cancel", "3")
            try second.waitForOutput("CANCELLED")
            second.signal(SIGTERM)
            #expect(try second.wait() == .signalled(SIGTERM))
            #expect(try second.output().matches(of: /"seq":([0-9]+)/).map { $0.1 } == ["3", "4"])
            let heavy = try box.start("watch", "--since", "0", "--queue", "heavy")
            try heavy.waitForOutput("\"id\":2,")
            #expect(try !heavy.output().contains("\"id\":1,"))
            #expect(try box.run("watch", "--since", "99").status == 65)
        }
    }

    @Test func `of a server that is gone is said to be, and a wrong address is refused`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let port = try feedPort(server)
            let reader = try box.start("watch", "--url", "ws://localhost:\(port)")
            try reader.waitForOutput("\"seq\":1,")
            server.signal(SIGTERM)
            #expect(try server.wait() == .exited(0))
            try reader.waitForLine("the server ended the connection (1001)")
            try reader.waitForLine("Connection refused")
            let again = try box.start("serve", "--listen", "127.0.0.1:\(port)")
            try again.waitForLine("listens")
            try reader.waitForLine("connected again")
            try box.succeed("enqueue", "--", "true")
            try reader.waitForOutput("\"id\":2,")
            for (target, status) in [("live?since=99", Int32(64)), ("none", 65)] {
                let refused = try box.run("watch", "--url", "ws://127.0.0.1:\(port)/\(target)")
                #expect(refused.status == status, "\(refused.errors)")
            }
            let ahead = try box.run("watch", "--since", "99", "--url", "ws://127.0.0.1:\(port)")
            #expect(ahead.status == 65)
            #expect(isOneSentence(ahead.errors), "\(ahead.errors)")
        }
    }

    @Test func `is refused to a stranger's page, and ends for who does not keep to the rules`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let port = try feedPort(server)
            let good = try FeedSocket(port: port, origin: "http://127.0.0.1:\(port)")
            #expect(good.status == 101)
            #expect(try good.text() == #"{"changes":[],"seq":1,"txn":1}"#)
            for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
                #expect(try FeedSocket(port: port, origin: origin).status == 403)
            }
            #expect(try FeedSocket(port: port, target: "/live?since=2").status == 400)
            #expect(try FeedSocket(port: port, target: "/nowhere").status == 404)
            let before = try residentMemory(server)
            let flood = try FeedSocket(port: port)
            _ = flood.send(opcode: 9, String(repeating: "x", count: 100), times: 5_000)
            #expect(try flood.closeCode() == 1008)
            let talker = try FeedSocket(port: port)
            talker.send(opcode: 1, "hello", times: 1000)
            #expect(try talker.closeCode() == 1003)
            let huge = try FeedSocket(port: port)
            huge.send(bytes: [0x81, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
            #expect(try huge.closeCode() == 1009)
            let bare = try FeedSocket(port: port)
            bare.send(bytes: [0x89, 0x00])
            #expect(try bare.closeCode() == 1002)
            try box.succeed("enqueue", "--", "true")
            #expect(try good.text()?.contains("\"id\":2,") == true)
            #expect(try residentMemory(server) - before < 16 << 10, "kibibytes")
        }
    }

    /// What waits for it is more than the server keeps for anybody; others get it all.
    @Test func `drops a client that does not read, and goes on for the others`() async throws {
        try await withBox { box in
            let queue = String(repeating: "q", count: 128)
            try box.succeed("enqueue", "--queue", queue, "--", "true")
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let port = try feedPort(server)
            let slow = try FeedSocket(port: port, receiveBuffer: 4096)
            let quick = try box.start("watch", "--url", "ws://127.0.0.1:\(port)")
            try quick.waitForOutput("\"seq\":1,")
            #expect(slow.status == 101)
            // A part at a time, so that no more waits for the one that reads, however busy the machine is.
            for part in 1...5 {
                try box.enqueueMany(5_000, #"{"command": ["true"], "queue": "\#(queue)"}"#)
                try quick.waitForOutput("\"id\":\(1 + part * 5_000),")
            }
            try server.waitForLine("dropped: it does not read")
            let end = try box.enqueue(shell: "true")
            try quick.waitForOutput("\"id\":\(end),")
            #expect(try quick.output().matches(of: /"from":null/).count == 25_001)
            #expect(try !quick.errors().contains("again"))
        }
    }
}

private var clientPath: String {
    #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Clients/feed.py"
}

/// What tools/test has put into the folder of the build.
private func builtFolder(_ name: String) -> String? {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let path = "\(root)/.build/\(name)"
    return access(path, X_OK) == 0 ? path : nil
}

private func feedPort(_ process: ChildProcess) throws -> UInt16 {
    let line = try process.waitForLine("address=127.0.0.1:")
    let digits = line.split(separator: "address=127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
    return try #require(UInt16(digits), "\(line)")
}

/// In KiB.
private func residentMemory(_ process: ChildProcess) throws -> Int {
    let line = try readFile("/proc/\(process.pid)/status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return try #require(line?.split(separator: " ").compactMap { Int($0) }.first)
}

extension Box {
    /// Enqueues a line for `enqueue --stdin` so many times.
    fileprivate func enqueueMany(_ count: Int, _ line: String) throws {
        let input = String(repeating: line + "\n", count: count)
        let finished = try run(program: [Self.command, "enqueue", "--stdin"], input: input)
        guard finished.status == 0 else { throw TestFailure("enqueue --stdin: \(finished.errors)") }
    }
}

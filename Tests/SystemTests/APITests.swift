import Glibc
import Testing

@Suite struct `The API of the server` {
    @Test func `says what the commands say, from whatever store lies at the path`() async throws {
        try await withBox { box in
            // The server comes first; there is no store yet.
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let port = try port(server)
            #expect(try Answer(of: "/healthz", port: port).status == 503)
            let absent = try Answer(of: "/api/v1/status", port: port)
            #expect(absent.status == 503)
            #expect(try JSONValue(absent.body)["error"]["message"].text?.contains("there is no store at") == true)
            #expect(try Answer(of: "/", port: port).body.contains("it is shown as soon as there is one"))
            #expect(names(in: box.folder).contains("store") == false)

            try box.succeed("add", "disk", "--manual", "--shell", "echo 'progress 40 x' >&3; API_KEY=hidden true")
            _ = try box.startWorker("--name", "signalman")
            try box.succeed("run", "disk", "--wait")
            try box.succeed("enqueue", "--delay", "1h", "--", "true")
            for (command, path) in [
                (["status"], "status"), (["job", "disk"], "jobs/disk"), (["dispatch", "1"], "dispatches/1"),
            ] {
                let printed = try box.run(program: [Box.command, command[0], "--json"] + command.dropFirst()).output
                #expect(try Answer(of: "/api/v1/\(path)", port: port).body == printed, "\(path)")
            }
            for name in ["jobs", "dispatches", "workers"] {
                var (list, printed) = (JSONValue.null, JSONValue.null)
                // A heartbeat may come between the two looks.
                while true {
                    list = try JSONValue(Answer(of: "/api/v1/\(name)", port: port).body)[name]
                    printed = try .list(box.jsonList(name))
                    if try JSONValue(Answer(of: "/api/v1/\(name)", port: port).body)[name] == list { break }
                }
                #expect(list == printed, "\(name)")
            }
            let events = try JSONValue(Answer(of: "/api/v1/events", port: port).body)
            let moves = (0..<events["frames"].count).flatMap { frame in
                let changes = events["frames"][frame]["changes"]
                return (0..<changes.count).map { changes[$0] }
            }
            #expect(moves.filter { $0["id"] == 1 }.map { $0["to"].text } == ["PENDING", "IN_PROGRESS", "SUCCESS"])
            #expect(try !Answer(of: "/api/v1/dispatches", port: port).body.contains("hidden"))
            let metrics = try Answer(of: "/metrics", port: port).body
            #expect(metrics.contains("signalbox_job_runs_total{job=\"disk\",outcome=\"success\"} 1\n"))
            #expect(metrics.contains("signalbox_workers{state=\"online\"} 1\n"))
            try box.succeed("remove", "disk")
            #expect(try !Answer(of: "/metrics", port: port).body.contains("job=\"disk\""))
        }
    }

    @Test func `outlives the store: gone, replaced by another, damaged, mended`() async throws {
        try await withBox { box in
            try box.succeed("add", "first", "--manual", "--", "true")
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let port = try port(server)
            let tag = try #require(try Answer(of: "/api/v1/jobs", port: port).field("ETag"))
            #expect(try Answer(of: "/api/v1/jobs", port: port, fields: ["If-None-Match: \(tag)"]).status == 304)

            #expect(rename(box.store, box.path("aside")) == 0)
            #expect(try Answer(of: "/api/v1/jobs", port: port, fields: ["If-None-Match: \(tag)"]).status == 503)
            try box.succeed("add", "second", "--manual", "--", "true")
            let other = try Answer(of: "/api/v1/jobs", port: port, fields: ["If-None-Match: \(tag)"])
            #expect(other.status == 200 && other.body.contains("second") && !other.body.contains("first"))

            // Cut off while it is open, which would end a process that reads on.
            let bytes = try readBytes(box.store + "/data.mdb")
            #expect(truncate(box.store + "/data.mdb", 8192) == 0)
            let cut = try Answer(of: "/", port: port)
            #expect(cut.status == 503 && cut.body.contains("data.mdb"), "\(cut.body)")
            try write(bytes, over: box.store + "/data.mdb")
            #expect(try Answer(of: "/", port: port).body.contains("second"))

            removeTree(box.store)
            #expect(rename(box.path("aside"), box.store) == 0)
            #expect(try Answer(of: "/api/v1/jobs", port: port).body.contains("first"))
            server.signal(SIGTERM)
            #expect(try server.wait() == .exited(0))
            #expect(try server.errors().split(separator: "\n").count { $0.contains("cannot be read") } == 2)
        }
    }

    private func port(_ process: ChildProcess) throws -> UInt16 {
        let line = try process.waitForLine("address=127.0.0.1:")
        let digits = line.split(separator: "address=127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
        return try #require(UInt16(digits), "\(line)")
    }

    private func write(_ bytes: [UInt8], over path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw TestFailure("\(path): \(errnoText())")
        }
    }
}

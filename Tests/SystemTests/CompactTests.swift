import Glibc
import Testing

@Suite struct `Compacting a store` {
    @Test func `makes its file smaller, and leaves everything as it was`() async throws {
        try await withBox { box in
            try fill(box)
            let before = try box.jsonList("dispatches", "--limit", "10000")
            let sequence = try box.json("status")["seq"]
            let size = try readBytes(box.store + "/data.mdb").count
            let told = try box.json("compact")
            #expect(told["bytes_before"].number == size)
            #expect(try told["bytes_after"].number == readBytes(box.store + "/data.mdb").count)
            #expect(try #require(told["bytes_after"].number) < size)
            #expect(try box.jsonList("dispatches", "--limit", "10000") == before)
            #expect(try box.json("status")["seq"] == sequence)
            #expect(names(in: box.store).filter { $0.contains("new") } == [])
            // Everything goes on with the new file.
            let worker = try box.startWorker()
            let id = try box.enqueue(shell: "echo on")
            #expect(try box.succeed("logs", "\(id)", "--follow") == "on\n")
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
            #expect(try box.succeed("compact").hasSuffix(" after\n"))
        }
    }

    @Test func `is refused while others have the store open, who are named`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--queue", "none", "--", "true")
            let worker = try box.startWorker()
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            try server.waitForLine("listens")
            let before = try readBytes(box.store + "/data.mdb")
            let refused = try box.run("compact")
            #expect(refused.status == 75 && isOneSentence(refused.errors), "\(refused.errors)")
            #expect(refused.errors.contains("process \(worker.pid) (signalbox worker)"), "\(refused.errors)")
            #expect(refused.errors.contains("process \(server.pid) (signalbox serve)"), "\(refused.errors)")
            #expect(try readBytes(box.store + "/data.mdb") == before)
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
            server.signal(SIGTERM)
            #expect(try server.wait() == .exited(0))
            try box.succeed("compact")
            #expect(try box.run("compact", "--store", "none").status == 66)
        }
    }

    @Test func `keeps who comes meanwhile waiting, and loses nothing of theirs`() async throws {
        try await withBox { box in
            try fill(box)
            let line = "for i in 1 2 3 4 5 6; do '\(Box.command)' enqueue -- true; done"
            let clients = try (1...3).map { _ in try box.start(program: ["/bin/sh", "-c", line]) }
            var compactions = 0
            while clients.contains(where: { !$0.hasEnded }) || compactions == 0 {
                let finished = try box.run("compact")
                #expect(finished.status == 0 || finished.status == 75, "\(finished.errors)")
                if finished.status == 0 { compactions += 1 }
            }
            let kept = Set(try box.jsonList("dispatches", "--limit", "10000").compactMap { $0["id"].number })
            for client in clients {
                #expect(try client.wait() == .exited(0))
                let acknowledged = try client.output().split(separator: "\n").compactMap { Int($0) }
                #expect(acknowledged.count == 6 && kept.isSuperset(of: acknowledged))
            }
        }
    }

    @Test(
        .enabled(if: Kills.canTrace, "strace is not installed"),
        arguments: [("rename", 2), ("fsync", 3), ("fchmod", 2), ("write", 1)])
    func `that is killed leaves the old file or the new one`(_ call: String, _ least: Int) async throws {
        try await withBox { box in
            let ids = try (1...3).map { _ in try box.enqueue(shell: "true") }
            let kills = try Kills.eachCall(call, of: ["compact"], in: box) { _ throws in
                #expect(try box.json("verify")["ok"] == true)
                #expect(try box.jsonList("dispatches").compactMap { $0["id"].number }.sorted() == ids)
            }
            #expect(kills >= least)
            #expect(try box.enqueue(shell: "true") == 4)
            #expect(names(in: box.store).filter { $0.contains("new") } == [])
        }
    }

    /// Many small transactions leave free pages behind.
    private func fill(_ box: Box) throws {
        let input = String(repeating: "{\"command\": [\"true\"], \"queue\": \"none\"}\n", count: 2_000)
        let filled = try box.run(program: [Box.command, "enqueue", "--stdin"], input: input)
        guard filled.status == 0 else { throw TestFailure(filled.errors) }
        for id in 1...5 { try box.succeed("cancel", "\(id)") }
    }
}

import Glibc
import Testing

@Suite struct `A backup` {
    @Test func `is a sound store of one moment, made while workers and clients write`() async throws {
        try await withBox { box in
            try box.succeed("add", "tick", "--every", "1s", "--", "true")
            _ = try box.start("scheduler")
            let workers = [try box.startWorker("--slots", "4"), try box.startWorker("--slots", "4")]
            let lines = String(repeating: "{\"command\": [\"true\"]}\n", count: 3_000)
            let client = try box.start(program: [Box.command, "enqueue", "--stdin"], input: lines)
            var last = 0
            for number in 1...4 {
                let copy = "copy-\(number)"
                let told = try JSONValue(box.succeed("backup", copy, "--json"))
                #expect(try box.succeed("verify", "--store", copy).hasSuffix("no fault\n"))
                let status = try JSONValue(box.succeed("status", "--store", copy, "--json"))
                #expect(status["seq"] == told["seq"])
                #expect(try told["bytes"].number == readBytes("\(box.path(copy))/data.mdb").count)
                #expect(try #require(told["seq"].number) >= last)
                last = try #require(told["seq"].number)
                #expect(names(in: box.path(copy)) == ["bell", "data.mdb", "lock.mdb", "open.lock"])
            }
            #expect(try client.wait() == .exited(0))
            for worker in workers { #expect(!worker.hasEnded) }
            #expect(names(in: box.folder).filter { $0.contains(".new-") } == [])
        }
    }

    /// The copy is of the same boot, and knows the same processes by the same numbers.
    @Test func `runs again what ran when it was made, and leaves the original alone`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            let id = try box.enqueue(shell: "echo $$ >> \(box.path("processes")); read line <\(gate.path); echo done")
            let worker = try box.startWorker("--name", "first")
            try box.until("it runs") { try box.lines(of: "processes").count == 1 }
            try box.succeed("backup", "copy")
            #expect(try copied(box, id)["state"] == "IN_PROGRESS")

            // Opened for writing, the copy finds that its worker is none of this store.
            #expect(try box.run("resume", "none", "--store", "copy").status == 4)
            #expect(try copied(box, id)["state"] == "PENDING")
            #expect(try isAlive(box.lines(of: "processes")[0]))
            #expect(try box.dispatch(id)["state"] == "IN_PROGRESS")
            #expect(try !box.succeed("workers", "--store", "copy").contains("online"))

            let other = try box.start("worker", "--store", "copy", "--name", "second")
            try box.until("it runs in the copy too") { try box.lines(of: "processes").count == 2 }
            try box.succeed("cancel", "\(id)", "--store", "copy")
            try other.waitForLine("CANCELLED")
            #expect(try isAlive(box.lines(of: "processes")[0]))
            #expect(try box.succeed("workers").contains("first") && !box.succeed("workers").contains("second"))
            try gate.release()
            try box.succeed("logs", "\(id)", "--follow")
            #expect(try box.dispatch(id)["state"] == "SUCCESS")
            #expect(try copied(box, id)["state"] == "CANCELLED")
            #expect(!worker.hasEnded && !other.hasEnded)
            #expect(try box.succeed("verify", "--store", "copy").hasSuffix("no fault\n"))
        }
    }

    private func copied(_ box: Box, _ id: Int) throws -> JSONValue {
        try JSONValue(box.succeed("dispatch", "\(id)", "--store", "copy", "--json"))
    }

    @Test func `is refused where something is, which stays as it was`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            try box.succeed("backup", "copy")
            try box.write("mine\n", to: "file")
            mkdir(box.path("folder"), 0o755)
            try box.write("mine\n", to: "folder/file")
            for place in ["copy", "file", "folder", "store"] {
                let before = try Listing(box.path(place))
                let refused = try box.run("backup", place)
                #expect(refused.status == 3 && isOneSentence(refused.errors), "\(refused.errors)")
                #expect(try Listing(box.path(place)).changes(since: before) == [])
            }
            mkdir(box.path("empty"), 0o755)
            #expect(try box.succeed("backup", "empty").contains("everything up to seq 1"))
            #expect(try box.run("backup", "none/copy").status != 0)
            #expect(try box.run("backup", "other", "--store", "none").status == 66)
            #expect(names(in: box.folder).filter { $0.contains(".new-") || $0 == "other" } == [])
        }
    }

    @Test func `leaves nothing behind where there is no room for it`() async throws {
        try await withBox { box in
            let line = "{\"command\": [\"true\"], \"stdin\": \"\(String(repeating: "x", count: 3_000))\"}\n"
            let filled = try box.run(
                program: [Box.command, "enqueue", "--stdin"], input: String(repeating: line, count: 300))
            #expect(filled.status == 0, "\(filled.errors)")
            let refused = try box.run(program: [
                "/bin/sh", "-c", "ulimit -f 512; exec '\(Box.command)' backup copy",
            ])
            #expect(refused.status == 75 && isOneSentence(refused.errors), "\(refused.ending) \(refused.errors)")
            #expect(names(in: box.folder).filter { $0.hasPrefix("copy") } == [])
            try box.succeed("backup", "copy")
        }
    }

    @Test(
        .enabled(if: Kills.canTrace, "strace is not installed"),
        arguments: [("mkdir", 1), ("fsync", 2), ("rename", 1), ("write", 1)])
    func `that is killed has no name, or is whole`(_ call: String, _ least: Int) async throws {
        try await withBox { box in
            for _ in 0..<3 { try box.succeed("enqueue", "--", "true") }
            let kills = try Kills.eachCall(call, of: ["backup", "copy"], in: box) { isDone throws in
                let isThere = access(box.path("copy"), F_OK) == 0
                #expect(isThere || !isDone)
                guard isThere else { return }
                #expect(try box.succeed("verify", "--store", "copy").hasSuffix("no fault\n"))
                removeTree(box.path("copy"))
            }
            #expect(kills >= least)
        }
    }
}

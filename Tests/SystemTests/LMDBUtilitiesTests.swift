// What LMDB's own tools make of a store, and we of what they make.
import Glibc
import Testing

@Suite(.enabled(if: access("/usr/bin/mdb_dump", X_OK) == 0, "Debian's lmdb-utils is not installed"))
struct `The tools of LMDB` {
    @Test func `show a store, while a worker has it open`() async throws {
        try await withBox { box in
            let worker = try box.startWorker()
            let id = try box.enqueue(shell: "echo seen")
            try box.succeed("logs", "\(id)", "--follow")
            let shown = try box.run(program: ["/usr/bin/mdb_stat", "-a", "-e", "-r", box.store])
            #expect(shown.status == 0, "\(shown.errors)")
            for words in ["Environment Info", "Status of dispatches", "Status of events"] {
                #expect(shown.output.contains(words), "\(shown.output)")
            }
            #expect(!worker.hasEnded)
            #expect(try box.enqueue(shell: "true") == id + 1)
        }
    }

    @Test func `dump it and load it, and what they have loaded is a store`() async throws {
        try await withBox { box in
            try runSomething(box)
            let before = try box.jsonList("dispatches")
            let dumped = try box.run(program: ["/usr/bin/mdb_dump", "-a", "-f", "dumped", box.store])
            #expect(dumped.status == 0, "\(dumped.errors)")
            mkdir(box.path("loaded"), 0o750)
            let loaded = try box.run(program: ["/usr/bin/mdb_load", "-f", "dumped", "loaded"])
            #expect(loaded.status == 0, "\(loaded.errors)")
            #expect(names(in: box.path("loaded")) == ["data.mdb", "lock.mdb"])
            try expectStore(box, "loaded", before)
        }
    }

    @Test func `copy it, and what they have copied is a store`() async throws {
        try await withBox { box in
            try runSomething(box)
            let before = try box.jsonList("dispatches")
            mkdir(box.path("copied"), 0o750)
            let copied = try box.run(program: ["/usr/bin/mdb_copy", "-c", box.store, "copied"])
            #expect(copied.status == 0, "\(copied.errors)")
            #expect(names(in: box.path("copied")) == ["data.mdb"])
            try expectStore(box, "copied", before)
        }
    }

    /// They know nothing of `open.lock`.
    @Test func `are seen when they have a store open that is to be replaced`() async throws {
        try await withBox { box in
            try runSomething(box)
            let pipe = try box.makeFifo("pipe")
            let before = try readBytes(box.store + "/data.mdb")
            // More than a pipe holds, so that it stands still with the store open.
            let input = String(repeating: "{\"command\": [\"true\"], \"queue\": \"none\"}\n", count: 2_000)
            #expect(try box.run(program: [Box.command, "enqueue", "--stdin"], input: input).status == 0)
            let dumping = try box.start(program: ["/usr/bin/mdb_dump", "-a", "-f", pipe.path, box.store])
            try pipe.waitForText()
            let refused = try box.run("compact")
            #expect(refused.status == 75 && isOneSentence(refused.errors), "\(refused.errors)")
            #expect(refused.errors.contains("process \(dumping.pid) (mdb_dump)"), "\(refused.errors)")
            #expect(try readBytes(box.store + "/data.mdb") != before)
            dumping.end()
            try box.succeed("compact")
        }
    }

    private func runSomething(_ box: Box) throws {
        try box.succeed("add", "tick", "--every", "1h", "--", "true")
        let worker = try box.startWorker()
        let id = try box.enqueue(shell: "echo kept")
        try box.succeed("logs", "\(id)", "--follow")
        worker.signal(SIGTERM)
        #expect(try worker.wait() == .exited(0))
    }

    private func expectStore(_ box: Box, _ folder: String, _ dispatches: [JSONValue]) throws {
        #expect(try box.succeed("verify", "--store", folder).hasSuffix("no fault\n"))
        let lines = try box.succeed("dispatches", "--store", folder, "--json").split(separator: "\n")
        #expect(try lines.map { try JSONValue($0) } == dispatches)
        #expect(try box.succeed("logs", "1", "--store", folder) == "kept\n")
        let worker = try box.start("worker", "--store", folder)
        try worker.waitForLine("online:")
        let id = try box.number(of: box.succeed("enqueue", "--store", folder, "--shell", "echo more"))
        #expect(try box.succeed("logs", "\(id)", "--follow", "--store", folder) == "more\n")
        #expect(try box.succeed("verify", "--store", folder).hasSuffix("no fault\n"))
    }
}

import Glibc
import LMDBEngine
import OrderedStore
import SignalboxStore
import Testing

/// Method: what is restored is never the box's own store, which the box verifies at its end; so each test verifies what it
/// has restored.
@Suite struct `A restored dump` {
    /// Something of most kinds: what has run, failed, waits and is held, and a job.
    private func fill(_ box: Box) throws {
        try box.succeed("add", "nightly", "--cron", "0 4 * * *", "--env", "API_TOKEN=hidden", "--", "echo", "night")
        try box.succeed("run", "nightly")
        let failing = try box.enqueue(shell: "echo said; exit 64")
        try box.succeed("enqueue", "--unique", "photo-7", "--delay", "1h", "--", "true")
        try box.succeed("enqueue", "--after", "\(failing)", "--on-parent-fail", "wait", "--", "true")
        let worker = try box.startWorker()
        try box.succeed("logs", "\(failing)", "--follow")
        worker.signal(SIGTERM)
        #expect(try worker.wait() == .exited(0))
        try box.succeed("requeue", "\(failing)")
    }

    /// What lies beside the store and has a name that begins so.
    private func names(_ beginning: String, in box: Box) -> [String] {
        SystemTests.names(in: box.folder).filter { $0.hasPrefix(beginning) }
    }

    @Test func `from a file or from standard input is the same store, and dumps the same`() async throws {
        try await withBox { box in
            try fill(box)
            try box.succeed("dump", "--secrets", "first")
            try box.succeed("restore", "first", "--into", "copy")
            let again = try box.run(
                program: [Box.command, "restore", "-", "--into", "other"], input: readFile(box.path("first")))
            #expect(again.status == 0, "\(again.errors)")
            for copy in ["copy", "other"] {
                let verified = try box.run("verify", "--store", copy)
                #expect(verified.status == 0, "\(verified.output)")
                try box.succeed("dump", "--secrets", "--store", copy, "second-\(copy)")
                #expect(try readBytes(box.path("second-\(copy)")) == readBytes(box.path("first")))
            }
            #expect(try box.succeed("logs", "2", "--store", "copy") == "said\n")
            // It goes on where the original was.
            #expect(try box.succeed("enqueue", "--store", "copy", "--", "true") == "6\n")
        }
    }

    @Test func `that was cut or altered anywhere is refused with the line, and leaves nothing`() async throws {
        try await withBox { box in
            try fill(box)
            try box.succeed("dump", "--secrets", "whole")
            let whole = try readBytes(box.path("whole"))
            let seed = UInt64.random(in: 0...(.max))
            var generator = SeededNumbers(seed: seed, number: 0)
            var broken = whole.indices.filter { whole[$0] == UInt8(ascii: "\n") }.dropLast().map { Array(whole[...$0]) }
            broken = broken.shuffled(using: &generator).prefix(12) + [Array(whole.dropLast()), []]
            for _ in 0..<20 {
                var bytes = whole
                let place = bytes.indices.randomElement(using: &generator) ?? 0
                bytes[place] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
                broken.append(bytes)
            }
            let lines = whole.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
            let doubled = lines[...3] + lines[3...]
            broken.append(Array(doubled.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")])
            broken.append(whole + whole)
            for bytes in broken {
                try writeBytes(box.path("broken"), bytes)
                let finished = try box.run("restore", "broken", "--into", "copy")
                #expect(finished.status == 65, "\(seed): \(finished.errors)")
                #expect(finished.errors.hasPrefix("signalbox: broken: line "), "\(seed): \(finished.errors)")
                #expect(names("copy", in: box) == [], "\(seed)")
            }
        }
    }

    @Test func `whose restore is killed in the middle has no name`() async throws {
        try await withBox { box in
            try fill(box)
            try box.succeed("dump", "--secrets", "whole")
            let gate = try box.makeFifo("gate")
            let restore = try box.start("restore", "gate", "--into", "copy")
            let whole = try readFile(box.path("whole"))
            try gate.write(String(whole.prefix(whole.count / 2)))
            try box.until("something is made") { names("copy.new-", in: box).count == 1 }
            restore.end()
            #expect(access(box.path("copy"), F_OK) != 0)
            try box.succeed("restore", "whole", "--into", "copy")
        }
    }

    /// Method: the original's worker runs a command that waits; the restored store is in the same boot, on the same machine,
    /// and has the same name.
    @Test func `counts what was running as lost, and leaves the living original alone`() async throws {
        try await withBox { box in
            let gate = try box.makeFifo("gate")
            _ = try box.startWorker()
            let id = try box.enqueue(
                shell: "echo $$ >>\(box.path("pids")); echo begun; read line <\(gate.path); echo done")
            let follower = try box.start("logs", "\(id)", "--follow")
            try follower.waitForOutput("begun\n")
            try box.succeed("dump", "whole")
            try box.succeed("restore", "whole", "--into", "copy")
            try box.succeed("dump", "--store", "copy", "again")
            #expect(try readBytes(box.path("again")) == readBytes(box.path("whole")))
            // The first that opens it for writing.
            let opened = try box.run("pause", "nobody", "--store", "copy")
            #expect(opened.errors.contains("dispatch \(id)"), "\(opened.errors)")
            let copied = try box.json("dispatch", "\(id)", "--store", "copy")
            #expect(copied["state"] == "PENDING")
            #expect(copied["reason"] == "worker_died")
            #expect(copied["crashes"] == 1)
            #expect(try box.succeed("logs", "\(id)", "--store", "copy") == "")
            #expect(try box.jsonList("workers", "--store", "copy")[0]["state"] == "dead")
            // A worker of the copy begins it anew, and is killed with its command; the original's command lives.
            let other = try box.startWorker("--store", "copy")
            try box.until("both run") { try box.lines(of: "pids").count == 2 }
            other.end()
            try box.succeed("enqueue", "--store", "copy", "--", "true")
            let pids = try box.lines(of: "pids")
            let areAlive = try pids.map(isAlive)
            #expect(areAlive == [true, false])
            #expect(try box.dispatch(id)["state"] == "IN_PROGRESS")
            try gate.release()
            #expect(try follower.wait() == .exited(0))
            #expect(try follower.output() == "begun\ndone\n")
            #expect(try box.dispatch(id)["state"] == "SUCCESS")
            #expect(try box.run("verify", "--store", "copy").status == 0)
        }
    }

    @Test func `says what a file is that is no dump, and what is wrong with a place, each with the way out`()
        async throws
    {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            try box.succeed("dump", "--secrets", box.path("dump"))
            #expect(try box.run(program: ["/bin/sh", "-c", "gzip -k '\(box.path("dump"))'"]).status == 0)
            let cases: [([String], Int32, String)] = [
                (["restore", box.path("dump.gz"), "--into", "x"], 65, "gzip -dc FILE | signalbox restore -"),
                (["restore", box.store + "/data.mdb", "--into", "x"], 65, "the data file of a store"),
                (["restore", box.path("dump"), "--into", box.store], 3, box.store),
                (["restore", box.path("dump"), "--into", ""], 64, "is empty"),
                (["restore", box.path("dump"), "--into", box.path("none/x")], 74, "make that first"),
                (["backup", ""], 64, "is empty"), (["backup", box.path("none/x")], 74, "make that first"),
                (["dump", ""], 64, "is empty"), (["prune", "--job", "none"], 4, "no job \"none\""),
            ]
            for (words, status, text) in cases {
                let refused = try box.run(program: [Box.command] + words)
                #expect(refused.status == status && refused.errors.contains(text), "\(words): \(refused.errors)")
            }
            #expect(access(box.path("x"), F_OK) != 0)
        }
    }

    @Test func `takes the place of an empty store only, and of one that nobody has open`() async throws {
        try await withBox { box in
            try fill(box)
            try box.succeed("dump", "--secrets", "whole")
            let full = try box.run("restore", "whole")
            #expect(full.status == 3 && full.errors.contains("has jobs or dispatches"), "\(full.errors)")
            try box.succeed("enqueue", "--store", "copy", "--", "true")
            #expect(try box.run("restore", "whole", "--into", "copy").status == 3)
            let worker = try box.startWorker("--store", "idle")
            let used = try box.run("restore", "whole", "--into", "idle")
            #expect(used.status == 75 && used.errors.contains("process \(worker.pid)"), "\(used.errors)")
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
            try box.succeed("restore", "whole", "--into", "idle")
            #expect(try box.run("verify", "--store", "idle").status == 0)
            #expect(try box.json("dispatch", "2", "--store", "idle")["state"] == "FAILED")
            try box.write("x", to: "file")
            #expect(try box.run("restore", "whole", "--into", "file").status == 3)
            #expect(try box.run("restore", "missing", "--into", "new").status == 65)
            #expect(names("new", in: box) == [])
        }
    }

    @Test func `that was made without secrets says whose values are lost`() async throws {
        try await withBox { box in
            try fill(box)
            try box.succeed("dump", "whole")
            let restored = try box.run("restore", "whole", "--into", "copy")
            #expect(restored.status == 0)
            #expect(restored.errors.contains("of the jobs nightly"), "\(restored.errors)")
            #expect(try box.run("verify", "--store", "copy").status == 0)
        }
    }
}

@Suite struct `Repairing a store` {
    @Test func `mends its indexes, says what, and leaves it as it was`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let sound = try box.succeed("verify")
            try box.change { store, buckets in
                for bucket in buckets where ["dispatch.ready", "counters"].contains(bucket.name) {
                    try store.write { transaction in
                        var keys: [[UInt8]] = []
                        try transaction.scan(bucket, .all, .ascending) { key, _ in
                            keys.append(key.indices.map { key[$0] })
                            return .next
                        }
                        for key in keys { try transaction.delete(key.span, in: bucket) }
                    }
                }
            }
            #expect(try box.run("verify").status == 1)
            let mended = try box.run("verify", "--repair")
            #expect(mended.status == 0)
            #expect(mended.output.contains("mended: dispatch.ready lacks dispatch 1 ("), "\(mended.output)")
            #expect(mended.output.contains("mended: the counter of PENDING in the queue"), "\(mended.output)")
            #expect(try box.succeed("verify") == sound)
            #expect(try box.json("verify", "--repair")["mended"] == .list([]))
        }
    }

    @Test func `that has lost a record changes nothing, and names the way out`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            try box.change { store, buckets in
                let bucket = try #require(buckets.first { $0.name == "requests" })
                let key: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1]
                try store.write { try $0.put(key.span, key.span, in: bucket) }
            }
            let before = try readBytes("\(box.store)/data.mdb")
            let refused = try box.run("verify", "--repair")
            #expect(refused.status == 74 && refused.errors.contains("dump --salvage"), "\(refused.errors)")
            #expect(try readBytes("\(box.store)/data.mdb") == before)
            removeTree(box.store)
        }
    }
}

extension Box {
    /// Changes the store below every rule.
    fileprivate func change(_ body: (Environment, [Bucket]) throws -> Void) throws {
        try body(try Environment.open(at: store, buckets: Buckets.all, access: .readWrite), Buckets.all)
    }
}

private func writeBytes(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw TestFailure("\(path): \(errnoText())") }
    defer { close(descriptor) }
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw TestFailure("\(path): \(errnoText())") }
}

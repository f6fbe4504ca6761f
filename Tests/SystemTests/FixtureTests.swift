// A store of this format as a release has written it, kept for all later ones (tools/fixture-store). Whoever changes the
// layout and forgets to raise the format meets it here.
import Glibc
import Testing

@Suite struct `The store of a release` {
    private static let folder =
        #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Fixtures/format-7"

    @Test func `is sound, shows what it showed then, and is worked on`() async throws {
        try await withBox { box in
            try unpackStore(in: box)
            #expect(try box.json("verify")["ok"] == true)
            try expectShown(box)
            // What ran then is lost, and a worker goes on.
            let worker = try box.startWorker("--queues", "fast")
            let id = try box.number(of: box.succeed("enqueue", "--queue", "fast", "--shell", "echo after all"))
            #expect(try box.succeed("logs", "\(id)", "--follow") == "after all\n")
            try box.succeed("run", "said", "--wait")
            #expect(try box.jsonList("dispatches", "--state", "SUCCESS").count == 4)
            #expect(try box.jsonList("dispatches", "--state", "IN_PROGRESS") == [])
            worker.signal(SIGTERM)
            #expect(try worker.wait() == .exited(0))
        }
    }

    /// Whoever changes the form of dumps, and does not raise its version, meets it here.
    @Test func `is dumped as it was then, and that dump makes the same store again`() async throws {
        try await withBox { box in
            try unpackStore(in: box)
            let kept = box.path("kept.jsonl")
            try unpack("dump.jsonl.gz", to: kept, in: box)
            try box.succeed("dump", "--secrets", box.path("now.jsonl"))
            #expect(try readBytes(box.path("now.jsonl")) == readBytes(kept))
            try box.succeed("restore", kept, "--into", "restored")
            try box.succeed("dump", "--secrets", "--store", "restored", box.path("again.jsonl"))
            #expect(try readBytes(box.path("again.jsonl")) == readBytes(kept))
            #expect(try box.json("verify", "--store", "restored")["ok"] == true)
        }
    }

    private func unpackStore(in box: Box) throws {
        mkdir(box.store, 0o750)
        try unpack("data.mdb.gz", to: "\(box.store)/data.mdb", in: box)
    }

    private func unpack(_ name: String, to path: String, in box: Box) throws {
        let unpacked = try box.run(program: ["/bin/sh", "-c", "gzip -dc '\(Self.folder)/\(name)' >'\(path)'"])
        #expect(unpacked.status == 0, "\(unpacked.errors)")
    }

    /// Each command of the kept file, and the lines of JSON it printed: every field must be there with its value. There
    /// may be more.
    private func expectShown(_ box: Box) throws {
        var (command, kept) = ("", [JSONValue]())
        var count = 0
        let text = try readFile("\(Self.folder)/shown.txt") + "end\n"
        for line in text.split(separator: "\n") {
            if line.hasPrefix("{") {
                kept.append(try JSONValue(line))
                continue
            }
            if !command.isEmpty {
                let words = command.split(separator: " ").map(String.init)
                let printed = try box.run(program: [Box.command] + words + ["--json"])
                let shown = try printed.output.split(separator: "\n").map { try JSONValue($0) }
                #expect(shown.count == kept.count, "\(command): \(printed.errors)")
                for (now, then) in zip(shown, kept) { #expect(now.holds(then), "\(command): \(now), not \(then)") }
                count += 1
            }
            (command, kept) = (String(line), [])
        }
        #expect(count > 20)
    }
}

extension JSONValue {
    /// Whether it has everything that `other` has.
    fileprivate func holds(_ other: JSONValue) -> Bool {
        switch (self, other) {
        case (.object, .object): other.names.allSatisfy { self[$0].holds(other[$0]) }
        case (.list(let list), .list(let others)):
            list.count == others.count && zip(list, others).allSatisfy { $0.holds($1) }
        default: self == other
        }
    }
}

// What `signalbox dump` does as a process: beside others that write, to files, pipes and full disks.
import Glibc
import Testing

@Suite struct `signalbox dump` {
    @Test func `is one snapshot while a worker and clients write`() async throws {
        try await withBox { box in
            let lines = (1...300).map { #"{"command": ["true"], "queue": "q", "priority": \#($0 % 256)}"# }
            try box.run(program: [Box.command, "enqueue", "--stdin"], input: lines.joined(separator: "\n"))
            let worker = try box.startWorker("--queues", "q", "--slots", "4")
            for round in 0..<5 {
                let client = try box.start(
                    program: [Box.command, "enqueue", "--stdin"], input: lines.joined(separator: "\n"))
                try box.succeed("dump", box.path("dump-\(round)"))
                _ = try client.wait()
                let dump = try Dumped(box.path("dump-\(round)"))
                // What the store counts is what there is.
                let counted = dump.all("meta").first { $0["name"] == "state" }?["dispatches"]
                var found: [String: Int] = [:]
                for dispatch in dump.all("dispatch") { found[dispatch["state"].text ?? "", default: 0] += 1 }
                for state in ["SCHEDULED", "PENDING", "IN_PROGRESS", "SUCCESS", "FAILED"] {
                    #expect(counted?[state].number == found[state, default: 0], "\(state)")
                }
                #expect(dump.all("request").count == dump.all("dispatch").count)
            }
            worker.signal(SIGTERM)
            try worker.wait()
        }
    }

    @Test func `says the same twice, in a file that only its owner reads and on standard output`() async throws {
        try await withBox { box in
            try box.succeed("add", "nightly", "--cron", "0 4 * * *", "--", "true")
            let shown = try box.succeed("dump")
            try box.succeed("dump", box.path("file"))
            try box.succeed("dump", box.path("file"))
            #expect(try readFile(box.path("file")) == shown)
            var status = stat()
            #expect(stat(box.path("file"), &status) == 0 && status.st_mode & 0o777 == 0o600)
            let end = try box.run(program: ["/bin/sh", "-c", "head -n -1 file | sha256sum"])
            #expect(try Dumped(box.path("file")).footer["sha256"].text == String(end.output.prefix(64)))
        }
    }

    @Test func `takes a part of the store`() async throws {
        try await withBox { box in
            for job in ["a", "b"] { try box.succeed("add", job, "--manual", "--", "echo", job) }
            try box.succeed("run", "b")
            try box.succeed("run", "a")
            try box.succeed("enqueue", "--after", "1", "--", "true")
            let worker = try box.startWorker()
            try box.until("all have run") { try box.json("status")["dispatches"]["SUCCESS"] == 3 }
            worker.signal(SIGTERM)
            try worker.wait()
            try box.succeed("run", "a")
            try box.succeed("dump", "--job", "a", box.path("job"))
            let job = try Dumped(box.path("job"))
            #expect(job.all("job").map { $0["name"] } == ["a"])
            #expect(job.all("dispatch").map { $0["id"] } == [2, 4])
            #expect(job.all("attempt").map { $0["dispatch"] } == [2])
            #expect(job.all("output").count == 1)
            #expect(
                Set(
                    job.all("event").flatMap { event in
                        (0..<event["changes"].count).map { event["changes"][$0]["id"].number }
                    })
                    == [2, 4])
            try box.succeed("dump", "--since", "2100-01-01", box.path("since"))
            let since = try Dumped(box.path("since"))
            // What waits is always there, and what has ended long before is not.
            #expect(since.all("dispatch").map { $0["id"] } == [4])
            #expect(since.all("job").count == 2)
            #expect(try box.run("dump", "--job", "nobody").status == 4)
        }
    }

    @Test func `ends quietly when nobody reads on, and names a file that cannot be written`() async throws {
        try await withBox { box in
            let lines = Array(repeating: #"{"shell": "true"}"#, count: 3000).joined(separator: "\n")
            try box.run(program: [Box.command, "enqueue", "--stdin"], input: lines)
            let closed = try box.run(
                program: ["/bin/bash", "-c", "\(Box.command) dump | head -n 1; echo ${PIPESTATUS[0]}"])
            #expect(closed.errors == "")
            #expect(closed.output.hasSuffix("\n0\n") || closed.output.hasSuffix("\n141\n"), "\(closed.output)")
            let folder = try box.run("dump", box.folder)
            #expect(folder.status == 64 && folder.errors.contains("is a folder"))
            let missing = try box.run("dump", box.path("none/file"))
            #expect(missing.status == 74 && missing.errors.contains("No such file"), "\(missing.errors)")
            #expect(try box.run("dump", "/dev/full").errors.contains("No space left on device"))
            #expect(try box.run("dump", "/dev/null").status == 0)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can mount a small disk"))
    func `leaves nothing on a full disk, and what lay there stays`() async throws {
        try await withBox { box in
            let lines = (0..<3000).map { #"{"shell": "true", "unique": "\#($0)"}"# }.joined(separator: "\n")
            let disk = box.path("disk")
            mkdir(disk, 0o755)
            let mounted = try box.run(
                program: ["/usr/bin/mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk])
            guard mounted.status == 0 else { try Test.cancel("this machine does not permit mounts: \(mounted.errors)") }
            defer { _ = try? box.run(program: ["/usr/bin/umount", "--lazy", disk]) }
            try box.succeed("enqueue", "--", "true")
            try box.succeed("dump", "\(disk)/dump")
            let before = try readFile("\(disk)/dump")
            try box.run(program: [Box.command, "enqueue", "--stdin"], input: lines)
            let full = try box.run("dump", "\(disk)/dump")
            #expect(
                full.status == 75 && full.errors.contains("No space left on device; no dump was made"), "\(full.errors)"
            )
            #expect(names(in: disk) == ["dump"])
            #expect(try readFile("\(disk)/dump") == before)
        }
    }

    @Test func `has none of the secrets that the page hides, unless asked`() async throws {
        try await withBox { box in
            try box.succeed(
                "add", "call", "--manual", "--env", "API_TOKEN=hush-1", "--env", "PLAIN=seen", "--", "curl",
                "--password=hush-2")
            try box.succeed("run", "call")
            try box.succeed("enqueue", "--shell", "MY_SECRET=hush-3 work --key hush-4")
            let shown = try box.succeed("dump")
            #expect(!shown.contains("hush") && shown.contains("seen"))
            let all = try box.succeed("dump", "--secrets")
            for number in 1...4 { #expect(all.contains("hush-\(number)")) }
        }
    }
}

/// The lines of a dump.
private struct Dumped {
    let lines: [JSONValue]
    var footer: JSONValue { lines[lines.count - 1] }

    init(_ path: String) throws {
        lines = try readFile(path).split(separator: "\n").map { try JSONValue(String($0)) }
        guard lines.first?["kind"] == "header", lines.last?["kind"] == "footer" else {
            throw TestFailure("\(path) has no header, or no footer")
        }
    }

    func all(_ kind: String) -> [JSONValue] { lines.filter { $0["kind"] == .text(kind) } }
}

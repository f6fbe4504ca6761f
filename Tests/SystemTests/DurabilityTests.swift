import Glibc
import Testing

@Suite struct `The durability of a store` {
    private static let strace = "/usr/bin/strace"

    /// LMDB has the data file open twice: what makes a commit count is written through the one that waits for the disk,
    /// or with NOMETASYNC through the other. The pages before it are flushed in either case.
    @Test(.enabled(if: access(strace, X_OK) == 0, "strace is not installed"))
    func `is followed by a running worker at once: two waits for the disk a commit, or one`() async throws {
        try await withBox { box in
            try box.succeed("enqueue", "--", "true")
            let worker = try box.startWorker()
            try worker.waitForLine("attempt 1: SUCCESS")
            for (level, waits) in [("full", true), ("relaxed", false), ("full", true)] {
                #expect(try durability(of: box.succeed("settings", "--durability", level)) == level)
                let trace = try commits(of: worker, in: box)
                let flushes = trace.count { $0.contains("fdatasync(") }
                let waiting = try descriptor(of: worker, in: box)
                let waited = trace.count { $0.contains("pwrite64(\(waiting),") }
                #expect(flushes >= 2, "the worker claimed and finished one: \(trace)")
                #expect(waited == (waits ? flushes : 0), "\(level): \(trace)")
            }
        }
    }

    /// The system calls with which the worker, while it runs something, writes the store.
    private func commits(of worker: ChildProcess, in box: Box) throws -> [String] {
        let tracer = try box.start(
            program: [Self.strace, "-f", "-e", "trace=pwrite64,fdatasync", "-p", "\(worker.pid)"])
        do { try tracer.waitForLine("attached") } catch {
            guard try tracer.errors().contains("not permitted") else { throw error }
            try Test.cancel("this machine does not permit strace to attach")
        }
        try box.succeed("enqueue", "--", "true")
        try worker.waitForLine("attempt 1: SUCCESS")
        tracer.signal(SIGINT)
        try tracer.wait()
        return try tracer.errors().split(separator: "\n").map(String.init)
    }

    /// The worker's descriptor of the data file whose writes wait for the disk.
    private func descriptor(of worker: ChildProcess, in box: Box) throws -> String {
        let folder = "/proc/\(worker.pid)"
        let found = names(in: folder + "/fd").filter { name in
            guard let path = realpath("\(folder)/fd/\(name)", nil) else { return false }
            defer { free(path) }
            guard String(cString: path) == box.store + "/data.mdb",
                let line = try? readFile("\(folder)/fdinfo/\(name)").split(separator: "\n").first(where: {
                    $0.hasPrefix("flags:")
                }), let flags = Int32(line.dropFirst(6).filter(\.isNumber), radix: 8)
            else { return false }
            return flags & O_DSYNC != 0
        }
        return try #require(found.count == 1 ? found.first : nil, "\(found)")
    }

    @Test func `is a setting of the store, full unless somebody says relaxed`() async throws {
        try await withBox { box in
            #expect(try box.run("settings").status == 66)
            try box.succeed("enqueue", "--", "true")
            #expect(try box.json("settings")["durability"] == "full")
            #expect(try box.json("settings", "--durability", "relaxed")["durability"] == "relaxed")
            #expect(try durability(of: box.succeed("settings")) == "relaxed")
            for level in ["volatile", "none", "FULL", ""] {
                #expect(try box.run("settings", "--durability", level).status == 64)
            }
            #expect(try box.json("settings")["durability"] == "relaxed")
            try box.succeed("enqueue", "--", "true")
        }
    }
}

/// What the first line of the settings says.
private func durability(of settings: String) -> String? {
    let words = settings.split(separator: "\n").first?.split(separator: " ") ?? []
    return words.first == "durability" ? words.last.map(String.init) : nil
}

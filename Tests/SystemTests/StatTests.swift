import Glibc
import Testing

@Suite struct `signalbox stat` {
    @Test func `shows the store's size and room, its buckets and what was written today`() async throws {
        try await withBox { box throws in
            for _ in 0..<3 { try box.succeed("enqueue", "--", "true") }
            let stat = try box.json("stat")
            #expect(stat["store"].text == box.store)
            #expect(stat["durability"] == "full" && stat["level"] == "normal")
            #expect(stat["map_bytes"] == 16_777_216 && stat["maximum_bytes"] == 17_179_869_184)
            let (size, used, free) = (stat["page_size"].number, stat["pages_used"].number, stat["pages_free"].number)
            #expect((size ?? 0) >= 4096 && (used ?? 0) > 10 && (free ?? -1) >= 0, "\(stat)")
            #expect(stat["pages_kept"] == 0)
            #expect((stat["file_bytes"].number ?? 0) > 0 && (stat["disk_free_bytes"].number ?? 0) > 0)
            #expect(stat["writer"] == .null && stat["readers"] == .list([]))
            // The store's own first commits are among them; at midnight the count begins anew.
            #expect((stat["today"]["commits"].number ?? 0) > 0)
            guard case .list(let buckets) = stat["buckets"] else { throw TestFailure("no list of buckets: \(stat)") }
            let requests = buckets.first { $0["name"] == "requests" }
            #expect(requests?["entries"] == 3 && requests?["pages"] == 1 && requests?["depth"] == 1)
            try box.succeed("settings", "--durability", "relaxed")
            #expect(try box.json("stat")["durability"] == "relaxed")
            let text = try box.succeed("stat")
            for word in ["liblmdb 0.9.", "16 MiB, grows to 16 GiB", "nobody just now", "BUCKET", "dispatch.by-state"] {
                #expect(text.contains(word), "\(word): \(text)")
            }
        }
    }

    /// A process that is stopped at any moment, with a snapshot or the writer lock or neither, never keeps it waiting.
    @Test func `waits for nobody`() async throws {
        try await withBox { box throws in
            let worker = try box.startWorker()
            worker.signal(SIGSTOP)
            #expect(try box.json("stat")["level"] == "normal")
            worker.signal(SIGCONT)
        }
    }

    @Test func `says so where there is no store`() async throws {
        try await withBox { box throws in
            #expect(try box.run("stat").status == 66)
        }
    }
}

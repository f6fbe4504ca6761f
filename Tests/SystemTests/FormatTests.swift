// Stores of other versions. What is refused must stay as it is, for the version that made it.
import Glibc
import LMDBEngine
import OrderedStore
@testable import SignalboxStore
import Testing

@Suite struct `A store of another version` {
    private static let formats = [StoreHeader.currentFormat - 1, StoreHeader.currentFormat + 1]

    private static let commands: [[String]] = [
        ["jobs"], ["job", "tick"], ["dispatches"], ["dispatch", "1"], ["logs", "1"], ["workers"], ["queues"],
        ["status"],
        ["stat"], ["verify"], ["verify", "--schedule", ".."], ["why", "tick"], ["next", "tick"], ["watch"],
        ["settings"],
        ["add", "other", "--manual", "--", "true"], ["enqueue", "--", "true"], ["run", "tick"], ["pause", "tick"],
        ["resume", "tick"], ["remove", "tick"], ["cancel", "1"], ["requeue", "1"], ["backup", "copy"], ["compact"],
        ["scheduler"], ["worker"], ["serve", "--listen", "127.0.0.1:0"], ["up", "--listen", "127.0.0.1:0"],
    ]

    @Test(arguments: formats)
    func `is refused by everything in one sentence, and left as it is`(_ format: UInt32) async throws {
        try await withBox { box in
            try box.succeed("add", "tick", "--every", "1h", "--", "true")
            try box.succeed("enqueue", "--", "true")
            try rename(box.store, toFormat: format)
            let before = try Listing(box.store)
            let way = format < StoreHeader.currentFormat ? "an older signalbox made it" : "a newer signalbox made it"
            for command in Self.commands {
                let refused = try box.run(program: [Box.command] + command)
                #expect(refused.status == 74, "\(command): \(refused.ending)")
                #expect(refused.errors.contains("has format \(format), "), "\(command): \(refused.errors)")
                #expect(refused.errors.contains(way), "\(command): \(refused.errors)")
                #expect(isOneSentence(refused.errors) && refused.output == "", "\(command): \(refused.errors)")
            }
            #expect(try Listing(box.store).changes(since: before) == [])
            #expect(access(box.path("copy"), F_OK) != 0)
            try rename(box.store, toFormat: StoreHeader.currentFormat)
        }
    }

    /// Even where it has other buckets: the header is where it has always been.
    @Test func `with other buckets is refused by its number, and gets none of ours`() async throws {
        try await withBox { box in
            try Environment.create(at: box.path("other"), buckets: [Buckets.meta, Bucket(1, "novelty")]) {
                transaction in
                let header = StoreHeader(
                    format: StoreHeader.currentFormat + 1, storeID: String(repeating: "0", count: 32))
                try transaction.keep(header, StoreHeader.key, in: Buckets.meta)
            }
            let before = try Listing(box.path("other"))
            for command in [["jobs"], ["cancel", "1"], ["worker"]] {
                let refused = try box.run(program: [Box.command] + command + ["--store", "other"])
                #expect(refused.status == 74 && isOneSentence(refused.errors), "\(refused.errors)")
                #expect(refused.errors.contains("a newer signalbox made it"), "\(refused.errors)")
            }
            #expect(try Listing(box.path("other")).changes(since: before) == [])
        }
    }

    private func rename(_ store: String, toFormat format: UInt32) throws {
        let engine = try Environment.open(at: store, buckets: Buckets.all, access: .readWrite)
        try engine.write { transaction in
            guard var header = try transaction.fetch(StoreHeader.self, StoreHeader.key, in: Buckets.meta) else {
                throw TestFailure("no header")
            }
            header.format = format
            try transaction.keep(header, StoreHeader.key, in: Buckets.meta)
        }
    }
}

import Glibc
import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

@Suite struct `Readers that were killed inside their snapshots` {
    /// A snapshot keeps every page that is replaced after it: some three in each of these commits, more than 1 GB in all.
    @Test(.timeLimit(.minutes(20)))
    func `do not let the file grow, though a hundred thousand commits follow`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            let store = try Environment.open(
                at: path, buckets: conformanceBuckets, access: .readWrite, durability: .volatile)
            try await onOwnThread { try update(store, 0..<2000) }
            let live = try size(path)
            for round in 1...10 {
                await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                    try dieInsideSnapshot(path)
                }
                try await onOwnThread { try update(store, round * 10_000..<(round + 1) * 10_000) }
            }
            let grown = try size(path)
            #expect(grown <= 2 * live, "\(grown) bytes, after \(live)")
            #expect(try store.readers().filter { $0.process != getpid() } == [])
        }
    }
}

/// Gives one of 1,000 values another content in each of so many commits.
private func update(_ store: Environment, _ numbers: Range<Int>) throws {
    for number in numbers {
        let key = [UInt8(number % 1000 >> 8), UInt8(number % 1000 & 255)]
        try store.write { try $0.put(key, [UInt8](repeating: UInt8(number & 255), count: 1000), in: firstBucket) }
    }
}

private func size(_ path: String) throws -> Int64 {
    var status = stat()
    guard stat(path + "/data.mdb", &status) == 0 else { throw Failure("stat \(path): errno \(errno)") }
    return Int64(status.st_size)
}

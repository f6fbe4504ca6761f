import Glibc
@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Synchronization
import Testing

@Suite struct `A store that grows` {
    @Test func `takes what did not fit its map, and is found again at its size`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/store"
            try Environment.create(at: path, buckets: conformanceBuckets, options: small) { _ in }
            var runs = 0
            do {
                let store = try open(path)
                try store.write { transaction in
                    runs += 1
                    for key in 0..<20 as Range<UInt8> { try transaction.put([key], megabyte(key), in: firstBucket) }
                }
                #expect(try store.information().mapSize == 32 << 20)
            }
            // Doubled from 1 MiB to 32: so often the body did not get through.
            #expect(runs == 6)
            let store = try open(path)
            #expect(try store.information().mapSize == 32 << 20)
            for key in 0..<20 as Range<UInt8> {
                #expect(try store.read { try $0.value([key], in: firstBucket) } == megabyte(key))
            }
        }
    }

    @Test func `grows before a write would have to be done again`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/store"
            try Environment.create(at: path, buckets: conformanceBuckets, options: small) { _ in }
            let store = try open(path)
            var runs = 0
            for key in 0..<100 as Range<UInt8> {
                try store.write { transaction in
                    runs += 1
                    try transaction.put([key], [UInt8](repeating: key, count: 50_000), in: firstBucket)
                }
            }
            #expect(runs == 100)
            #expect(try store.information().mapSize == 8 << 20)
        }
    }

    @Test func `ends at its greatest size, and says so`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/store"
            let options = Environment.Options(initialMapSize: 1 << 20, maximumSize: 3 << 20)
            try Environment.create(at: path, buckets: conformanceBuckets, options: options) { _ in }
            let store = try open(path, options)
            var written = 0 as UInt8
            let error = #expect(throws: EnvironmentError.self) {
                while true {
                    try store.write { try $0.put([written], [UInt8](repeating: 1, count: 100_000), in: firstBucket) }
                    written += 1
                }
            }
            #expect(error?.code == .full)
            #expect(error?.message.contains("of at most 3145728 bytes") == true, "\(error?.message ?? "")")
            #expect(written > 20)
            #expect(try store.information().mapSize == 3 << 20)
            // What made it full is not in it, and room can be made without anybody starting again.
            #expect(try store.read { try $0.entries(firstBucket).count } == Int(written))
            for key in 0..<5 as Range<UInt8> { try store.write { _ = try $0.delete([key], in: firstBucket) } }
            try store.write { try $0.put([written], [UInt8](repeating: 1, count: 100_000), in: firstBucket) }
        }
    }

    /// Threads share a transaction: when it does not fit, what all of them wrote is done again, and none can tell.
    @Test func `does the writes of all threads again that shared the transaction`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/store"
            try Environment.create(at: path, buckets: conformanceBuckets, options: small) { _ in }
            let store = try open(path)
            let right = Mutex(0 as Int)
            try onThreads(8) { thread in
                for step in 0..<8 {
                    let key = [UInt8(thread), UInt8(step)]
                    let count = try store.write { transaction in
                        try transaction.put(key, [UInt8](repeating: key[0], count: 400_000), in: firstBucket)
                        let count = try transaction.count() + 1
                        try transaction.setCount(count, in: firstBucket)
                        return count
                    }
                    right.withLock { $0 += count }
                }
            }
            // Each got a number of its own, so no increment was lost and none done twice.
            #expect(right.withLock { $0 } == 64 * 65 / 2)
            #expect(try store.read { try $0.entries(firstBucket).count } == 65)
        }
    }

    @Test func `grows only as far as its process may have address space, and goes on there`() async throws {
        try await withTemporaryDirectoryAsync { directory in
            let path = directory + "/store"
            try Environment.create(at: path, buckets: conformanceBuckets, options: small) { _ in }
            await #expect(processExitsWith: .success) { [path = path as String] in
                try growInLittleAddressSpace(path)
            }
            #expect(try entryCount(path) > 0)
        }
    }

    /// Three processes write and all of them read until a map of 1 MiB has become one of more than 1 GiB; each follows
    /// whoever was the first to grow it.
    @Test(.timeLimit(.minutes(20)))
    func `grows past a gigabyte under the readers and writers of several processes`() async throws {
        try await withRoomyDirectoryAsync(2 << 30) { directory in
            let path = directory + "/store"
            try Environment.create(at: path, buckets: conformanceBuckets, options: small) { _ in }
            await withTaskGroup { group in
                for writer in 0..<3 as Range<UInt8> {
                    group.addTask {
                        await #expect(processExitsWith: .success) { [path = path as String, writer = writer as UInt8] in
                            try writeAndRead(path, writer)
                        }
                    }
                }
            }
            #expect(try entryCount(path) == Load.total)
            #expect(try open(path).information().mapSize > 1 << 30)
        }
    }
}

@Suite struct `The size of a map` {
    @Test func `doubles, by steps of a gigabyte at most, up to the maximum`() {
        #expect(MapSize.next(after: 16 << 20, maximum: 1 << 40) == 32 << 20)
        #expect(MapSize.next(after: 1 << 30, maximum: 1 << 40) == 2 << 30)
        #expect(MapSize.next(after: 5 << 30, maximum: 1 << 40) == 6 << 30)
        #expect(MapSize.next(after: 5 << 30, maximum: 11 << 29) == 11 << 29)
        #expect(MapSize.next(after: 11 << 29, maximum: 11 << 29) == nil)
    }

    @Test func `is the last known when a store is opened, within the limits`() {
        #expect(MapSize.opening(initial: 16, persisted: nil, maximum: 100) == 16)
        #expect(MapSize.opening(initial: 16, persisted: 64, maximum: 100) == 64)
        #expect(MapSize.opening(initial: 16, persisted: 128, maximum: 100) == 100)
    }

    @Test func `is what can be had, when the one wanted cannot`() {
        for limit in [1 << 20, 5 << 20, 16 << 20, 99 << 20] {
            let size = MapSize.affordable(100 << 20, atLeast: 1 << 20) { $0 <= limit }
            #expect(size.map { $0 <= limit && $0 >= 1 << 20 } == true)
        }
        #expect(MapSize.affordable(100 << 20, atLeast: 1 << 20) { $0 < 1 << 20 } == nil)
        #expect(MapSize.affordable(100 << 20, atLeast: 1 << 20) { _ in true } == 100 << 20)
    }
}

private let small = Environment.Options(initialMapSize: 1 << 20)

private func open(_ path: String, _ options: Environment.Options = small) throws -> Environment {
    try Environment.open(
        at: path, buckets: conformanceBuckets, access: .readWrite, durability: .volatile, options: options)
}

private func megabyte(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 1 << 20) }

private func entryCount(_ path: String) throws -> Int {
    try open(path).information().buckets[firstBucket.index].entries
}

private enum Load {
    static let writes: UInt8 = 90
    static let valuesPerWrite: UInt8 = 4
    static let total = 3 * Int(writes) * Int(valuesPerWrite)
}

/// Writes a third of the values, with a thread that reads all the while, until all thirds are there.
private func writeAndRead(_ path: String, _ writer: UInt8) throws {
    let store = try open(path)
    let reader = OSThread { try readWhileItGrows(store) }
    let value = megabyte(writer)
    for write in 0..<Load.writes {
        try store.write { transaction in
            for number in 0..<Load.valuesPerWrite {
                try transaction.put([writer, write, number], value, in: firstBucket)
            }
            try transaction.setCount(transaction.count(in: secondBucket) + Int(Load.valuesPerWrite), in: secondBucket)
            transaction.notify(changed)
        }
    }
    try reader.join()
}

/// Every snapshot has as many values as it says, and the last of them whole.
private func readWhileItGrows(_ store: Environment) throws {
    let watch = try store.watch(changed)
    while true {
        watch.arm()
        let count = try store.read { transaction in
            var (entries, last) = (0, true)
            try transaction.scan(firstBucket, .all, .descending) { key, value in
                if entries == 0 { last = value.count == 1 << 20 && value[0] == key[0] && value[1 << 20 - 1] == key[0] }
                entries += 1
                return .next
            }
            guard try transaction.count(in: secondBucket) == entries, last else { throw Failure("a broken snapshot") }
            return entries
        }
        if count == Load.total { return }
        _ = watch.wait(timeout: nil)
    }
}

/// Allows 256 MiB more than the process has, and writes until there is no more.
private func growInLittleAddressSpace(_ path: String) throws {
    let store = try open(path)
    var limits = rlimit(rlim_cur: rlim_t(try addressSpace() + 256 << 20), rlim_max: .max)
    guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limits) == 0 else { throw Failure("setrlimit") }
    var written = 0 as UInt8
    let outcome = code {
        while true {
            try store.write { try $0.put([written], megabyte(1), in: firstBucket) }
            written += 1
        }
    }
    #expect(outcome == .full)
    #expect(written >= 32, "\(written)")
    #expect(try store.write { try $0.delete([0], in: firstBucket) })
    #expect(try store.read { try $0.entries(firstBucket).count } == Int(written) - 1)
}

/// The bytes of address space that this process has.
private func addressSpace() throws -> Int {
    let pages = String(decoding: try readFile("/proc/self/statm"), as: UTF8.self).split(separator: " ")[0]
    return (Int(pages) ?? 0) * Int(getpagesize())
}

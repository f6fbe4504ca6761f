import Glibc
import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

@Suite struct `A store at its limits` {
    @Test func `that is full says how large it is, keeps everything, and takes deletes`() throws {
        try withTemporaryDirectory { directory throws in
            let store = try createSmall(directory, Environment.Options(initialMapSize: 1 << 20, maximumSize: 1 << 20))
            try store.write { try $0.put([255], [UInt8](repeating: 1, count: 100_000), in: firstBucket) }
            let error = #expect(throws: EnvironmentError.self) {
                try store.write { try $0.put([1], [UInt8](repeating: 1, count: 2_000_000), in: firstBucket) }
            }
            #expect(error?.code == .full)
            #expect(error?.message.contains("1048576") == true)
            #expect(try store.read { try $0.entries(firstBucket).count } == 1)
            #expect(try store.write { try $0.delete([255], in: firstBucket) })
            try store.write { try $0.put([1], [1], in: firstBucket) }
            #expect(try store.read { try $0.entries(firstBucket) } == [Entry([1], [1])])
        }
    }

    @Test func `commits nothing when the body goes on after it was full`() throws {
        try withTemporaryDirectory { directory throws in
            let store = try createSmall(directory, Environment.Options(initialMapSize: 1 << 20, maximumSize: 1 << 20))
            let outcome = code {
                try store.write { transaction in
                    try transaction.put([1], [1], in: firstBucket)
                    do {
                        try transaction.put([2], [UInt8](repeating: 1, count: 2_000_000), in: firstBucket)
                    } catch {}
                }
            }
            #expect(outcome == .full)
            #expect(try store.read { try $0.entries(firstBucket) } == [])
        }
    }

    @Test func `has no room for more snapshots than it was made for`() throws {
        try withTemporaryDirectory { directory throws in
            let store = try createSmall(directory, Environment.Options(maximumReaders: 3))
            #expect(code { try nest(store, depth: 4) } == .readersFull)
            #expect(try store.read { try $0.count() } == 0)
        }
    }

    /// A snapshot is noted in a file, which an idle process would so write to again and again.
    @Test func `says how full it is without a snapshot while there is room`() throws {
        try withTemporaryDirectory { directory throws in
            let store = try createSmall(directory, Environment.Options(maximumReaders: 3))
            let room = try store.room()
            try nest(store, depth: 3) { () throws in #expect(try store.room() == room) }
        }
    }

    @Test func `counts once after a commit what is free in it`() throws {
        try withTemporaryDirectory { directory throws in
            let options = Environment.Options(initialMapSize: 4 << 20, maximumSize: 4 << 20, maximumReaders: 3)
            let store = try createSmall(directory, options)
            try store.write { try $0.put([1], [UInt8](repeating: 1, count: 5 << 19), in: firstBucket) }
            try store.write { _ = try $0.delete([1], in: firstBucket) }
            // What the last two commits have freed is not free yet.
            try increment(store, times: 3)
            let room = try store.room()
            #expect(room.used < 1 << 20)
            try nest(store, depth: 3) { () throws in #expect(try store.room() == room) }
            try increment(store, times: 1)
            try nest(store, depth: 3) { () throws in #expect(try store.room().used > 2 << 20) }
        }
    }

    @Test func `is seen to be in its place by a process without a descriptor left`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            await #expect(processExitsWith: .success) { [path = path as String] in
                try lookAtPlaceWithoutDescriptors(path)
            }
        }
    }

    @Test func `keeps what was committed when the disk is full, and goes on when there is room`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            await #expect(processExitsWith: .success) { [path = path as String] in
                try writeIntoFullDisk(path)
            }
        }
    }

    /// A worker has the store open, and nobody who would clear readers away.
    @Test(.timeLimit(.minutes(20)))
    func `uses what a killed reader has kept when the disk is full`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            for name in [".opened", ".killed"] {
                guard mkfifo(path + name, 0o600) == 0 else { throw Failure("mkfifo") }
            }
            async let writer: Void = expectSpaceOfKilledReader(path)
            _ = try await onOwnThread { [path = path as String] in try readFile(path + ".opened") }
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                try dieInsideSnapshot(path)
            }
            try await onOwnThread { [path = path as String] in try writeFile(path + ".killed", [1]) }
            await writer
        }
    }

    @Test func `refuses alone who does not fit on the disk, of all who write at the same time`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            await #expect(processExitsWith: .success) { [path = path as String] in
                try writeTogetherIntoFullDisk(path)
            }
        }
    }

    @Test func `opens with less address space than its map asks for`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            await #expect(processExitsWith: .success) { [path = path as String] in
                try openInLittleAddressSpace(path)
            }
        }
    }

    @Test(arguments: [["write", "write"], ["read", "write"]])
    func `stops a program that would wait for itself`(_ nesting: [String]) async throws {
        try await withTemporaryStorePathAsync { path async throws in
            let result = await #expect(
                processExitsWith: .failure, observing: [\.standardErrorContent]
            ) { [path = path as String, outer = nesting[0] as String] in
                try writeInside(outer, path)
            }
            let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
            #expect(words.contains("a write inside a \(nesting[0])"))
        }
    }

    @Test func `that was committed to reports what it holds`() throws {
        try withTemporaryStore { store throws in
            try increment(store, times: 2)
            let information = try store.information()
            #expect(information.buckets.map(\.entries) == [1, 0])
            #expect(information.mapSize == 16 << 20)
            #expect(information.pageSize >= 4096)
            #expect(information.usedSize % information.pageSize == 0 && information.usedSize < 1 << 20)
            try increment(store, times: 1)
            #expect(try store.information().lastTransaction == information.lastTransaction + 1)
            try store.read { _ throws in #expect(try store.readers().map(\.process) == [getpid()]) }
            #expect(try store.readers() == [])
        }
    }
}

private func createSmall(_ directory: String, _ options: Environment.Options) throws -> Environment {
    let path = directory + "/small"
    try Environment.create(at: path, buckets: conformanceBuckets, options: options) { _ in }
    return try Environment.open(at: path, buckets: conformanceBuckets, access: .readWrite, options: options)
}

private func nest(_ store: Environment, depth: Int, _ body: () throws -> Void = {}) throws {
    if depth == 0 { return try body() }
    try store.read { _ in try nest(store, depth: depth - 1, body) }
}

private func lookAtPlaceWithoutDescriptors(_ path: String) throws {
    let store = try openStore(path)
    try limit(RLIMIT_NOFILE, 3)
    #expect(open("/dev/null", O_RDONLY) < 0 && errno == EMFILE)
    #expect(try store.isInPlace())
    #expect(rename(path, path + ".aside") == 0)
    #expect(code { _ = try store.isInPlace() } == .notFound)
}

/// A limit on the size of files stands for a full disk: writes fail the same way.
private func writeIntoFullDisk(_ path: String) throws {
    signal(SIGXFSZ, SIG_IGN)
    let store = try openStore(path)
    try increment(store, times: 1)
    try limit(RLIMIT_FSIZE, 128 << 10)
    let outcome = code { try store.write { try $0.put([9], [UInt8](repeating: 1, count: 1 << 20), in: secondBucket) } }
    #expect(outcome == .diskFull, "\(String(describing: outcome))")
    #expect(try store.read { try $0.entries(secondBucket) } == [])
    try increment(store, times: 1)
    #expect(try store.read { try $0.count() } == 2)
}

private func expectSpaceOfKilledReader(_ path: String) async {
    await #expect(processExitsWith: .success) { [path = path as String] in try useSpaceOfKilledReader(path) }
}

private func useSpaceOfKilledReader(_ path: String) throws {
    signal(SIGXFSZ, SIG_IGN)
    let store = try openStore(path)
    let value = [UInt8](repeating: 1, count: 1 << 20)
    try store.write { try $0.put([9], value, in: secondBucket) }
    try writeFile(path + ".opened", [1])
    _ = try readFile(path + ".killed")
    #expect(try store.readers().count == 1)
    try store.write { _ = try $0.delete([9], in: secondBucket) }
    try increment(store, times: 3)
    try limit(RLIMIT_FSIZE, UInt(try store.information().usedSize) + (256 << 10))
    try store.write { try $0.put([9], value, in: secondBucket) }
    #expect(try store.readers().isEmpty)
}

private func writeTogetherIntoFullDisk(_ path: String) throws {
    signal(SIGXFSZ, SIG_IGN)
    let store = try openStore(path)
    try limit(RLIMIT_FSIZE, 1 << 20)
    let threads = (0..<8 as Range<UInt8>).map { thread in
        OSThread {
            let value = [UInt8](repeating: 1, count: thread == 0 ? 4 << 20 : 10)
            return (0..<20 as Range<UInt8>).count { step in
                code { try store.write { try $0.put([thread, step], value, in: firstBucket) } } == .diskFull
            }
        }
    }
    #expect(try threads.map { try $0.join() } == [20, 0, 0, 0, 0, 0, 0, 0])
    #expect(try store.information().buckets[firstBucket.index].entries == 7 * 20)
}

private func openInLittleAddressSpace(_ path: String) throws {
    try limit(RLIMIT_AS, 8 << 30)
    let options = Environment.Options(initialMapSize: 16 << 30)
    let store = try Environment.open(at: path, buckets: conformanceBuckets, access: .readWrite, options: options)
    #expect(try store.information().mapSize < 8 << 30)
    try increment(store, times: 1)
}

private func limit(_ resource: __rlimit_resource, _ bytes: UInt) throws {
    var limits = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
    if setrlimit(__rlimit_resource_t(resource.rawValue), &limits) != 0 { throw Failure("setrlimit: errno \(errno)") }
}

private func writeInside(_ outer: String, _ path: String) throws {
    let store = try openStore(path)
    if outer == "write" {
        try store.write { _ in try store.write { try $0.setCount(1) } }
    } else {
        try store.read { _ in try store.write { try $0.setCount(1) } }
    }
}

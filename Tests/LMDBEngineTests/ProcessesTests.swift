import Glibc
import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

@Suite struct `Processes that share a store` {
    @Test func `lose no commit when four write at once`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            await withTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        await #expect(processExitsWith: .success) { [path = path as String] in
                            try increment(openStore(path), times: 50)
                        }
                    }
                }
            }
            #expect(try openCount(path) == 200)
        }
    }

    @Test(.timeLimit(.minutes(20)))
    func `go on when a writer is killed inside its transaction`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            let store = try openStore(path)
            for round in 1...3 {
                await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                    try dieInsideTransaction(path)
                }
                try await onOwnThread { try increment(store, times: 1) }
                #expect(try await onOwnThread { try store.read { try $0.count() } } == round)
                #expect(try await onOwnThread { try store.read { try $0.entries(secondBucket) } } == [])
            }
        }
    }

    @Test func `find out that a reader was killed`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            let store = try openStore(path)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                try dieInsideSnapshot(path)
            }
            #expect(try store.readers().filter { $0.process != getpid() }.count == 1)
            #expect(try store.checkReaders() == 1)
            #expect(try store.readers().filter { $0.process != getpid() } == [])
        }
    }

    @Test func `are not fooled by a dead reader that had their own process id`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            let store = try openStore(path)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                try dieInsideSnapshot(path)
            }
            await #expect(processExitsWith: .success) { [path = path as String] in
                try takeOverDeadReaderSlot(path)
                let store = try openStore(path)
                #expect(try store.readers().filter { $0.process == getpid() } == [])
            }
            #expect(try store.checkReaders() == 0)
        }
    }

    @Test(.timeLimit(.minutes(20)))
    func `follow when one of them lets the store outgrow the others' map`() async throws {
        try await withTemporaryDirectoryAsync { directory async throws in
            let path = directory + "/small"
            let small = Environment.Options(initialMapSize: 1 << 20, maximumSize: 1 << 20)
            try Environment.create(at: path, buckets: conformanceBuckets, options: small) { _ in }
            let store = try Environment.open(
                at: path, buckets: conformanceBuckets, access: .readWrite, options: small)
            await #expect(processExitsWith: .success) { [path = path as String] in
                try growBeyondOneMegabyte(path)
            }
            try await onOwnThread { () throws in
                #expect(try store.read { try $0.entries(firstBucket).count } == 300)
                try store.write { try $0.setCount(5, in: secondBucket) }
                #expect(try store.information().mapSize == 64 << 20)
            }
        }
    }

    @Test(.timeLimit(.minutes(20)))
    func `use the larger map of another before they call the store full`() async throws {
        try await withTemporaryDirectoryAsync { directory async throws in
            let path = directory + "/small"
            let small = Environment.Options(initialMapSize: 1 << 20, maximumSize: 1 << 20)
            try Environment.create(at: path, buckets: conformanceBuckets, options: small) { _ in }
            let store = try Environment.open(
                at: path, buckets: conformanceBuckets, access: .readWrite, options: small)
            await #expect(processExitsWith: .success) { [path = path as String] in
                try useLargeMap(path)
            }
            try await onOwnThread { try fillOneMegabyte(store) }
            #expect(try await onOwnThread { try store.read { try $0.entries(firstBucket).count } } == 300)
        }
    }
}

@Suite struct `Creating a store` {
    @Test func `at the same time leaves one whole store`() async throws {
        try await withTemporaryDirectoryAsync { directory async throws in
            for round in 0..<5 {
                let path = "\(directory)/store-\(round)"
                await withTaskGroup { group in
                    for _ in 0..<4 {
                        group.addTask {
                            await #expect(processExitsWith: .success) { [path = path as String] in
                                try createAndCheck(path)
                            }
                        }
                    }
                }
                #expect(try entryCount(path) == 1)
                let names = try directoryListing(directory)
                #expect(names == (0...round).map { "store-\($0)" })
            }
        }
    }

    @Test func `and being killed in the middle leaves no store, and the next one makes it`() async throws {
        try await withTemporaryDirectoryAsync { directory async throws in
            let path = directory + "/store"
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                try Environment.create(at: path, buckets: conformanceBuckets) { transaction in
                    try transaction.setCount(1)
                    kill(getpid(), SIGKILL)
                }
            }
            #expect(code { try openStore(path) } == .notFound)
            #expect(try Environment.create(at: path, buckets: conformanceBuckets) { try $0.setCount(2) } == .created)
            #expect(try openCount(path) == 2)
        }
    }

    @Test func `where one is changes nothing`() throws {
        try withTemporaryStorePath { path throws in
            try increment(openStore(path), times: 3)
            let before = try DirectoryContents(path)
            let outcome = try Environment.create(at: path, buckets: conformanceBuckets) { try $0.setCount(0) }
            #expect(outcome == .alreadyExisted)
            #expect(try DirectoryContents(path) == before)
        }
    }

    @Test func `whose first contents cannot be made leaves nothing`() throws {
        try withTemporaryDirectory { directory throws in
            #expect(throws: Failure.self) {
                try Environment.create(at: directory + "/store", buckets: conformanceBuckets) { _ in
                    throw Failure("no")
                }
            }
            #expect(try directoryListing(directory) == [])
        }
    }

    @Test func `in place of an empty directory works, in place of anything else is refused`() throws {
        try withTemporaryDirectory { directory throws in
            try makeDirectory(directory + "/empty")
            let create = { (name: String) in
                try Environment.create(at: "\(directory)/\(name)", buckets: conformanceBuckets) { _ in }
            }
            #expect(try create("empty/") == .created)
            try makeDirectory(directory + "/full")
            try writeFile(directory + "/full/note", [1])
            #expect(code { try create("full") } == .notAStore)
            #expect(code { try create("full/note") } == .notAStore)
            #expect(code { try create("missing/store") } == .notFound)
            #expect(try directoryListing(directory) == ["empty", "full"])
            #expect(try directoryListing(directory + "/full") == ["note"])
        }
    }
}

func openCount(_ path: String) throws -> Int { try openStore(path).read { try $0.count() } }

private func entryCount(_ path: String) throws -> Int { try openStore(path).read { try $0.entries(firstBucket).count } }

func dieInsideTransaction(_ path: String) throws {
    try openStore(path).write { transaction in
        try transaction.setCount(1000)
        let value = [UInt8](repeating: 1, count: 5000)
        for key in 0..<200 as Range<UInt8> { try transaction.put([key], value, in: secondBucket) }
        kill(getpid(), SIGKILL)
    }
}

func dieInsideSnapshot(_ path: String) throws {
    try openStore(path).read { _ in _ = kill(getpid(), SIGKILL) }
}

/// Makes the slot of a dead reader look as if this process had it: what a reused process id comes to. This process has
/// no environment open, so that it may touch lock.mdb.
private func takeOverDeadReaderSlot(_ path: String) throws {
    let table = open(path + "/lock.mdb", O_RDWR | O_CLOEXEC)
    defer { close(table) }
    var status = stat()
    fstat(table, &status)
    for slot in stride(from: 128, to: Int(status.st_size), by: 64) {
        var process: Int32 = 0
        guard pread(table, &process, 4, slot + 8) == 4, process > 1, kill(process, 0) != 0 else { continue }
        process = getpid()
        #expect(pwrite(table, &process, 4, slot + 8) == 4)
        return
    }
    throw Failure("no slot of a dead reader")
}

private func openLarge(_ path: String) throws -> Environment {
    try Environment.open(
        at: path, buckets: conformanceBuckets, access: .readWrite,
        options: Environment.Options(initialMapSize: 64 << 20))
}

private func useLargeMap(_ path: String) throws {
    try openLarge(path).write { try $0.setCount(1, in: secondBucket) }
}

private func growBeyondOneMegabyte(_ path: String) throws { try fillOneMegabyte(openLarge(path)) }

private func fillOneMegabyte(_ store: Environment) throws {
    try store.write { transaction in
        for number in 0..<300 {
            try transaction.put(
                [UInt8(number >> 8), UInt8(number & 255)], [UInt8](repeating: 1, count: 5000), in: firstBucket)
        }
    }
}

private func createAndCheck(_ path: String) throws {
    try Environment.create(at: path, buckets: conformanceBuckets) { try $0.setCount(Int(getpid())) }
    #expect(try openStore(path).read { try $0.entries(firstBucket).count } == 1)
}

import Glibc
import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

@Suite struct `Opening a store` {
    @Test func `that does not exist says so, and creates nothing`() throws {
        try withTemporaryDirectory { directory throws in
            try refuses(directory + "/store", .notFound, unchanged: directory)
            #expect(try directoryListing(directory) == [])
            try refuses(directory, .notFound, unchanged: directory)
        }
    }

    @Test func `that is a file, or a directory of other things, is refused`() throws {
        try withTemporaryDirectory { directory throws in
            try writeFile(directory + "/note", Array("hello".utf8))
            try refuses(directory + "/note", .notAStore, unchanged: directory)
            try refuses(directory + "/note/store", .notAStore, unchanged: directory)
            try refuses(directory, .notAStore, unchanged: directory)
        }
    }

    @Test(arguments: [
        ("", EnvironmentError.Code.damaged), ("#!/bin/sh\n", .notAStore),
        (String(repeating: "not a database ", count: 10_000), .notAStore),
    ])
    func `whose data file LMDB did not write is refused`(_ text: String, _ code: EnvironmentError.Code) throws {
        try withTemporaryDirectory { directory throws in
            try writeFile(directory + "/data.mdb", Array(text.utf8))
            try refuses(directory, code, unchanged: directory)
        }
    }

    @Test func `cut off at any page is refused before it is mapped`() throws {
        try withTemporaryStorePath { path throws in
            try fill(path, entries: 300)
            let whole = try readFile(path + "/data.mdb")
            for pages in 0..<whole.count / 4096 {
                try writeFile(path + "/data.mdb", Array(whole.prefix(pages * 4096)))
                try refuses(path, .damaged, unchanged: path)
            }
            try writeFile(path + "/data.mdb", Array(whole.prefix(whole.count / 2 + 100)))
            try refuses(path, .damaged, unchanged: path)
            try writeFile(path + "/data.mdb", whole)
            #expect(try openStore(path).read { try $0.entries(firstBucket).count } == 300)
        }
    }

    @Test func `without its last pages is fine when they were free`() throws {
        try withTemporaryStorePath { path throws in
            try leaveFreePagesAtTheEnd(path)
            let whole = try readFile(path + "/data.mdb")
            let shortened = try (2..<whole.count / 4096).filter { pages in
                try writeFile(path + "/data.mdb", Array(whole.prefix(pages * 4096)))
                guard let store = try? openStore(path, .readOnly) else { return false }
                #expect(try store.read { try $0.entries(firstBucket) } == [Entry([1], [9])])
                return true
            }
            #expect(!shortened.isEmpty)
        }
    }

    @Test func `of another format, word size or byte order is refused`() throws {
        try withTemporaryStorePath { path throws in
            let whole = try readFile(path + "/data.mdb")
            try writeFile(path + "/data.mdb", whole.changing(20, to: 2))
            try refuses(path, .versionMismatch, unchanged: path)
            try writeFile(path + "/data.mdb", Array(whole[..<12] + whole[16...]))
            try refuses(path, .otherBuild, unchanged: path)
            try writeFile(path + "/data.mdb", Array(whole[..<16] + whole[16..<20].reversed() + whole[20...]))
            try refuses(path, .otherBuild, unchanged: path)
            try writeFile(path + "/data.mdb", whole.changing(40, to: 1))
            try refuses(path, .damaged, unchanged: path)
        }
    }

    @Test func `of another program is refused, and nothing is added to it`() throws {
        try withTemporaryDirectory { directory throws in
            let path = directory + "/theirs"
            try Environment.create(at: path, buckets: [Bucket(0, "theirs")]) { _ in }
            try refuses(path, .notAStore)
            for name in ["open.lock", "lock.mdb", "bell"] { unlink("\(path)/\(name)") }
            try refuses(path, .notAStore, unchanged: path)
        }
    }

    @Test func `of another version, which has other buckets, is refused and gets none`() throws {
        try withTemporaryDirectory { directory throws in
            let path = directory + "/store"
            try Environment.create(at: path, buckets: [firstBucket]) { try $0.put([1], [1], in: firstBucket) }
            let before = try readFile(path + "/data.mdb")
            #expect(code { try openStore(path, .readOnly) } == .versionMismatch)
            #expect(code { try openStore(path) } == .versionMismatch)
            #expect(try readFile(path + "/data.mdb") == before)
            let old = try Environment.open(at: path, buckets: [firstBucket], access: .readWrite)
            #expect(try old.read { try $0.entries(firstBucket) } == [Entry([1], [1])])
        }
    }

    @Test func `again gives the same environment, by whatever path`() throws {
        try withTemporaryStorePath { path throws in
            let store = try openStore(path)
            #expect(symlink(path, path + "-link") == 0)
            for other in [path, path + "/", path + "-link", path + "/../store"] {
                #expect(try openStore(other) === store)
                #expect(try openStore(other, .readOnly) === store)
            }
        }
    }

    @Test func `on many threads at once gives one environment, again and again`() throws {
        try withTemporaryStorePath { path throws in
            for _ in 0..<20 {
                let opening = (0..<4).map { _ in OSThread { try openStore(path) } }
                let stores = try opening.map { try $0.join() }
                #expect(Set(stores.map(ObjectIdentifier.init)).count == 1)
            }
        }
    }

    @Test func `for writing is refused while this process has it open read-only`() throws {
        try withTemporaryStorePath { path throws in
            let reader = try openStore(path, .readOnly)
            #expect(code { try openStore(path) } == .alreadyOpen)
            #expect(code { try reader.write { try $0.put([1], in: firstBucket) } } == .readOnly)
            withExtendedLifetime(reader) {}
        }
    }

    @Test func `with another durability or other buckets is refused while it is open`() throws {
        try withTemporaryStore { store throws in
            let path = store.directory
            #expect(
                code {
                    try Environment.open(
                        at: path, buckets: conformanceBuckets, access: .readWrite, durability: .volatile)
                } == .alreadyOpen)
            #expect(
                code { try Environment.open(at: path, buckets: [firstBucket], access: .readWrite) } == .alreadyOpen)
        }
    }

    @Test(arguments: [(Environment.Durability.full, false), (.full, true), (.volatile, false)])
    func `keeps what was written, with any durability`(_ durability: Environment.Durability, _ isRelaxed: Bool) throws {
        try withTemporaryStorePath { path throws in
            let open = {
                try Environment.open(
                    at: path, buckets: conformanceBuckets, access: .readWrite, durability: durability)
            }
            try open().write { transaction in
                if isRelaxed { transaction.relax(true) }
                try transaction.put([1], [1], in: firstBucket)
            }
            #expect(try open().read { try $0.value([1], in: firstBucket) } == [1])
        }
    }

    @Test func `lets no started program inherit a descriptor of it`() throws {
        try withTemporaryStore { store throws in
            var (open, inherited): (Set<String>, [String]) = ([], [])
            for number in try directoryListing("/proc/self/fd").compactMap({ CInt($0) }) {
                guard let target = linkTarget("/proc/self/fd/\(number)") else { continue }
                guard target.hasPrefix(store.directory) else { continue }
                open.insert(target)
                if fcntl(number, F_GETFD) & FD_CLOEXEC == 0 { inherited.append(target) }
            }
            #expect(open == Set(["data.mdb", "lock.mdb", "open.lock"].map { "\(store.directory)/\($0)" }))
            #expect(inherited == [])
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can become somebody else"))
    func `is refused to strangers`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            #expect(chmod(path, 0o750) == 0)
            await #expect(processExitsWith: .success) { [path = path as String] () throws in
                #expect(seteuid(65_534) == 0)
                #expect(code { try openStore(path, .readOnly) } == .permission)
            }
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can become somebody else"))
    func `to read needs no right to write the data, the bell and open dot lock`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            admitStrangers(to: path)
            try writeAlone(path, 7)
            await #expect(processExitsWith: .success) { [path = path as String] () throws in
                #expect(seteuid(65_534) == 0)
                try readAsStranger(path)
            }
        }
    }
}

private func writeAlone(_ path: String, _ value: UInt8) throws {
    try openStore(path).write { try $0.put([1], [value], in: firstBucket) }
}

private func readAsStranger(_ path: String) throws {
    #expect(code { try openStore(path) } == .permission)
    let store = try openStore(path, .readOnly)
    #expect(try store.read { try $0.value([1], in: firstBucket) } == [7])
    #expect(try store.watch(InterestSet(rawValue: 1)).wait(timeout: .milliseconds(1)) == .timedOut)
}

/// Expects that opening fails with `code`, for reading and for writing, and leaves a directory as it was.
private func refuses(_ path: String, _ expected: EnvironmentError.Code, unchanged directory: String? = nil) throws {
    let before = try directory.map(DirectoryContents.init)
    for access in [Environment.Access.readOnly, .readWrite] {
        #expect(code { try openStore(path, access) } == expected)
    }
    #expect(try directory.map(DirectoryContents.init) == before)
}

private func fill(_ path: String, entries: Int) throws {
    try openStore(path).write { transaction in
        for number in 0..<entries {
            let key = [UInt8(number / 256), UInt8(number % 256)]
            try transaction.put(key, [UInt8](repeating: 1, count: 100), in: firstBucket)
        }
    }
}

/// A large value is put and deleted, and small commits then move into the room it left.
private func leaveFreePagesAtTheEnd(_ path: String) throws {
    let store = try openStore(path)
    try store.write { try $0.put([2], [UInt8](repeating: 1, count: 100_000), in: firstBucket) }
    #expect(try store.write { try $0.delete([2], in: firstBucket) })
    for value in 0...9 as ClosedRange<UInt8> { try store.write { try $0.put([1], [value], in: firstBucket) } }
}

extension [UInt8] {
    func changing(_ index: Int, to byte: UInt8) -> [UInt8] {
        var copy = self
        copy[index] = byte
        return copy
    }
}

import Glibc
@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Synchronization
import Testing

@Suite struct `The sole use of a store` {
    @Test(.timeLimit(.minutes(20)))
    func `is refused while another process has it open, by the number of that process`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            async let holder: Void = holdInAnotherProcess(path)
            try await onOwnThread { [path = path as String] () throws in
                try waitUntilHeld(path)
                let before = try readFile(path + "/data.mdb")
                let error = #expect(throws: EnvironmentError.self) {
                    try Environment.withSoleUse(of: path, buckets: conformanceBuckets) { _ in }
                }
                #expect(error?.code == .inUse)
                let users = StoreDirectory(path: path).users().map(\.process)
                #expect(users.count == 1 && users[0] != getpid())
                #expect(error?.message.contains("process \(users.first ?? 0)") == true, "\(error?.message ?? "")")
                #expect(try readFile(path + "/data.mdb") == before)
                try letGo(path)
            }
            try await holder
            try expectSoleUse(path)
        }
    }

    @Test func `is refused to a process that has it open itself`() throws {
        try withTemporaryStore { store throws in
            #expect(code { try compact(store.directory) } == .inUse)
            try increment(store, times: 1)
        }
    }

    @Test func `is refused where there is no store, and adds nothing there`() throws {
        try withTemporaryDirectory { directory throws in
            #expect(code { try compact(directory + "/none") } == .notFound)
            try Environment.create(at: directory + "/theirs", buckets: [Bucket(0, "theirs")]) { _ in }
            unlink(directory + "/theirs/open.lock")
            #expect(code { try compact(directory + "/theirs") } == .notAStore)
            #expect(try directoryListing(directory + "/theirs") == ["bell", "data.mdb", "lock.mdb"])
        }
    }

    @Test func `compacts it, and leaves its contents, its owner and its rights`() throws {
        try withTemporaryStorePath { path throws in
            try leaveFreePages(path)
            for (name, mode) in [("data.mdb", 0o640), ("lock.mdb", 0o666)] as [(String, mode_t)] {
                #expect(chmod("\(path)/\(name)", mode) == 0)
                if getuid() == 0 { #expect(chown("\(path)/\(name)", 0, 65_534) == 0) }
            }
            let before = try entries(openStore(path))
            let compaction = try compact(path)
            #expect(compaction.before > 1_000_000 && compaction.after < 100_000)
            #expect(try readFile(path + "/data.mdb").count == compaction.after)
            #expect(try directoryListing(path) == ["bell", "data.mdb", "lock.mdb", "open.lock"])
            for (name, mode) in [("data.mdb", 0o640), ("lock.mdb", 0o666)] as [(String, mode_t)] {
                var status = stat()
                #expect(stat("\(path)/\(name)", &status) == 0 && status.st_mode & 0o777 == mode)
                if getuid() == 0 { #expect(status.st_gid == 65_534) }
            }
            let reader = try entries(openStore(path, .readOnly))
            #expect(reader == before)
            try increment(openStore(path), times: 3)
            #expect(try openStore(path).read { try $0.count() } == 3)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can become somebody else"))
    func `leaves a store that strangers can still read, whose guard they may not write`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            admitStrangers(to: path)
            try compactWithCount(path, 7)
            await #expect(processExitsWith: .success) { [path = path as String] () throws in
                #expect(seteuid(65_534) == 0)
                try expect(7, in: path, .readOnly)
            }
        }
    }

    @Test func `compacts no damaged one, which is left as it is`() throws {
        try withDamage { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            file.set(UInt64(99), at: leaf, 0)
            try file.write()
            #expect(code { try compact(file.path) } == .damaged)
            #expect(try DamagedFile(path: file.path).bytes == file.bytes)
            #expect(try directoryListing(file.path) == ["bell", "data.mdb", "lock.mdb", "open.lock"])
        }
    }

    /// LMDB opens its lock file first, waits for it, and opens the data file then, by its name. One that joined the old
    /// lock file would begin with the wrong meta page of the new data file.
    @Test(.timeLimit(.minutes(20)))
    func `lets no tool of LMDB that comes in between work on the new file with the old lock file`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            let count = try copyAfterEvenCommits(path)
            guard mkfifo(path + ".begin", 0o600) == 0 else { throw Failure("mkfifo") }
            async let tool: Void = writeAsATool(path)
            try await onOwnThread { [path = path as String] () throws in
                let locks = try LockFiles(StoreDirectory(path: path))
                try writeFile(path + ".begin", [1])
                while try !hasWaiter(path + "/lock.mdb") { sched_yield() }
                try locks.replace(dataWith: path + "-copy/data.mdb")
            }
            try await tool
            #expect(try Environment.checkPages(at: path, buckets: conformanceBuckets).faults == [])
            try expect(count, in: path, .readWrite)
        }
    }

    @Test func `gives it another data file`() throws {
        try withTemporaryDirectory { directory throws in
            let (path, other) = (directory + "/store", directory + "/other")
            try Environment.create(at: path, buckets: conformanceBuckets) { _ in }
            try Environment.create(at: other, buckets: conformanceBuckets) { try $0.setCount(5) }
            try increment(openStore(path), times: 9)
            try Environment.withSoleUse(of: path, buckets: conformanceBuckets) { use throws in
                #expect(try use.read { try $0.count() } == 9)
                try use.replaceData(with: other + "/data.mdb")
            }
            #expect(try openStore(path).read { try $0.count() } == 5)
            try increment(openStore(path), times: 1)
            #expect(try openStore(path, .readOnly).read { try $0.count() } == 6)
        }
    }

    @Test func `gives it no file that is damaged`() throws {
        try withTemporaryStorePath { path throws in
            try increment(openStore(path), times: 2)
            let bytes = try readFile(path + "/data.mdb")
            try writeFile(path + "/../cut", [UInt8](bytes.prefix(3 * 4096)))
            #expect(
                code {
                    try Environment.withSoleUse(of: path, buckets: conformanceBuckets) {
                        try $0.replaceData(with: path + "/../cut")
                    }
                } == .damaged)
            #expect(try readFile(path + "/data.mdb") == bytes)
            #expect(try openStore(path).read { try $0.count() } == 2)
        }
    }

    @Test func `keeps who wants to open it waiting, who then finds all of it`() throws {
        try withTemporaryStorePath { path throws in
            try increment(openStore(path), times: 1)
            let (flag, wrote) = (Flag(), Flag())
            let writer = OSThread { [path = path as String] in
                defer { wrote.raise() }
                while !flag.isRaised {
                    // Who always finds another file than it looked at a moment before is told to try again.
                    do { try increment(openStore(path), times: 1) } catch let error as EnvironmentError
                        where error.code == .inUse
                    { continue }
                    wrote.raise()
                }
            }
            var compactions = 0
            while compactions < 20 || !wrote.isRaised { if try compactIfFree(path) { compactions += 1 } }
            flag.raise()
            try writer.join()
            let opened = try openStore(path)
            let count = try opened.read { try $0.count() }
            try increment(opened, times: 1)
            #expect(try opened.read { try $0.count() } == count + 1 && count > 1)
        }
    }

    @Test(.timeLimit(.minutes(20)))
    func `is what a data file must be replaced in: who comes while another has the old one is refused`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            async let holder: Void = holdInAnotherProcess(path)
            try await onOwnThread { [path = path as String] () throws in
                try waitUntilHeld(path)
                try Environment.create(at: path + "-other", buckets: conformanceBuckets) { try $0.setCount(5) }
                #expect(rename(path + "-other/data.mdb", path + "/data.mdb") == 0)
                for access in [Environment.Access.readOnly, .readWrite] {
                    let error = #expect(throws: EnvironmentError.self) { try openStore(path, access) }
                    #expect(error?.code == .inUse)
                    #expect(error?.message.contains("replaced while process ") == true, "\(error?.message ?? "")")
                }
                try letGo(path)
            }
            try await holder
            try expect(5, in: path, .readWrite)
        }
    }
}

/// Makes a compact copy behind commits of which the newest is in the first meta page; the copy's one is in the second.
/// Answers how many increments there were.
private func copyAfterEvenCommits(_ path: String) throws -> Int {
    var count = 0
    repeat {
        count += 1
        try increment(openStore(path), times: 1)
    } while try count < 20 || StoreDirectory(path: path).dataFile().newestMeta().transaction % 2 == 1
    _ = try openStore(path).copy(to: path + "-copy") { _ in }
    return count
}

/// Opens and writes as LMDB's own tools do, which know nothing of open.lock. Whether it may is not what is asked.
private func writeAsATool(_ path: String) async throws {
    await #expect(processExitsWith: .success) { [path = path as String] in
        try writeWithoutTheGuard(path)
    }
}

private func writeWithoutTheGuard(_ path: String) throws {
    _ = try readFile(path + ".begin")
    let request = EnvironmentHandle.Request(
        directory: StoreDirectory(path: path), buckets: conformanceBuckets, access: .readWrite, durability: .full,
        options: Environment.Options(), identity: nil)
    guard let handle = try? EnvironmentHandle.opened(request) else { return }
    defer { handle.close() }
    var transaction = try Environment.Writing(handle)
    try transaction.put([9], [9], in: secondBucket)
    try transaction.commit()
}

/// Whether somebody waits for a lock on a file.
private func hasWaiter(_ path: String) throws -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Failure("stat \(path): errno \(errno)") }
    let lines = String(decoding: try readFile("/proc/locks"), as: UTF8.self).split(separator: "\n")
    return lines.contains { $0.contains(" -> ") && $0.contains(":\(status.st_ino) ") }
}

private func expectSoleUse(_ path: String) throws {
    try Environment.withSoleUse(of: path, buckets: conformanceBuckets) { use throws in
        #expect(try use.read { try $0.count() } == 0)
    }
}

private func expect(_ count: Int, in path: String, _ access: Environment.Access) throws {
    #expect(try openStore(path, access).read { try $0.count() } == count)
}

@discardableResult
private func compact(_ path: String) throws -> SoleUse.Compaction {
    try Environment.withSoleUse(of: path, buckets: conformanceBuckets) { try $0.compact() }
}

/// False: somebody had it open.
private func compactIfFree(_ path: String) throws -> Bool {
    do {
        try compact(path)
        return true
    } catch let error as EnvironmentError where error.code == .inUse {
        return false
    }
}

private func compactWithCount(_ path: String, _ count: Int) throws {
    try openStore(path).write { try $0.setCount(count) }
    try compact(path)
}

private func leaveFreePages(_ path: String) throws {
    let store = try openStore(path)
    try fill(store, entries: 20_000)
    try store.write { transaction in
        for entry in try transaction.entries(firstBucket).dropFirst(10) {
            try transaction.delete(entry.key, in: firstBucket)
        }
    }
}

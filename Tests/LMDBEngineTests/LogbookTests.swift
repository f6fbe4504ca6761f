import Glibc
@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

/// Times are given here, so that no test waits for one.
@Suite struct `The logbook of a store` {
    @Test func `tells the least age of a snapshot from the first commit after it`() throws {
        try withLogbook { logbook in
            #expect(logbook.age(ofSnapshot: 9, at: second(100)) == nil)
            logbook.willCommit(10, at: second(100))
            #expect(logbook.age(ofSnapshot: 9, at: second(107)) == .seconds(7))
            #expect(logbook.age(ofSnapshot: 10, at: second(107)) == nil)
            // Commits that follow closely share the sample before, and one that fails leaves its number to another.
            logbook.willCommit(11, at: second(101))
            #expect(logbook.age(ofSnapshot: 10, at: second(107)) == nil)
            logbook.willCommit(12, at: second(110))
            logbook.willCommit(12, at: second(113))
            #expect(logbook.age(ofSnapshot: 10, at: second(130)) == .seconds(17))
            #expect(logbook.age(ofSnapshot: 9, at: second(130)) == .seconds(30))
            #expect(logbook.age(ofSnapshot: 12, at: second(130)) == nil)
        }
    }

    @Test func `keeps the newest samples when there are many, so that an old snapshot's age is not less`() throws {
        try withLogbook { logbook in
            for number in 0..<1000 as Range<UInt64> { logbook.willCommit(number, at: second(10 * number)) }
            #expect(logbook.age(ofSnapshot: 998, at: second(9990)) == .zero)
            #expect(logbook.age(ofSnapshot: 900, at: second(9990)) == .seconds(980))
            // Older than all samples: as old as the oldest at least.
            #expect(logbook.age(ofSnapshot: 5, at: second(9990)) == .seconds(1270))
        }
    }

    @Test func `counts commits and bytes of one day`() throws {
        try withLogbook { logbook in
            logbook.committed(bytes: 100, on: 20_000)
            logbook.committed(bytes: 50, on: 20_000)
            #expect(logbook.writing(on: 20_000) == DayOfWriting(commits: 2, bytes: 150))
            #expect(logbook.writing(on: 20_001) == DayOfWriting(commits: 0, bytes: 0))
            logbook.committed(bytes: 7, on: 20_001)
            #expect(logbook.writing(on: 20_001) == DayOfWriting(commits: 1, bytes: 7))
        }
    }

    @Test func `knows its writer until that one ends, and no other can be ended in its place`() throws {
        try withLogbook { logbook in
            #expect(logbook.writer == nil)
            logbook.began(at: second(5))
            #expect(logbook.writer?.process == getpid() && logbook.writer?.since == second(5))
            logbook.ended()
            #expect(logbook.writer == nil)
        }
    }

    @Test func `notes times again after a boot, whose clock begins anew`() throws {
        try withLogbook { logbook in
            logbook.forgetOthers(of: "one boot", isAlone: true)
            logbook.willCommit(10, at: second(9000))
            _ = logbook.willWait(at: second(9000))
            // Who only reads has it open, so that the first writer is not alone.
            logbook.forgetOthers(of: "one boot", isAlone: false)
            #expect(logbook.age(ofSnapshot: 9, at: second(9001)) == .seconds(1))
            logbook.forgetOthers(of: "another", isAlone: false)
            #expect(logbook.age(ofSnapshot: 9, at: second(9001)) == nil)
            #expect(!logbook.hasWaitingWriter(at: second(9000)))
            // Even where nobody has noticed the boot.
            logbook.willCommit(11, at: second(9001))
            logbook.willCommit(12, at: second(20))
            #expect(logbook.age(ofSnapshot: 11, at: second(29)) == .seconds(9))
        }
    }

    @Test func `knows of a waiting writer until that one has its turn, or for a second when it was killed`() throws {
        try withLogbook { logbook in
            let killed = logbook.willWait(at: second(5))
            #expect(logbook.hasWaitingWriter(at: second(5)))
            #expect(!logbook.hasWaitingWriter(at: second(6)))
            let next = logbook.willWait(at: second(7))
            logbook.waitEnded(killed)
            #expect(logbook.hasWaitingWriter(at: next))
            logbook.waitEnded(next)
            #expect(!logbook.hasWaitingWriter(at: next))
        }
    }

    @Test func `is told of every commit of the store, and of nothing else`() throws {
        try withTemporaryStore { store in
            let before = try #require(store.writingToday())
            try increment(store, times: 3)
            try store.write { _ in }
            #expect(code { try store.write { _ in throw Failure("no") } } == nil)
            let after = try #require(store.writingToday())
            // At midnight the count begins anew.
            #expect([before.commits + 3, 3].contains(after.commits), "\(before) \(after)")
            #expect(store.writerHolder() == nil)
            let holder = try store.write { _ in store.writerHolder() }
            #expect(holder?.process == getpid())
        }
    }
}

@Suite struct `Who keeps a store from going on` {
    /// The writer is stopped by a signal, as by a debugger or a frozen container: nobody else can write, but whoever
    /// looks finds out who it is.
    @Test(.timeLimit(.minutes(20)))
    func `is named, a writer that was stopped inside its transaction`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            guard mkfifo(path + ".inside", 0o600) == 0 else { throw Failure("mkfifo") }
            async let writer: Void = stopInAnotherProcess(path)
            try await onOwnThread { () throws in
                let process = try #require(try readNumber(path + ".inside"))
                let store = try openStore(path)
                try waitUntilStopped(process)
                #expect(store.writerHolder()?.process == process)
                // A writer that waits does not change who holds the lock.
                let waiter = OSThread { try increment(store, times: 1) }
                while !(store.bell?.logbook.hasWaitingWriter() ?? true) { sched_yield() }
                #expect(store.writerHolder()?.process == process)
                kill(process, SIGCONT)
                try waiter.join()
                #expect(store.writerHolder() == nil)
                #expect(try store.read { try $0.count() } == 1)
            }
            await writer
        }
    }

    @Test func `is not named when it has died`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                try dieInsideTransaction(path)
            }
            let reader = try openStore(path, .readOnly)
            #expect(reader.bell?.logbook.writer != nil)
            #expect(reader.writerHolder() == nil)
        }
    }

    @Test func `is named, a reader that keeps an old snapshot`() throws {
        try withTemporaryStore { store in
            try store.read { _ in
                #expect(try store.readers().map(\.lag) == [0])
                try OSThread { try increment(store, times: 3) }.join()
                let reader = try #require(try store.readers().first)
                #expect(reader.process == getpid() && reader.lag == 3)
                #expect(try store.tidyUp() == [])
                // As if the commits had been long ago.
                let minute = UInt64(61_000_000_000)
                let past = BootTime(nanoseconds: max(BootTime.now.nanoseconds, minute) - minute)
                store.bell?.logbook.forgetOthers()
                store.bell?.logbook.willCommit(.max, at: past)
                let words = try #require(try store.tidyUp().first)
                #expect(words.contains("process \(getpid()) has kept a snapshot of \(store.directory)"))
            }
            #expect(try store.tidyUp() == [])
        }
    }

    @Test func `is let go when it is a reader that was killed, by who tidies up`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            let store = try openStore(path)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                try dieInsideSnapshot(path)
            }
            #expect(try store.readers().count == 1)
            #expect(try store.tidyUp() == [])
            #expect(try store.readers() == [])
        }
    }

    /// One snapshot is all that this store allows, and a killed process has it.
    @Test func `does not count when it is a reader that was killed, and there is no room for more`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            let options = Environment.Options(maximumReaders: 1)
            let store = try Environment.open(
                at: path, buckets: conformanceBuckets, access: .readWrite, options: options)
            await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
                try dieInsideSnapshot(path)
            }
            #expect(try store.readers().count == 1)
            #expect(try await onOwnThread { try store.read { try $0.count() } } == 0)
        }
    }
}

@Suite struct `The room of a store` {
    @Test func `is what is in use, and what the map and the disk allow`() throws {
        try withTemporaryStore { store in
            let before = try store.room()
            #expect(before.limit + before.kept == 16 << 30 && before.freeOnDisk > 0)
            try store.write { try $0.put([1], [UInt8](repeating: 1, count: 1 << 20), in: firstBucket) }
            let after = try store.room()
            #expect((1 << 20..<2 << 20).contains(after.used - before.used))
            #expect(after.capacity == min(after.limit, after.held + after.freeOnDisk))
            #expect(try store.write { try $0.room() }.used == after.used)
        }
    }

    /// Pages that a snapshot may still need are not there to be used, however much was deleted.
    @Test func `counts what a snapshot keeps as in use, until it ends`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/store"
            let options = Environment.Options(initialMapSize: 1 << 20, maximumSize: 1 << 20)
            try Environment.create(at: path, buckets: conformanceBuckets, options: options) { _ in }
            let store = try Environment.open(
                at: path, buckets: conformanceBuckets, access: .readWrite, options: options)
            try store.write { try $0.put([1], [UInt8](repeating: 1, count: 850_000), in: firstBucket) }
            let full = try store.room().used
            try store.read { _ in
                try OSThread {
                    try store.write { _ = try $0.delete([1], in: firstBucket) }
                    try increment(store, times: 1)
                }.join()
                #expect(try store.room().used >= full)
                #expect(try OSThread { try store.write { try $0.room() }.used }.join() >= full)
                let parked = try store.information()
                #expect(parked.keptPages > 200 && parked.freePages < 10)
            }
            #expect(try store.room().used < full / 4)
            let information = try store.information()
            #expect(information.keptPages == 0 && information.freePages > 200)
        }
    }

    /// A walk takes a snapshot of its own: where there is none to be had, the file's length stands in for it.
    @Test func `is that of the whole file when no more snapshots may be opened`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/store"
            let options = Environment.Options(initialMapSize: 1 << 20, maximumSize: 1 << 20, maximumReaders: 1)
            try Environment.create(at: path, buckets: conformanceBuckets, options: options) { _ in }
            let store = try Environment.open(
                at: path, buckets: conformanceBuckets, access: .readWrite, options: options)
            try store.write { try $0.put([1], [UInt8](repeating: 1, count: 850_000), in: firstBucket) }
            #expect(try store.read { try $0.room() }.used > 850_000)
        }
    }

    /// What was deleted counts as free where it matters: when the store is nearly full.
    @Test func `does not count what was deleted`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/store"
            let options = Environment.Options(initialMapSize: 1 << 20, maximumSize: 1 << 20)
            try Environment.create(at: path, buckets: conformanceBuckets, options: options) { _ in }
            let store = try Environment.open(
                at: path, buckets: conformanceBuckets, access: .readWrite, options: options)
            for key in 0..<9 as Range<UInt8> {
                try store.write { try $0.put([key], [UInt8](repeating: 1, count: 100_000), in: firstBucket) }
            }
            let full = try store.room()
            #expect(full.used > full.limit / 10 * 8)
            for key in 0..<9 as Range<UInt8> { try store.write { _ = try $0.delete([key], in: firstBucket) } }
            #expect(try store.room().used < full.limit / 10)
            #expect(try store.write { try $0.room() }.used < full.limit / 10)
            let information = try store.information()
            #expect(information.usedSize > full.limit / 10 * 8 && information.freePages > 200)
        }
    }

    @Test func `is the disk's when that has less, and the limit's when the disk is endless`() {
        #expect(Room(used: 1, limit: 100, held: 10, freeOnDisk: 20).capacity == 30)
        #expect(Room(used: 1, limit: 100, held: 10, freeOnDisk: .max).capacity == 100)
        #expect(Room(used: 50, limit: 100, held: -30, freeOnDisk: 20).capacity == 50)
        #expect(Room.unlimited.capacity == .max)
    }
}

private func withLogbook(_ body: (Logbook) throws -> Void) throws {
    try withTemporaryDirectory { directory in
        let bell = try Bell(directory + "/bell", .readWrite)
        try withExtendedLifetime(bell) { try body(bell.logbook) }
    }
}

private func second(_ number: UInt64) -> BootTime { BootTime(nanoseconds: number * 1_000_000_000) }

private func stopInAnotherProcess(_ path: String) async {
    await #expect(processExitsWith: .success) { [path = path as String] in try stopInsideTransaction(path) }
}

private func stopInsideTransaction(_ path: String) throws {
    try openStore(path).write { _ in
        try writeFile(path + ".inside", Array("\(getpid())".utf8))
        raise(SIGSTOP)
    }
}

private func readNumber(_ path: String) throws -> Int32? { Int32(String(decoding: try readFile(path), as: UTF8.self)) }

/// The signal that stops a process comes a moment after it has said that it will.
private func waitUntilStopped(_ process: Int32) throws {
    while true {
        let words = String(decoding: try readFile("/proc/\(process)/stat"), as: UTF8.self)
        if words.contains(") T ") { return }
        sched_yield()
    }
}

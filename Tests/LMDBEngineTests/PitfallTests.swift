// What goes wrong with LMDB without any error; the article Pitfalls of the module names the test of each.

import Glibc
@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

@Suite struct `LMDB's own locks` {
    /// Closing any descriptor of lock.mdb would drop them, and let a second writer in.
    @Test func `are kept, whatever this process does with the store`() throws {
        try withTemporaryStore { store throws in
            try increment(store, times: 1)
            let before = try locks(of: store.directory + "/lock.mdb")
            #expect(!before.isEmpty)
            _ = try openStore(store.directory, .readOnly)
            let created = try Environment.create(at: store.directory, buckets: conformanceBuckets) { _ in }
            #expect(created == .alreadyExisted)
            let directory = StoreDirectory(path: store.directory)
            _ = try directory.examined()
            _ = try directory.bucketNames()
            _ = (try store.information(), try store.tidyUp(), store.writerHolder(), try store.room())
            #expect(try locks(of: store.directory + "/lock.mdb") == before)
        }
    }

    /// liblmdb 0.9.26 to 0.9.31 fail when one process closes while another opens.
    @Test(.timeLimit(.minutes(20)))
    func `are made and given back by many processes at once without an error`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            await withTaskGroup { group in
                for _ in 0..<3 {
                    group.addTask {
                        await #expect(processExitsWith: .success) { [path = path as String] in
                            for _ in 0..<40 { try increment(openStore(path), times: 1) }
                        }
                    }
                }
            }
            #expect(try openCount(path) == 120)
        }
    }
}

@Suite struct `A snapshot that was taken badly` {
    /// A thread that is kept from running while it takes its snapshot may find pages missing that are there.
    @Test func `is taken once more, and only once`() throws {
        try withTemporaryStore { store throws in
            var looks = 0
            let found = try store.read { transaction in
                looks += 1
                if looks == 1 { throw EnvironmentError.lmdb(-30_797, "mdb_get", "store") }
                return try transaction.count()
            }
            #expect(found == 0 && looks == 2)
            let outcome = code {
                try store.read { _ in
                    looks += 1
                    throw EnvironmentError.lmdb(-30_797, "mdb_get", "store")
                }
            }
            #expect(outcome == .damaged && looks == 4)
        }
    }
}

@Suite struct `An environment that failed` {
    /// That a flush that fails comes to this is shown by the built command on a disk that fails (SystemTests).
    @Test func `is neither read nor written any more`() throws {
        try withTemporaryStore { store throws in
            try increment(store, times: 1)
            store.refuseEverything(because: EnvironmentError(.failedEarlier, "the disk has gone"))
            #expect(code { try store.read { try $0.count() } } == .failedEarlier)
            #expect(code { try increment(store, times: 1) } == .failedEarlier)
            #expect(code { try store.room() } == .failedEarlier)
            let error = #expect(throws: EnvironmentError.self) { try store.read { try $0.count() } }
            #expect(error?.message == "the disk has gone")
        }
    }
}

@Suite struct `The map of a process` {
    /// Replaced under a snapshot it would be a SIGSEGV, and no error.
    @Test func `is replaced only when no snapshot of the process is open`() throws {
        let gate = Gate()
        let (opened, finish, done) = (Monitor(false), Monitor(false), Monitor(false))
        let reader = OSThread {
            gate.passing(.read) {
                opened.withLock { $0 = true }
                finish.when({ $0 }) { _ in }
                // A thread that is inside already is not kept waiting by who wants to be alone.
                gate.passing(.read) {}
                done.withLock { $0 = true }
            }
        }
        opened.when({ $0 }) { _ in }
        let replacer = OSThread {
            var wasDone = false
            #expect(gate.alone { wasDone = done.withLock { $0 } })
            return wasDone
        }
        finish.withLock { $0 = true }
        #expect(try replacer.join())
        try reader.join()
        #expect(gate.passing(.read) { gate.alone {} } == false)
    }
}

/// What the kernel says of this process's locks on a file: by descriptor, for its list of all locks of the machine is
/// read in parts, and leaves some out when others come and go meanwhile.
private func locks(of path: String) throws -> Set<String> {
    var (file, opened) = (stat(), stat())
    guard stat(path, &file) == 0 else { throw Failure("stat \(path): errno \(errno)") }
    let descriptors = try directoryListing("/proc/self/fd").filter { name in
        stat("/proc/self/fd/\(name)", &opened) == 0 && (opened.st_dev, opened.st_ino) == (file.st_dev, file.st_ino)
    }
    let lines = try descriptors.flatMap { name in
        String(decoding: try readFile("/proc/self/fdinfo/\(name)"), as: UTF8.self).split(separator: "\n").map(
            String.init)
    }
    return Set(lines.filter { $0.hasPrefix("lock:") })
}

// The MDB_env itself: opening it with everything that can go wrong, and the calls that concern all of it. One data file
// is open at most once in a process, which the registry sees to.

import CLMDB
import CLinux
import Glibc
import OrderedStore
import Synchronization

@safe final class EnvironmentHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    let path: String
    /// The numbers LMDB gave the buckets, by their indexes.
    private(set) var databases: [MDB_dbi] = []
    /// The greatest size of the map. Changed only while the map is being replaced (Gate).
    private(set) var maximumSize: Int
    /// The bytes of the disk that are to be kept behind those in use.
    let reserve: Int
    /// Up to where they have been. Only who leads the writers of this process changes it.
    var reservedEnd = 0
    /// When the free pages were counted last.
    let lastCount = Mutex<FreeCount?>(nil)

    private init(_ pointer: OpaquePointer, _ request: Request) {
        unsafe self.pointer = pointer
        path = request.directory.path
        maximumSize = request.options.maximumSize
        reserve = request.durability == .volatile ? 0 : Self.durableReserve
    }

    /// There is no address space for a larger map than this.
    func lowerMaximum(to size: Int) { maximumSize = size }

    /// What to open, and how.
    struct Request {
        let directory: StoreDirectory
        let buckets: [Bucket]
        let access: Environment.Access
        let durability: Environment.Durability
        let options: Environment.Options
        /// The data file that was examined; nil: it is to be created.
        let identity: FileIdentity?
    }

    /// Opens the environment and all its buckets. Call it while others wait (OpenLock).
    static func opened(_ request: Request) throws -> EnvironmentHandle {
        let handle = try openedPatiently(request)
        do {
            if request.access == .readWrite { _ = try handle.checkReaders() }
            guard try handle.hasStaleReaderOfThisProcess() else { return handle }
            // A dead process had our id: no reader check clears its slot, but closing after a read does.
            try handle.reading { _ in }
            handle.close()
        } catch {
            handle.close()
            throw error
        }
        return try openedPatiently(request)
    }

    /// LMDB can fail with EINVAL or EAGAIN while another process, of another version, opens or closes.
    private static func openedPatiently(_ request: Request) throws -> EnvironmentHandle {
        let passing = [EINVAL, EAGAIN].map(EnvironmentError.Code.systemCall)
        for _ in 0..<3 {
            do {
                return try openedOnce(request)
            } catch let error as EnvironmentError where passing.contains(error.code) {
                usleep(10_000)
            }
        }
        return try openedOnce(request)
    }

    private static func openedOnce(_ request: Request) throws -> EnvironmentHandle {
        var mapSize = request.mapSize
        while true {
            var pointer: OpaquePointer?
            try check(unsafe mdb_env_create(&pointer), "mdb_env_create", request.directory.path)
            guard let pointer = unsafe pointer else { fatalError("mdb_env_create gave no environment") }
            let handle = unsafe EnvironmentHandle(pointer, request)
            do {
                try handle.open(request, mapSize: mapSize)
                return handle
            } catch let error as EnvironmentError
                where error.code == .systemCall(ENOMEM) && mapSize / 2 >= request.smallestMapSize
            {
                handle.close()
                mapSize /= 2
            } catch {
                handle.close()
                throw error
            }
        }
    }

    private func open(_ request: Request, mapSize: Int) throws {
        unsafe mdb_env_set_assert(pointer) { _, message in
            unsafe perish(message)
        }
        try check(unsafe mdb_env_set_mapsize(pointer, mapSize), "mdb_env_set_mapsize")
        try check(unsafe mdb_env_set_maxreaders(pointer, request.options.maximumReaders), "mdb_env_set_maxreaders")
        try check(unsafe mdb_env_set_maxdbs(pointer, MDB_dbi(request.buckets.count + 4)), "mdb_env_set_maxdbs")
        try check(unsafe mdb_env_open(pointer, request.directory.path, UInt32(request.flags), 0o660), "mdb_env_open")
        try protectDescriptor(request)
        try openBuckets(request)
    }

    /// LMDB calls a write that the disk had no room for, but which it took a part of, an EIO: this tells the two apart.
    /// - Returns: why there is no room; nil where there is.
    func lackOfRoom() -> CInt? {
        guard let descriptor = try? dataDescriptor() else { return nil }
        let status = linux_reserve_room(descriptor, 1 << 20)
        return [ENOSPC, EDQUOT, EFBIG].contains(status) ? status : nil
    }

    /// Whether a commit of this thread that failed had come to no flush. That flushes are counted at all is seen from
    /// one more, which must succeed, too.
    func hasNotFlushed(since flushesBefore: UInt64) -> Bool {
        guard linux_flushes_by_thread() == flushesBefore else { return false }
        return unsafe mdb_env_sync(pointer, 1) == MDB_SUCCESS && linux_flushes_by_thread() > flushesBefore
    }

    /// LMDB's own descriptor of the data file; it stays LMDB's.
    func dataDescriptor() throws -> CInt {
        var descriptor: CInt = -1
        try check(unsafe mdb_env_get_fd(pointer, &descriptor), "mdb_env_get_fd")
        return descriptor
    }

    /// Throws unless the file that LMDB has open holds every page that its newest meta page leads to.
    func requireWholeFile() throws {
        let borrowed = FileDescriptor(borrowing: try dataDescriptor(), "\(path)/data.mdb")
        try DataFile(descriptor: borrowed).requireWhole()
    }

    /// Keeps jobs from inheriting the data file, and makes sure it is the one that was examined.
    private func protectDescriptor(_ request: Request) throws {
        try check(linux_set_close_on_exec(try dataDescriptor()), "fcntl")
        if let expected = request.identity, expected != (try identity()) {
            throw ReplacedWhileOpening()
        }
    }

    /// Which file it is.
    func identity() throws -> FileIdentity {
        var status = stat()
        if unsafe fstat(try dataDescriptor(), &status) != 0 { throw EnvironmentError.system(errno, "fstat", path) }
        return FileIdentity(status)
    }

    /// Sets how the present write transaction, whose thread this is, and those after it are committed. LMDB looks at
    /// this flag in commits only, and those of this process come one after the other.
    func relax(_ isRelaxed: Bool) {
        var flags: UInt32 = 0
        var status = unsafe mdb_env_get_flags(pointer, &flags)
        if status == MDB_SUCCESS, (flags & UInt32(MDB_NOMETASYNC) != 0) != isRelaxed {
            status = unsafe mdb_env_set_flags(pointer, UInt32(MDB_NOMETASYNC), isRelaxed ? 1 : 0)
        }
        precondition(status == MDB_SUCCESS, "LMDB refuses to change a flag that can be changed: \(status)")
    }

    /// Frees what killed readers hold; answers how many there were.
    func checkReaders() throws -> Int {
        var dead: CInt = 0
        try check(unsafe mdb_reader_check(pointer, &dead), "mdb_reader_check")
        return Int(dead)
    }

    /// Ends the environment. No transaction may be open, and nothing may use it afterwards.
    func close() { unsafe mdb_env_close(pointer) }

    func check(_ status: CInt, _ call: String) throws {
        try Self.check(status, call, path)
    }

    private static func check(_ status: CInt, _ call: String, _ path: String) throws {
        if status != MDB_SUCCESS { throw EnvironmentError.lmdb(status, call, path) }
    }
}

/// What lies at the path is not what was examined a moment before.
struct ReplacedWhileOpening: Error {}

/// LMDB's assertions end here: nothing it does from now on could be trusted.
private func perish(_ message: UnsafePointer<CChar>?) {
    let reason = unsafe message.map { unsafe String(cString: $0) } ?? "an assertion"
    fatalError("LMDB found itself inconsistent: \(reason)")
}

extension EnvironmentHandle.Request {
    /// As large as it was last, when that can be known.
    var mapSize: Int {
        let file = try? DataFile(descriptor: FileDescriptor(directory.dataPath, O_RDONLY | O_NONBLOCK))
        return MapSize.opening(
            initial: options.initialMapSize, persisted: try? file?.newestMeta().mapSize, maximum: options.maximumSize)
    }

    /// Twice the present file: below that, going on makes no sense.
    var smallestMapSize: Int {
        var status = stat()
        let size = unsafe stat(directory.dataPath, &status) == 0 ? Int(status.st_size) : 0
        return max(2 * size, 64 << 20)
    }

    /// MDB_NOTLS: a reader belongs to its transaction, not to a thread.
    var flags: CInt {
        let access = access == .readOnly ? MDB_RDONLY : 0
        switch durability {
        case .full: return MDB_NOTLS | access
        case .volatile: return MDB_NOTLS | MDB_NOSYNC | access
        }
    }
}

// MARK: - Buckets

extension EnvironmentHandle {
    /// Opens all buckets in one transaction, which is committed: handles of an aborted one are dead.
    fileprivate func openBuckets(_ request: Request) throws {
        var found: [MDB_dbi?] = []
        try reading { transaction in
            found = try request.buckets.map { try transaction.open($0, 0) }
        }
        if found.contains(nil) {
            if request.identity != nil { throw missing(request, found) }
            try writing { transaction in
                found = try request.buckets.map { try transaction.open($0, MDB_CREATE) }
            }
        }
        databases = found.compactMap(\.self)
    }

    /// Buckets are made in a new store only: another version's stays as it is.
    private func missing(_ request: Request, _ found: [MDB_dbi?]) -> EnvironmentError {
        let names = zip(request.buckets, found).filter { $0.1 == nil }.map(\.0.name).joined(separator: ", ")
        if found.allSatisfy({ $0 == nil }) {
            return EnvironmentError(.notAStore, "\(path): LMDB data, but not of this program: no bucket \(names)")
        }
        return EnvironmentError(
            .versionMismatch,
            "\(path): made by another version: no bucket \(names). Use the version that made it; nothing was changed.")
    }

    /// Runs `body` in a read transaction that is committed, so that handles opened in it stay.
    func reading(_ body: (TransactionHandle) throws -> Void) throws { try managing(MDB_RDONLY, body) }
    private func writing(_ body: (TransactionHandle) throws -> Void) throws { try managing(0, body) }

    private func managing(_ flags: CInt, _ body: (TransactionHandle) throws -> Void) throws {
        let transaction = try TransactionHandle.begun(self, flags: flags)
        do {
            try body(transaction)
        } catch {
            transaction.abort()
            throw error
        }
        try transaction.commit()
    }
}

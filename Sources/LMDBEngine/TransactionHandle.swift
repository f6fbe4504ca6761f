// What snapshots and write transactions have in common: an MDB_txn, and looking things up in it.

import CLMDB
import Glibc
import OrderedStore

@safe struct TransactionHandle {
    let pointer: OpaquePointer
    let environment: EnvironmentHandle

    static func begun(_ environment: EnvironmentHandle, flags: CInt) throws -> TransactionHandle {
        var pointer: OpaquePointer?
        var status = unsafe mdb_txn_begin(environment.pointer, nil, UInt32(flags), &pointer)
        if status == MDB_READERS_FULL, try environment.checkReaders() > 0 {
            status = unsafe mdb_txn_begin(environment.pointer, nil, UInt32(flags), &pointer)
        }
        try environment.check(status, "mdb_txn_begin")
        guard let pointer = unsafe pointer else { fatalError("mdb_txn_begin gave no transaction") }
        return unsafe TransactionHandle(pointer: pointer, environment: environment)
    }

    static func begun(inside parent: TransactionHandle) throws -> TransactionHandle {
        var pointer: OpaquePointer?
        let environment = parent.environment
        let status = unsafe mdb_txn_begin(environment.pointer, parent.pointer, 0, &pointer)
        try environment.check(status, "mdb_txn_begin")
        guard let pointer = unsafe pointer else { fatalError("mdb_txn_begin gave no transaction") }
        return unsafe TransactionHandle(pointer: pointer, environment: environment)
    }

    func abort() { unsafe mdb_txn_abort(pointer) }

    /// The transaction is gone afterwards, whatever the outcome.
    func commit() throws {
        try environment.check(unsafe mdb_txn_commit(pointer), "mdb_txn_commit")
    }

    /// LMDB's number of a bucket, from its name; nil: there is no such bucket. Only while the environment opens.
    func open(_ bucket: Bucket, _ flags: CInt) throws -> MDB_dbi? {
        var database: MDB_dbi = 0
        let status = unsafe mdb_dbi_open(pointer, bucket.name, UInt32(flags), &database)
        if status == MDB_NOTFOUND { return nil }
        try environment.check(status, "mdb_dbi_open")
        return database
    }

    func database(_ bucket: Bucket) -> MDB_dbi {
        precondition(
            environment.databases.indices.contains(bucket.index),
            "the environment was opened without the bucket \(bucket.name)")
        return environment.databases[bucket.index]
    }

    func get<Result>(_ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result) throws -> Result {
        try requireKeySize(key)
        var value = unsafe MDB_val()
        let status = unsafe key.withUnsafeBufferPointer { bytes in
            var key = unsafe MDB_val(bytes)
            return unsafe mdb_get(pointer, database(bucket), &key, &value)
        }
        if status == MDB_NOTFOUND { return try body(nil) }
        try environment.check(status, "mdb_get")
        return try body(unsafe value.bytes.span)
    }

    func scan(
        _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
        _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
    ) throws {
        if let upper = range.upper, !range.lower.lexicographicallyPrecedes(upper) { return }
        let cursor = unsafe try openCursor(bucket)
        defer { unsafe mdb_cursor_close(cursor) }
        var (key, value) = unsafe (MDB_val(), MDB_val())
        var status = unsafe Self.seek(cursor, range, order, &key, &value)
        let step = order == .ascending ? MDB_NEXT : MDB_PREV
        while status == MDB_SUCCESS {
            if unsafe Self.isBeyond(key, range, order) { return }
            if case .stop = try body(unsafe key.bytes.span, unsafe value.bytes.span) { return }
            status = unsafe mdb_cursor_get(cursor, &key, &value, step)
        }
        if status != MDB_NOTFOUND { try environment.check(status, "mdb_cursor_get") }
    }

    func openCursor(_ bucket: Bucket) throws -> OpaquePointer {
        var cursor: OpaquePointer?
        try environment.check(unsafe mdb_cursor_open(pointer, database(bucket), &cursor), "mdb_cursor_open")
        guard let cursor = unsafe cursor else { fatalError("mdb_cursor_open gave no cursor") }
        return unsafe cursor
    }

    /// Goes to the first entry of the scan, or to one that is already beyond it.
    private static func seek(
        _ cursor: OpaquePointer?, _ range: KeyRange, _ order: ScanOrder, _ key: inout MDB_val, _ value: inout MDB_val
    ) -> CInt {
        switch order {
        case .ascending:
            if range.lower.isEmpty { return unsafe mdb_cursor_get(cursor, &key, &value, MDB_FIRST) }
            return unsafe seek(cursor, atOrAfter: range.lower, &key, &value)
        case .descending:
            guard let upper = range.upper else { return unsafe mdb_cursor_get(cursor, &key, &value, MDB_LAST) }
            let status = unsafe seek(cursor, atOrAfter: upper, &key, &value)
            if status == MDB_NOTFOUND { return unsafe mdb_cursor_get(cursor, &key, &value, MDB_LAST) }
            return status == MDB_SUCCESS ? unsafe mdb_cursor_get(cursor, &key, &value, MDB_PREV) : status
        }
    }

    private static func seek(
        _ cursor: OpaquePointer?, atOrAfter bound: [UInt8], _ key: inout MDB_val, _ value: inout MDB_val
    ) -> CInt {
        unsafe bound.withUnsafeBufferPointer { bytes in
            unsafe key = MDB_val(bytes)
            return unsafe mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
        }
    }

    private static func isBeyond(_ key: MDB_val, _ range: KeyRange, _ order: ScanOrder) -> Bool {
        switch order {
        case .ascending:
            guard let upper = range.upper else { return false }
            return unsafe !precedes(key, upper)
        case .descending:
            return unsafe precedes(key, range.lower)
        }
    }

    private static func precedes(_ key: MDB_val, _ bound: [UInt8]) -> Bool {
        unsafe bound.withUnsafeBufferPointer { bound in
            guard let start = bound.baseAddress else { return false }
            let order = unsafe memcmp(key.mv_data, start, min(key.mv_size, bound.count))
            return unsafe order != 0 ? order < 0 : key.mv_size < bound.count
        }
    }
}

extension TransactionHandle {
    @inline(__always)
    func requireKeySize(_ key: Span<UInt8>) throws {
        if key.count < 1 || key.count > 511 { try refuseKey(key) }
    }

    @inline(never)
    private func refuseKey(_ key: Span<UInt8>) throws {
        throw EnvironmentError(.keySize, "\(environment.path): a key of \(key.count) bytes; keys have 1 to 511")
    }
}

extension MDB_val {
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }

    /// The bytes in LMDB's map; they live as long as the transaction, or until its next change.
    var bytes: UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: mv_data?.assumingMemoryBound(to: UInt8.self), count: mv_size)
    }
}

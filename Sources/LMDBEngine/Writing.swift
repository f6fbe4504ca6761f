import CLMDB
public import OrderedStore

extension Environment {
    /// The one write transaction of an LMDB environment. Only `write` makes one, and ends it on the same thread.
    public struct Writing: WriteTransaction, ~Copyable {
        let transaction: TransactionHandle
        private let cursors: CursorTable
        /// False: ended by the commit.
        private var isOpen = true
        /// The first error that leaves nothing but to abort, should the body have gone on after it.
        private var failure: EnvironmentError?
        private(set) var interests: InterestSet = []

        init(_ environment: EnvironmentHandle) throws {
            transaction = try TransactionHandle.begun(environment, flags: 0)
            cursors = CursorTable(environment)
        }

        /// A part of `parent` that can be undone by itself; `parent` rests meanwhile.
        init(inside parent: borrowing Writing) throws {
            transaction = try TransactionHandle.begun(inside: parent.transaction)
            cursors = CursorTable(transaction.environment)
        }

        deinit {
            if isOpen { transaction.abort() }
            cursors.free()
        }

        public func get<Result>(
            _ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result
        ) throws -> Result {
            try transaction.requireKeySize(key)
            let cursor = unsafe try cursor(bucket)
            var value = unsafe MDB_val()
            let status = unsafe key.withUnsafeBufferPointer { bytes in
                var key = unsafe MDB_val(bytes)
                return unsafe mdb_cursor_get(cursor, &key, &value, MDB_SET)
            }
            if status == MDB_NOTFOUND { return try body(nil) }
            try transaction.environment.check(status, "mdb_cursor_get")
            return try body(unsafe value.bytes.span)
        }

        public func scan(
            _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
            _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
        ) throws {
            try transaction.scan(bucket, range, order, body)
        }

        public mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
            try put(key, value, in: bucket, flags: 0)
        }

        /// Puts a key. Where it sorts behind all others of its bucket, pages are filled to their end (MDB_APPEND).
        mutating func append(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
            // LMDB refuses to append what sorts before, and has changed nothing then.
            let status = try tryPut(key, value, in: bucket, flags: UInt32(MDB_APPEND))
            if status == MDB_KEYEXIST { return try put(key, value, in: bucket, flags: 0) }
            try require(status, "mdb_cursor_put")
        }

        @inline(__always)
        private mutating func put(
            _ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket, flags: UInt32
        ) throws {
            try require(tryPut(key, value, in: bucket, flags: flags), "mdb_cursor_put")
        }

        @inline(__always)
        private func tryPut(
            _ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket, flags: UInt32
        ) throws -> CInt {
            try transaction.requireKeySize(key)
            if value.count > UInt32.max { throw tooLarge(value.count) }
            let cursor = unsafe try cursor(bucket)
            return unsafe key.withUnsafeBufferPointer { key in
                unsafe value.withUnsafeBufferPointer { value in
                    var (key, value) = unsafe (MDB_val(key), MDB_val(value))
                    return unsafe mdb_cursor_put(cursor, &key, &value, flags)
                }
            }
        }

        @discardableResult
        public mutating func delete(_ key: Span<UInt8>, in bucket: Bucket) throws -> Bool {
            try transaction.requireKeySize(key)
            let cursor = unsafe try cursor(bucket)
            let found = unsafe key.withUnsafeBufferPointer { bytes in
                var (key, value) = unsafe (MDB_val(bytes), MDB_val())
                return unsafe mdb_cursor_get(cursor, &key, &value, MDB_SET)
            }
            if found == MDB_NOTFOUND { return false }
            try require(found, "mdb_cursor_get")
            try require(unsafe mdb_cursor_del(cursor, 0), "mdb_cursor_del")
            return true
        }

        /// Commits this transaction, and further ones of this process, with one flush each: a power cut may take the
        /// last commit, and the rest survives (MDB_NOMETASYNC). Or again as ``Durability/full`` says. For who keeps in
        /// the store itself how durable it is. Not where nothing is durable.
        public mutating func relax(_ isRelaxed: Bool) { transaction.environment.relax(isRelaxed) }

        public mutating func notify(_ interests: InterestSet) { self.interests.formUnion(interests) }

        /// Makes the changes durable. LMDB's transaction is gone afterwards, whatever the outcome.
        consuming func commit() throws {
            if let failure { throw failure }
            isOpen = false
            try transaction.commit()
        }

        private func cursor(_ bucket: Bucket) throws -> OpaquePointer {
            unsafe try cursors.cursor(bucket, of: transaction)
        }

        /// After a failed change LMDB takes no more; only the first error says why.
        @inline(__always)
        private mutating func require(_ status: CInt, _ call: StaticString) throws {
            if status != MDB_SUCCESS { throw failed(status, "\(call)") }
        }

        @inline(never)
        private mutating func failed(_ status: CInt, _ call: String) -> EnvironmentError {
            let error = EnvironmentError.lmdb(status, call, transaction.environment.path)
            failure = failure ?? error
            return error
        }

        private func tooLarge(_ count: Int) -> EnvironmentError {
            EnvironmentError(
                .valueSize,
                "\(transaction.environment.path): a value of \(count) bytes; values have at most 4294967295")
        }
    }
}

@available(*, unavailable)
extension Environment.Writing: Sendable {}

import CLMDB
public import OrderedStore

extension Environment {
    /// The one write transaction of an LMDB environment. Only `write` makes one, and ends it on the same thread.
    public struct Writing: WriteTransaction, ~Copyable {
        /// Nil: ended by the commit.
        private var transaction: TransactionHandle?
        /// The first error that leaves nothing but to abort, should the body have gone on after it.
        private var failure: EnvironmentError?
        private(set) var interests: InterestSet = []

        init(_ environment: EnvironmentHandle) throws {
            transaction = try TransactionHandle.begun(environment, flags: 0)
        }

        /// A part of `parent` that can be undone by itself; `parent` rests meanwhile.
        init(inside parent: borrowing Writing) throws {
            transaction = try TransactionHandle.begun(inside: parent.open)
        }

        deinit { transaction?.abort() }

        public func get<Result>(
            _ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result
        ) throws -> Result {
            try open.get(key, in: bucket, body)
        }

        public func scan(
            _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
            _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
        ) throws {
            try open.scan(bucket, range, order, body)
        }

        public mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
            try open.requireKeySize(key)
            try requireValueSize(value)
            let status = unsafe key.withUnsafeBufferPointer { key in
                unsafe value.withUnsafeBufferPointer { value in
                    var (key, value) = unsafe (MDB_val(key), MDB_val(value))
                    return unsafe mdb_put(open.pointer, open.database(bucket), &key, &value, 0)
                }
            }
            try require(status, "mdb_put")
        }

        @discardableResult
        public mutating func delete(_ key: Span<UInt8>, in bucket: Bucket) throws -> Bool {
            try open.requireKeySize(key)
            let status = unsafe key.withUnsafeBufferPointer { key in
                var key = unsafe MDB_val(key)
                return unsafe mdb_del(open.pointer, open.database(bucket), &key, nil)
            }
            if status == MDB_NOTFOUND { return false }
            try require(status, "mdb_del")
            return true
        }

        public mutating func notify(_ interests: InterestSet) { self.interests.formUnion(interests) }

        /// Makes the changes durable. LMDB's transaction is gone afterwards, whatever the outcome.
        consuming func commit() throws {
            if let failure { throw failure }
            let ending = open
            transaction = nil
            try ending.commit()
        }

        var open: TransactionHandle {
            guard let transaction else { fatalError("a transaction used after its commit") }
            return transaction
        }

        /// After a failed change LMDB takes no more; only the first error says why.
        private mutating func require(_ status: CInt, _ call: String) throws {
            if status == MDB_SUCCESS { return }
            let error = EnvironmentError.lmdb(status, call, open.environment.path)
            failure = failure ?? error
            throw error
        }

        private func requireValueSize(_ value: Span<UInt8>) throws {
            if value.count <= UInt32.max { return }
            throw EnvironmentError(
                .valueSize, "\(open.environment.path): a value of \(value.count) bytes; values have at most 4294967295")
        }
    }
}

@available(*, unavailable)
extension Environment.Writing: Sendable {}

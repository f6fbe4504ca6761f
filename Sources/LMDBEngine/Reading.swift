import CLMDB
public import OrderedStore

extension Environment {
    /// One snapshot of an LMDB environment. Only `read` makes one.
    public struct Reading: ReadTransaction, ~Copyable {
        let transaction: TransactionHandle

        init(_ environment: EnvironmentHandle) throws {
            transaction = try TransactionHandle.begun(environment, flags: MDB_RDONLY)
        }

        deinit { transaction.abort() }

        public func get<Result>(
            _ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result
        ) throws -> Result {
            try transaction.get(key, in: bucket, body)
        }

        public func scan(
            _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
            _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
        ) throws {
            try transaction.scan(bucket, range, order, body)
        }
    }
}

@available(*, unavailable)
extension Environment.Reading: Sendable {}

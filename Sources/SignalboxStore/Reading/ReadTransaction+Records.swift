internal import OrderedStore
internal import SignalboxCore

/// Typed reading, the same on a snapshot and inside a write.
extension ReadTransaction where Self: ~Copyable {
    @inline(__always)
    func fetch<Value: Record>(_: Value.Type, _ key: Key, in bucket: Bucket) throws -> Value? {
        try fetch(Value.self, key.span, in: bucket)
    }

    @inline(__always)
    func fetch<Value: Record>(_: Value.Type, _ key: Span<UInt8>, in bucket: Bucket) throws -> Value? {
        try get(key, in: bucket) { found in
            guard let found else { return nil }
            do {
                return try Value(record: found, key: key)
            } catch {
                throw StoreError.damaged(bucket.name, hexadecimal(copied(key)), error)
            }
        }
    }

    func contains(_ key: Key, in bucket: Bucket) throws -> Bool { try contains(key.span, in: bucket) }

    func contains(_ key: Span<UInt8>, in bucket: Bucket) throws -> Bool {
        try get(key, in: bucket) { $0 != nil }
    }

    /// The keys of `range` in order, at most `limit` of them.
    func keys(
        _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder = .ascending, limit: Int
    ) throws -> [[UInt8]] {
        var keys: [[UInt8]] = []
        guard limit > 0 else { return keys }
        try scan(bucket, range, order) { key, _ in
            keys.append(copied(key))
            return keys.count < limit ? .next : .stop
        }
        return keys
    }

    /// The records of `range` in order, with their keys.
    func records<Value: Record>(
        _: Value.Type, _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder = .ascending,
        _ body: (_ key: [UInt8], Value) throws -> ScanStep
    ) throws {
        try scan(bucket, range, order) { key, value in
            let found: Value
            do {
                found = try Value(record: value, key: key)
            } catch {
                throw StoreError.damaged(bucket.name, hexadecimal(copied(key)), error)
            }
            return try body(copied(key), found)
        }
    }
}

/// The bytes of a span that is about to end.
func copied(_ span: Span<UInt8>) -> [UInt8] {
    [UInt8](capacity: span.count) { output in
        for index in span.indices { output.append(span[index]) }
    }
}

/// A key as a person can compare it.
func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return bytes.reduce(into: "") { $0 += [digits[Int($1 >> 4)], digits[Int($1 & 15)]].map(String.init).joined() }
}

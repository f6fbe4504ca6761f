internal import OrderedStore

/// Typed writing.
extension WriteTransaction where Self: ~Copyable {
    mutating func keep(_ value: some Record, _ key: Key, in bucket: Bucket) throws {
        let record = value.record(under: key)
        let name = key.bytes
        try put(name.span, record.span, in: bucket)
    }
}

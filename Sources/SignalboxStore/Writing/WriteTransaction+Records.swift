internal import OrderedStore

/// Typed writing.
extension WriteTransaction where Self: ~Copyable {
    mutating func keep(_ value: some Record, _ key: Key, in bucket: Bucket) throws {
        var writer = RecordWriter()
        value.write(under: key.span, to: &writer)
        try put(key.span, writer.span, in: bucket)
    }
}

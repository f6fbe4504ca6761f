internal import OrderedStore
internal import SignalboxCore

/// A value that is kept as one record.
protocol Record {
    /// Raised by every change of the fields or their order.
    static var layout: UInt8 { get }
    func write(to writer: inout RecordWriter)
    static func read(from reader: inout RecordReader) throws -> Self
}

extension Record {
    /// The bytes to keep under `key`.
    func record(under key: Key) -> [UInt8] {
        var writer = RecordWriter()
        write(under: key.span, to: &writer)
        return copied(writer.span)
    }

    /// Leaves the bytes to keep under `key` in `writer`.
    @inline(__always)
    func write(under key: Span<UInt8>, to writer: inout RecordWriter) {
        writer.begin(layout: Self.layout)
        write(to: &writer)
        writer.seal(under: key)
    }

    /// The value in the bytes found under `key`.
    @inline(__always)
    init(record bytes: Span<UInt8>, key: Span<UInt8>) throws {
        var reader = try RecordReader(bytes, key: key)
        guard reader.layout == Self.layout else { throw RecordFault.layout(reader.layout) }
        self = try Self.read(from: &reader)
        try reader.finish()
    }
}

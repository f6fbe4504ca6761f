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
        var writer = RecordWriter(layout: Self.layout)
        write(to: &writer)
        return writer.sealed(under: key)
    }

    /// The value in the bytes found under `key`.
    init(record bytes: Span<UInt8>, key: Span<UInt8>) throws {
        var reader = try RecordReader(bytes, key: key)
        guard reader.layout == Self.layout else { throw RecordFault.layout(reader.layout) }
        self = try Self.read(from: &reader)
        try reader.finish()
    }
}

public import OrderedStore
internal import SignalboxCore

/// Writes a dump, entry by entry: those of a snapshot, or those that could be read from a damaged file.
public struct DumpWriter {
    /// So many bytes are handed on at once.
    private static let chunk = 1 << 20

    private let sink: (Span<UInt8>) throws -> Void
    private var encoder: DumpEncoder
    private var output = ByteBuffer(capacity: chunk + (1 << 16))
    private var hash = SHA256()
    /// How many records were written so far.
    public private(set) var counts = DumpCounts()

    /// Begins with the header.
    /// - Parameter sink: takes the bytes of the dump, in order.
    public init(_ header: DumpHeader, sink: @escaping (Span<UInt8>) throws -> Void) throws {
        self.sink = sink
        encoder = DumpEncoder(redacts: !header.hasSecrets)
        let line = try header.line()
        output.put(line.span)
    }

    /// Writes an entry, which must stand behind those before: in the order of buckets, and of keys in one. What dumps leave
    /// out (indexes, and facts of a boot) is passed over.
    /// - Throws: ``DumpRecordError`` when the record cannot be believed; then nothing of it is in the dump.
    public mutating func put(_ bucket: Bucket, key: Span<UInt8>, record: Span<UInt8>) throws {
        guard let kind = DumpKind(bucket), kind.holds(key) else { return }
        let start = output.count
        do {
            try encoder.put(kind, key: key, record: record, to: &output)
        } catch {
            output.cut(to: start)
            throw DumpRecordError(bucket: bucket, key: copied(key), reason: "\(error)")
        }
        counts[kind] += 1
        if output.count >= Self.chunk { try flush() }
    }

    /// Ends with the footer.
    public mutating func finish() throws {
        try flush()
        let footer = DumpFooter(counts: counts, digest: hash.hexadecimalDigest)
        let line = try footer.line()
        output.put(line.span)
        try flush()
    }

    private mutating func flush() throws {
        var hash = hash
        hash.add(output.span)
        self.hash = hash
        try sink(output.span)
        output.cut()
    }
}

/// A record that cannot be believed, and so stands in no dump.
public struct DumpRecordError: Error, Hashable, CustomStringConvertible {
    public let bucket: Bucket
    public let key: [UInt8]
    public let reason: String

    public var description: String {
        "the record \(hexadecimal(key)) in \(bucket.name) cannot be believed: \(reason)"
    }
}

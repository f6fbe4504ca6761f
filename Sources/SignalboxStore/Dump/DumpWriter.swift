public import OrderedStore
internal import SignalboxCore

/// Writes a dump, entry by entry: those of a snapshot, or those that could be read from a damaged file.
public struct DumpWriter {
    private let handOn: (inout DumpPiece) throws -> Void
    private var encoder: DumpEncoder
    private var piece = DumpPiece()
    /// The newest bucket, and the kind that shows its records.
    private var newest: (bucket: Bucket, kind: DumpKind?)?
    /// How many records were written so far.
    public private(set) var count = 0
    /// The same by kinds, but for the newest kind.
    private var counts = DumpCounts()
    private var countOfKind = 0

    /// Begins with the header.
    /// - Parameter handOn: takes what is in a piece and leaves another in its place, with nothing in it: see
    ///   ``DumpOutlet``.
    public init(_ header: DumpHeader, handOn: @escaping (inout DumpPiece) throws -> Void) throws {
        self.handOn = handOn
        encoder = DumpEncoder(redacts: !header.hasSecrets)
        let line = try header.line()
        piece.bytes.put(line.span)
    }

    /// - Parameter sink: takes the bytes of the dump, in order.
    public init(_ header: DumpHeader, sink: @escaping (Span<UInt8>) throws -> Void) throws {
        var outlet = DumpOutlet(sink: sink)
        try self.init(header) { try outlet.take(&$0) }
    }

    /// Writes an entry, which must stand behind those before: in the order of buckets, and of keys in one. What dumps leave
    /// out (indexes, and facts of a boot) is passed over.
    /// - Throws: ``DumpRecordError`` when the record cannot be believed; then nothing of it is in the dump.
    public mutating func put(_ bucket: Bucket, key: Span<UInt8>, record: Span<UInt8>) throws {
        if bucket.index != newest?.bucket.index { begin(bucket) }
        guard let kind = newest?.kind, kind.holds(key) else { return }
        do {
            try encoder.put(kind, key: key, record: record, to: &piece.bytes)
        } catch {
            throw DumpRecordError(bucket: bucket, key: copied(key), reason: "\(error)")
        }
        count &+= 1
        countOfKind &+= 1
        if piece.bytes.count >= DumpPiece.size { try handOn(&piece) }
    }

    /// Ends with the footer.
    public mutating func finish() throws -> DumpCounts {
        endKind()
        piece.counts = counts
        try handOn(&piece)
        return counts
    }

    private mutating func begin(_ bucket: Bucket) {
        endKind()
        newest = (bucket, DumpKind(bucket))
    }

    private mutating func endKind() {
        if let kind = newest?.kind { counts[kind] += countOfKind }
        countOfKind = 0
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

internal import OrderedStore
internal import SignalboxCore

/// Turns entries of a store into lines of a dump.
struct DumpEncoder {
    /// Whether values that look secret are left out.
    var redacts = false
    private var line = ByteBuffer(capacity: 4096)

    init(redacts: Bool) { self.redacts = redacts }

    /// Appends the line of an entry, with its end, to `output`.
    /// - Throws: ``RecordFault`` when the record cannot be believed; what stands in `output` then is of no use behind
    ///   where it was.
    mutating func put(
        _ kind: DumpKind, key: Span<UInt8>, record: Span<UInt8>, to output: inout ByteBuffer
    ) throws {
        let reader = try RecordReader(record, key: key)
        let layout = if let known = kind.layout { known } else { StoreFact(key: key)?.layout }
        guard reader.layout == layout else { throw RecordFault.layout(reader.layout) }
        let body = record.extracting(1..<record.count - 4)
        var lent = ByteBuffer(capacity: 0)
        swap(&lent, &output)
        var transcript = Transcript(printing: body, key: key, into: lent, redacts: redacts)
        lent = ByteBuffer(capacity: 0)
        defer { swap(&transcript.output, &output) }
        transcript.begin(kind: kind.rawValue)
        try transcript.fields(of: kind)
        try transcript.endObject()
        try transcript.finish()
        transcript.output.put(UInt8(ascii: "\n"))
    }
}

/// Turns lines of a dump into entries of a store.
struct DumpDecoder {
    private(set) var kind = DumpKind.meta
    private var keyBuffer = ByteBuffer(capacity: 512)
    private var recordBuffer = ByteBuffer(capacity: 4096)

    /// The key and the record that the newest line has given.
    var key: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { keyBuffer.span }
    }
    var record: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { recordBuffer.span }
    }

    /// Takes a line, without its end.
    /// - Throws: ``DumpFault`` when it is not exactly what ``DumpEncoder`` writes for an entry.
    mutating func take(_ line: Span<UInt8>) throws {
        keyBuffer.cut()
        recordBuffer.cut()
        var (lentRecord, lentKey) = (ByteBuffer(capacity: 0), ByteBuffer(capacity: 0))
        swap(&lentRecord, &recordBuffer)
        swap(&lentKey, &keyBuffer)
        var transcript = Transcript(parsing: line, into: lentRecord, key: lentKey)
        defer {
            swap(&transcript.output, &recordBuffer)
            swap(&transcript.keyOutput, &keyBuffer)
        }
        kind = try transcript.parseKnownKind(after: kind)
        // Where the key says the layout, it is put over this when that is read.
        transcript.output.put(kind.layout ?? 0)
        try transcript.fields(of: kind)
        try transcript.endObject()
        try transcript.finish()
        transcript.seal()
    }
}

extension Transcript {
    @_lifetime(self: copy self)
    mutating func parseKnownKind(after newest: DumpKind) throws -> DumpKind {
        let word = try parseKind()
        // Those of a kind stand together.
        if newest.rawValue.utf8.span.isEqual(to: word) { return newest }
        for kind in DumpKind.allCases where kind.rawValue.utf8.span.isEqual(to: word) { return kind }
        throw DumpFault(
            column: 9, reason: "expected one of \(DumpKind.allCases.map(\.rawValue).joined(separator: ", "))")
    }

    /// Ends the record that was made, bound to its key.
    @_lifetime(self: copy self)
    mutating func seal() {
        var checksum = CRC32C()
        checksum.add(keyOutput.span)
        checksum.add(output.span)
        output.put(littleEndian: checksum.value)
    }
}

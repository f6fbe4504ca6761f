internal import OrderedStore
internal import SignalboxCore

/// Turns entries of a store into lines of a dump.
struct DumpEncoder {
    /// Whether values that look secret are left out.
    let redacts: Bool
    private var day = DayText()
    /// What the newest line began with, as most lines behind it do.
    private var beginning = KindBeginning(.meta)

    init(redacts: Bool) { self.redacts = redacts }

    /// Appends the line of an entry, with its end, to `output`.
    /// - Throws: ``RecordFault`` when the record cannot be believed; what stands in `output` then is as it was.
    mutating func put(
        _ kind: DumpKind, key: Span<UInt8>, record: Span<UInt8>, to output: inout ByteBuffer
    ) throws {
        let reader = try RecordReader(record, key: key)
        let layout = if let known = kind.layout { known } else { StoreFact(key: key)?.layout }
        guard reader.layout == layout else { throw RecordFault.layout(reader.layout) }
        let body = record.extracting(1..<record.count - 4)
        if kind != beginning.kind { beginning = KindBeginning(kind) }
        while try !fits(kind, key: key, body: body, to: &output) { output.grow() }
    }

    /// The same; false when there was not enough room for the line.
    private mutating func fits(
        _ kind: DumpKind, key: Span<UInt8>, body: Span<UInt8>, to output: inout ByteBuffer
    ) throws -> Bool {
        var transcript = Transcript(printing: body, key: key, into: output.output(), redacts: redacts, day: day)
        transcript.begin(beginning.text)
        try transcript.fields(of: kind)
        try transcript.endObject()
        try transcript.finish()
        transcript.output.put(UInt8(ascii: "\n"))
        let (end, isWhole) = (transcript.output.count, !transcript.needsMoreRoom)
        day = transcript.day
        if isWhole { output.keep(end) }
        return isWhole
    }
}

/// Turns lines of a dump into entries of a store.
struct DumpDecoder {
    private var beginning = KindBeginning(.meta)
    private var keyBuffer = ByteBuffer(capacity: 1024)
    private var recordBuffer = ByteBuffer(capacity: 4096)
    private var day = DayText()

    /// Of the newest line.
    var kind: DumpKind { beginning.kind }
    /// The key and the record that the newest line has given.
    var key: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { keyBuffer.span }
    }
    var record: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { recordBuffer.span }
    }

    func copyKey(to buffer: inout ByteBuffer) {
        buffer.cut()
        buffer.put(keyBuffer.span)
    }

    /// Takes a line, without its end.
    /// - Throws: ``DumpFault`` when it is not exactly what ``DumpEncoder`` writes for an entry.
    mutating func take(_ line: Span<UInt8>) throws {
        while try !fits(line) {
            keyBuffer.grow()
            recordBuffer.grow()
        }
    }

    /// The same; false when there was not enough room for the entry.
    private mutating func fits(_ line: Span<UInt8>) throws -> Bool {
        keyBuffer.cut()
        recordBuffer.cut()
        return try Self.parse(line, into: &recordBuffer, key: &keyBuffer, &day, &beginning)
    }

    /// Each part of the decoder by itself, for two of them are lent meanwhile.
    private static func parse(
        _ line: Span<UInt8>, into record: inout ByteBuffer, key: inout ByteBuffer, _ day: inout DayText,
        _ beginning: inout KindBeginning
    ) throws -> Bool {
        var transcript = Transcript(parsing: line, into: record.output(), key: key.output(), day: day)
        do {
            try transcript.entry(&beginning)
        } catch {
            // What was left out may have been missed later.
            guard transcript.needsMoreRoom else { throw error }
        }
        let (recordEnd, keyEnd) = (transcript.output.count, transcript.keyOutput.count)
        let isWhole = !transcript.needsMoreRoom
        day = transcript.day
        guard isWhole else { return false }
        record.keep(recordEnd)
        key.keep(keyEnd)
        return true
    }
}

extension Transcript {
    /// Makes the key and the record of a line.
    @_lifetime(self: copy self)
    fileprivate mutating func entry(_ beginning: inout KindBeginning) throws {
        // Those of a kind stand together.
        if !takeBeginning(beginning.text) { beginning = KindBeginning(try parseKnownKind()) }
        let kind = beginning.kind
        // Where the key says the layout, it is put over this when that is read.
        output.put(kind.layout ?? 0)
        try fields(of: kind)
        try endObject()
        try finish()
        seal()
    }
}

/// What the lines of a kind begin with.
private struct KindBeginning {
    let kind: DumpKind
    let text: LineText

    init(_ kind: DumpKind) {
        self.kind = kind
        text = Transcript.beginning(kind.rawValue)
    }
}

extension Transcript {
    @_lifetime(self: copy self)
    mutating func parseKnownKind() throws -> DumpKind {
        let word = try parseKind()
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

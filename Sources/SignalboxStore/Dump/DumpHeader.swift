internal import OrderedStore
public import SignalboxCore

/// What the first line of a dump says of the rest. It has no time of its own: of the same state of a store, every dump is
/// the same, byte for byte.
public struct DumpHeader: Hashable, Sendable {
    /// Raised by every change of what lines look like.
    public static let currentVersion: UInt32 = 1

    public var version: UInt32 = currentVersion
    /// The format of the store that the records are of.
    public var storeFormat: UInt32
    public var storeID: String
    /// The newest transaction in it that changed something a reader can see.
    public var sequence: UInt64
    /// When that was; nil where no event is kept.
    public var changedAt: Instant?
    /// Whether values that look secret are in it; else they are replaced by ``redactionMark``.
    public var hasSecrets: Bool
    /// Only these jobs, and what is theirs; empty: all.
    public var jobs: [JobName] = []
    /// Only dispatches that have not ended, or ended since then; nil: all.
    public var since: Instant?
    /// It was read from a damaged file, with what could not be read left out.
    public var isSalvaged = false

    /// Whether something of the store was left out on purpose.
    public var isFiltered: Bool { !jobs.isEmpty || since != nil }
}

/// On its way to its line, and back, it is treated like any record.
extension DumpHeader: Record {
    static var layout: UInt8 { 1 }
    static let kind = "header"
    /// What every dump of this product begins with, of whatever version.
    static let beginning = #"{"kind":"header","dump":"signalbox","version":"#

    func write(to writer: inout RecordWriter) {
        writer.put(version)
        writer.put(storeFormat)
        writer.put(storeID)
        writer.put(sequence)
        writer.put(changedAt) { $0.put($1) }
        writer.put(hasSecrets)
        writer.put(each: jobs) { $0.put($1.text) }
        writer.put(since) { $0.put($1) }
        writer.put(isSalvaged)
    }

    static func read(from reader: inout RecordReader) throws -> DumpHeader {
        let version = try reader.number32()
        let format = try reader.number32()
        let storeID = try reader.text()
        let sequence = try reader.number64()
        let changedAt = try reader.flag() ? try reader.instant() : nil
        var header = DumpHeader(
            version: version, storeFormat: format, storeID: storeID, sequence: sequence, changedAt: changedAt,
            hasSecrets: try reader.flag())
        for _ in 0..<(try reader.count()) { header.jobs.append(try JobName(try reader.text())) }
        header.since = try reader.flag() ? try reader.instant() : nil
        header.isSalvaged = try reader.flag()
        return header
    }
}

/// What the last line of a dump says of those in front of it.
struct DumpFooter: Hashable {
    static let kind = "footer"

    /// How many lines there are of each kind.
    var counts = DumpCounts()
    /// Of everything in front of the footer's line, 64 digits of base 16.
    var digest = ""
}

extension DumpFooter: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(UInt64(counts.total))
        for kind in DumpKind.allCases { writer.put(UInt64(counts[kind])) }
        writer.put(digest)
    }

    static func read(from reader: inout RecordReader) throws -> DumpFooter {
        var footer = DumpFooter()
        let total = try reader.number64()
        for kind in DumpKind.allCases { footer.counts[kind] = Int(clamping: try reader.number64()) }
        footer.digest = try reader.text()
        guard total == UInt64(footer.counts.total) else { throw RecordFault.shape }
        return footer
    }
}

/// How many records of each kind a dump has.
public struct DumpCounts: Hashable, Sendable {
    /// By the buckets' indexes.
    private var counts = [Int](repeating: 0, count: Buckets.all.count)

    subscript(kind: DumpKind) -> Int {
        get { counts[kind.order] }
        set { counts[kind.order] = newValue }
    }

    /// By the kinds' words, in their order.
    public var byKind: [(kind: String, count: Int)] { DumpKind.allCases.map { ($0.rawValue, self[$0]) } }

    public var total: Int { counts.reduce(0) { $0.addingReportingOverflow($1).partialValue } }
}

extension Transcript {
    @_lifetime(self: copy self)
    mutating func dumpHeader() throws {
        try field("dump")
        if isPrinting {
            printWord("signalbox")
        } else {
            guard take("\"signalbox\"") else { throw fault(#"expected "signalbox""#) }
        }
        try number32("version")
        try number32("store_format")
        try text("store_id")
        try number64("seq")
        try optionalInstant("changed_at")
        try flag("secrets")
        var jobs = try beginList("jobs")
        while try nextElement(&jobs) { try name(of: .job) }
        try optionalInstant("since")
        try flag("salvaged")
    }

    @_lifetime(self: copy self)
    mutating func dumpFooter() throws {
        try number64("records")
        try field("counts")
        try beginObject()
        for kind in DumpKind.allCases { try number64(FieldName(kind.rawValue)) }
        try endObject()
        try text("sha256")
    }
}

extension Record {
    /// The line that shows it, with its end.
    fileprivate func line(
        kind: String, _ fields: (inout Transcript) throws -> Void
    ) throws -> [UInt8] {
        let record = record(under: Key())
        let body = record.span.extracting(1..<record.count - 4)
        var buffer = ByteBuffer(capacity: 4096)
        while true {
            var transcript = Transcript(printing: body, key: Span(), into: buffer.output(), redacts: false)
            transcript.begin(Transcript.beginning(kind))
            try fields(&transcript)
            try transcript.endObject()
            try transcript.finish()
            transcript.output.put(UInt8(ascii: "\n"))
            if !transcript.needsMoreRoom { return copied(transcript.output.span) }
            buffer.grow()
        }
    }

    /// The value that a line shows, which has no end.
    fileprivate init(
        line: Span<UInt8>, kind: String, _ fields: (inout Transcript) throws -> Void
    ) throws {
        // A record is never so much longer than the line.
        var buffer = ByteBuffer(capacity: 8 * line.count + 1024)
        let noKey = ByteOutput(MutableSpan(), count: 0)
        var transcript = Transcript(parsing: line, into: buffer.output(), key: noKey)
        guard try transcript.parseKind().isEqual(to: kind.utf8.span) else {
            throw DumpFault(column: 9, reason: "expected \(kind)")
        }
        transcript.output.put(Self.layout)
        try fields(&transcript)
        try transcript.endObject()
        try transcript.finish()
        transcript.seal()
        let record = copied(transcript.output.span)
        self = try Self(record: record.span, key: Span())
    }
}

extension DumpHeader {
    func line() throws -> [UInt8] { try line(kind: Self.kind) { try $0.dumpHeader() } }
    init(line: Span<UInt8>) throws { self = try Self(line: line, kind: Self.kind) { try $0.dumpHeader() } }
}

extension DumpFooter {
    func line() throws -> [UInt8] { try line(kind: Self.kind) { try $0.dumpFooter() } }
    init(line: Span<UInt8>) throws { self = try Self(line: line, kind: Self.kind) { try $0.dumpFooter() } }

    /// Whether a line is to be one: any other begins otherwise.
    static func isBegun(by line: Span<UInt8>) -> Bool {
        let beginning = #"{"kind":"footer""#
        return line.count >= beginning.utf8.count
            && line.extracting(first: beginning.utf8.count).isEqual(to: beginning.utf8.span)
    }
}

// Reads a dump and believes none of it: each line must be exactly what a dump writes for a record, the records must come in
// the order of a store, and the footer must count and hash them. Of a file of any size only a piece is in memory.

public import OrderedStore
internal import SignalboxCore

/// Takes a dump apart, entry by entry.
///
///     var reader = try DumpReader { try file.nextChunk() }
///     while try reader.next({ bucket, key, record in … }) {}
///
/// Entries come in the order of buckets and keys, none twice. Whoever has been given one must not believe the dump until
/// ``next(_:)`` has said that there is no other: only then is it known that nothing was cut or altered.
public struct DumpReader {
    /// A line that is longer is refused, unless it shows an event. The longest of all others there can be shows a payload
    /// of 1 MiB, each byte of it escaped.
    public static let lineLimit = 16 << 20

    /// The same for lines of events, of which a store has so many bytes in all. A transaction may move any number of
    /// dispatches: of those that wait for one that ends, all. In its record a change takes 14 bytes and its names, of which
    /// a line repeats the queue's: less than 16 bytes for each of the record.
    ///
    /// More than 32 MiB of events are believed of no store, so that a file cannot fill the memory: that would be a
    /// transaction that moved two million dispatches.
    public static func lineLimit(ofEvents bytes: UInt64) -> Int {
        16 * Int(clamping: min(max(bytes, EventRing.limit), 32 << 20))
    }

    public let header: DumpHeader
    /// How many records there are; known when the end was reached.
    public private(set) var counts = DumpCounts()
    /// How many bytes were taken so far.
    public var consumed: Int { lines.consumed }
    /// The number of the newest line that was read.
    public private(set) var line = 0

    private var lines: DumpLines
    private var decoder = DumpDecoder()
    /// The kind of the newest line, and the bucket of its records.
    private var newest: (kind: DumpKind, bucket: Bucket)?
    /// How many there were of the newest kind; they are not in ``counts`` yet.
    private var countOfKind = 0
    private var newestKey = ByteBuffer(capacity: 1024)
    private var isOver = false

    /// Reads the header.
    /// - Parameter source: the next bytes of the file, as many as there are; empty at its end.
    /// - Throws: ``DumpError`` when this is no dump that this version reads, and what `source` throws.
    public init(source: @escaping () throws -> [UInt8]) throws {
        var intake = DumpIntake(source: source)
        try self.init(intake: { try intake.next() })
    }

    /// The same for who reads and hashes on another thread.
    /// - Parameter intake: what ``DumpIntake/next()`` gives.
    public init(intake: @escaping () throws -> DumpIntake.Piece) throws {
        lines = DumpLines(intake: intake)
        line = 1
        guard try lines.next(number: 1) else { throw DumpError(line: 1, "the file is empty, and no dump") }
        header = try Self.header(lines.line)
    }

    /// Shows the next entry to `body`.
    /// - Returns: False when there is none, and everything in front has turned out to be as it was written.
    /// - Throws: ``DumpError`` when there is something else, and what `body` and the source throw.
    public mutating func next(
        _ body: (_ bucket: Bucket, _ key: Span<UInt8>, _ record: Span<UInt8>) throws -> Void
    ) throws -> Bool {
        if isOver { return false }
        guard try lines.next(number: line + 1) else {
            throw DumpError(line: line, "the dump ends here, without its last line, the footer: it was cut off")
        }
        line += 1
        if DumpFooter.isBegun(by: lines.line) {
            try finish()
            return false
        }
        do {
            try decoder.take(lines.line)
        } catch let fault as DumpFault {
            throw DumpError(line: line, column: fault.column, fault.reason)
        }
        let bucket = try checkedBucket()
        if decoder.kind == .meta { noteEventBytes() }
        countOfKind &+= 1
        try body(bucket, decoder.key, decoder.record)
        return true
    }

    /// The store's own facts come first, and say how many bytes its events have.
    private mutating func noteEventBytes() {
        guard StoreFact(key: decoder.key) == .state,
            let state = try? StoreState(record: decoder.record, key: decoder.key)
        else { return }
        lines.eventLimit = DumpReader.lineLimit(ofEvents: state.eventBytes)
    }

    /// The bucket of the newest record, which stands where it must.
    private mutating func checkedBucket() throws -> Bucket {
        let kind = decoder.kind
        guard let newest, newest.kind == kind else { return try begin(kind) }
        guard decoder.key.isBehind(newestKey.span) else {
            throw DumpError(
                line: line, "this \(kind.rawValue) has the same key as the line before it, or one that goes before")
        }
        decoder.copyKey(to: &newestKey)
        return newest.bucket
    }

    private mutating func begin(_ kind: DumpKind) throws -> Bucket {
        if let newest, newest.kind.order > kind.order {
            throw DumpError(
                line: line, "a record of the kind \(kind.rawValue) behind one of \(newest.kind.rawValue)")
        }
        endKind()
        newest = (kind, kind.bucket)
        decoder.copyKey(to: &newestKey)
        return kind.bucket
    }

    private mutating func endKind() {
        if let newest { counts[newest.kind] += countOfKind }
        countOfKind = 0
    }

    /// The footer stands in the newest line.
    private mutating func finish() throws {
        endKind()
        let footer: DumpFooter
        do {
            footer = try DumpFooter(line: lines.line)
        } catch let fault as DumpFault {
            throw DumpError(line: line, column: fault.column, fault.reason)
        } catch {
            throw DumpError(line: line, "its numbers do not add up")
        }
        for (known, found) in zip(footer.counts.byKind, counts.byKind) where known.count != found.count {
            throw DumpError(
                line: line,
                "the footer counts \(known.count) of the kind \(known.kind), and there are \(found.count): lines are missing "
                    + "or were put in")
        }
        guard try !lines.next(number: line + 1, isRest: true) else {
            throw DumpError(line: line + 1, "something stands behind the footer, which is the last line")
        }
        guard footer.digest == lines.digestInFrontOfLast else {
            throw DumpError(
                line: line,
                "the SHA-256 of the lines in front of the footer is another: the dump was altered or damaged")
        }
        isOver = true
    }

    private static func header(_ line: Span<UInt8>) throws -> DumpHeader {
        let noRecord = ByteOutput(MutableSpan(), count: 0)
        let noKey = ByteOutput(MutableSpan(), count: 0)
        var transcript = Transcript(parsing: line, into: noRecord, key: noKey)
        guard transcript.take(DumpHeader.beginning), let version = try? transcript.parseNumber(upTo: .max) else {
            throw DumpError(
                line: 1, "this is no dump of signalbox: expected a first line that begins with \(DumpHeader.beginning)")
        }
        guard version == DumpHeader.currentVersion else {
            throw DumpError(
                line: 1,
                "the dump has version \(version), and this version of signalbox reads version "
                    + "\(DumpHeader.currentVersion): use the version that made it, or a newer one")
        }
        do {
            let header = try DumpHeader(line: line)
            guard header.storeFormat == StoreHeader.currentFormat else {
                throw DumpError(
                    line: 1,
                    "the dump is of a store of format \(header.storeFormat), and this version of signalbox makes stores of "
                        + "format \(StoreHeader.currentFormat): use the version that made it")
            }
            return header
        } catch let fault as DumpFault {
            throw DumpError(line: 1, column: fault.column, fault.reason)
        }
    }
}

/// The lines of a file, of which a piece is in memory.
private struct DumpLines {
    private let intake: () throws -> DumpIntake.Piece
    private var buffer: [UInt8] = []
    /// The newest line, without its end.
    private var current = 0..<0
    /// Where the line behind it begins.
    private var following = 0
    private var isAtEnd = false
    /// The most bytes of a line that shows an event.
    var eventLimit = DumpReader.lineLimit(ofEvents: 0)
    private(set) var consumed = 0
    /// The SHA-256 of all lines but the last, once the end was reached.
    private(set) var digestInFrontOfLast: String?

    init(intake: @escaping () throws -> DumpIntake.Piece) { self.intake = intake }

    var line: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        borrowing get { buffer.span.extracting(current) }
    }

    /// Goes to the next line; false when there is none.
    /// - Parameter isRest: whatever comes, a line or not, is one.
    mutating func next(number: Int, isRest: Bool = false) throws -> Bool {
        var searched = following
        while true {
            searched = buffer.span.lineEnd(from: searched)
            if searched - following > DumpReader.lineLimit, searched - following > limit {
                throw DumpError(line: number, "the line has more than \(limit) bytes, the most that one may have")
            }
            if searched < buffer.count {
                current = following..<searched
                following = searched + 1
                return true
            }
            if isAtEnd { break }
            searched -= following
            try refill()
            searched += following
        }
        guard following < buffer.count else { return false }
        if isRest { return true }
        throw DumpError(line: number, "the line has no end: the dump was cut off")
    }

    /// The most bytes that the line which comes next may have.
    private var limit: Int {
        let event = "{\"kind\":\"event\",".utf8.span
        let beginning = buffer.span.extracting(droppingFirst: following).extracting(first: event.count)
        return beginning.isEqual(to: event) ? eventLimit : DumpReader.lineLimit
    }

    /// Drops what was passed, and takes more.
    private mutating func refill() throws {
        let piece = try intake()
        isAtEnd = piece.bytes.isEmpty
        consumed += piece.bytes.count
        digestInFrontOfLast = piece.digest
        if following == buffer.count {
            buffer = piece.bytes
        } else {
            buffer.removeFirst(following)
            buffer += piece.bytes
        }
        (current, following) = (0..<0, 0)
    }
}

extension Span<UInt8> {
    /// Where the line ends that `start` is in; the end of the bytes when it has no end there.
    @inline(__always)
    fileprivate func lineEnd(from start: Int) -> Int {
        var index = start
        while index >= 0, index <= count &- 8 {
            // A byte that is a line feed has its highest bit set in `ends`, and none in front of it has.
            let others = number64(at: index) ^ 0x0A0A_0A0A_0A0A_0A0A
            let ends = (others &- 0x0101_0101_0101_0101) & ~others & 0x8080_8080_8080_8080
            if ends != 0 { return index &+ ends.trailingZeroBitCount / 8 }
            index &+= 8
        }
        while index < count, self[index] != UInt8(ascii: "\n") { index &+= 1 }
        return index
    }
}

extension Span<UInt8> {
    /// Whether a key stands behind another in a bucket.
    fileprivate func isBehind(_ other: Span<UInt8>) -> Bool {
        for index in 0..<Swift.min(count, other.count) where self[index] != other[index] {
            return self[index] > other[index]
        }
        return count > other.count
    }
}

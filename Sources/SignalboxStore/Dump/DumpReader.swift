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
    /// How many records were read so far.
    public private(set) var counts = DumpCounts()
    /// The number of the newest line that was read.
    public private(set) var line = 0

    private var lines: DumpLines
    private var decoder = DumpDecoder()
    private var newestKind: DumpKind?
    private var newestKey: [UInt8] = []
    private var isOver = false

    /// Reads the header.
    /// - Parameter source: the next bytes of the file, as many as there are; empty at its end.
    /// - Throws: ``DumpError`` when this is no dump that this version reads, and what `source` throws.
    public init(source: @escaping () throws -> [UInt8]) throws {
        lines = DumpLines(source: source)
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
        try checkOrder()
        if decoder.kind == .meta { noteEventBytes() }
        counts[decoder.kind] += 1
        try body(decoder.kind.bucket, decoder.key, decoder.record)
        return true
    }

    /// The store's own facts come first, and say how many bytes its events have.
    private mutating func noteEventBytes() {
        guard StoreFact(key: decoder.key) == .state,
            let state = try? StoreState(record: decoder.record, key: decoder.key)
        else { return }
        lines.eventLimit = DumpReader.lineLimit(ofEvents: state.eventBytes)
    }

    private mutating func checkOrder() throws {
        let kind = decoder.kind
        if let newestKind {
            guard newestKind.order <= kind.order else {
                throw DumpError(
                    line: line, "a record of the kind \(kind.rawValue) behind one of \(newestKind.rawValue)")
            }
            guard newestKind != kind || decoder.key.isBehind(newestKey.span) else {
                throw DumpError(
                    line: line, "this \(kind.rawValue) has the same key as the line before it, or one that goes before")
            }
        }
        newestKind = kind
        newestKey.removeAll(keepingCapacity: true)
        for index in decoder.key.indices { newestKey.append(decoder.key[index]) }
    }

    /// The footer stands in the newest line.
    private mutating func finish() throws {
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
        guard footer.digest == lines.digestInFrontOfLine() else {
            throw DumpError(
                line: line,
                "the SHA-256 of the lines in front of the footer is another: the dump was altered or damaged")
        }
        guard try !lines.next(number: line + 1, isRest: true) else {
            throw DumpError(line: line + 1, "something stands behind the footer, which is the last line")
        }
        isOver = true
    }

    private static func header(_ line: Span<UInt8>) throws -> DumpHeader {
        var transcript = Transcript(parsing: line, into: ByteBuffer(capacity: 0), key: ByteBuffer(capacity: 0))
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

/// The lines of a file, of which a piece is in memory, and the hash of all that were passed.
private struct DumpLines {
    private let source: () throws -> [UInt8]
    private var buffer: [UInt8] = []
    /// The newest line, without its end.
    private var current = 0..<0
    /// Where the line behind it begins.
    private var following = 0
    /// How far the buffer was hashed.
    private var hashed = 0
    private var hash = SHA256()
    private var isAtEnd = false
    /// The most bytes of a line that shows an event.
    var eventLimit = DumpReader.lineLimit(ofEvents: 0)

    init(source: @escaping () throws -> [UInt8]) { self.source = source }

    var line: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { buffer.span.extracting(current) }
    }

    /// Goes to the next line; false when there is none.
    /// - Parameter isRest: whatever comes, a line or not, is one.
    mutating func next(number: Int, isRest: Bool = false) throws -> Bool {
        var searched = following
        while true {
            searched = end(from: searched)
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

    /// Where the line ends; the end of the buffer when it has no end there.
    private func end(from start: Int) -> Int {
        let bytes = buffer.span
        var index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index &+= 1 }
        return index
    }

    /// Drops what was passed, and takes more.
    private mutating func refill() throws {
        hash(upTo: following)
        buffer.removeFirst(following)
        (current, following, hashed) = (0..<0, 0, 0)
        let more = try source()
        isAtEnd = more.isEmpty
        buffer += more
    }

    private mutating func hash(upTo end: Int) {
        var hash = hash
        hash.add(buffer.span.extracting(hashed..<end))
        self.hash = hash
        hashed = end
    }

    mutating func digestInFrontOfLine() -> String {
        hash(upTo: current.lowerBound)
        return hash.hexadecimalDigest
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

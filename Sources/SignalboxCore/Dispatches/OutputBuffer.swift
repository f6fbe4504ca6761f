/// What is kept of a running attempt's output: the first and the last part, in pieces of a line each, and how many
/// bytes lie between. Its size is bounded whatever a command prints.
///
/// Pieces are grouped into numbered chunks, and the buffer says which chunks are new and which fell out since it was
/// last asked, so that a copy elsewhere can follow.
public struct OutputBuffer: Sendable {
    /// A piece counts as what it printed and ``OutputLine/overhead``, so that many short lines are bounded too.
    public struct Limits: Hashable, Sendable {
        /// Bytes kept of the beginning.
        public var head: Int
        /// Bytes kept of the end.
        public var tail: Int

        public init(head: Int = 64 << 10, tail: Int = 192 << 10) {
            self.head = head
            self.tail = tail
        }
    }

    /// What a copy has to do to follow.
    public enum Change: Hashable, Sendable {
        case add(chunk: UInt32, [OutputLine])
        case drop(chunk: UInt32)
    }

    private struct Chunk: Sendable {
        var number: UInt32
        var lines: [OutputLine]
        var size: Int
        var printed: Int { lines.reduce(0) { $0 + $1.bytes.count } }
    }

    /// Size of a chunk, so that a record of it stays inside a page of the store.
    private static let chunkLimit = 1536

    private let limits: Limits
    private var head: [Chunk] = []
    private var headSize = 0
    /// The live part begins at `tailStart`; what lies before it has been dropped and is cut off now and then.
    private var tail: [Chunk] = []
    private var tailStart = 0
    private var tailSize = 0
    private var nextChunk: UInt32 = 0
    private var firstUntold: UInt32 = 0
    private var toldAndDropped: [UInt32] = []
    private var toldLeftOut = 0
    /// Bytes that fell out between the two parts.
    public private(set) var leftOut = 0

    public init(limits: Limits = Limits()) { self.limits = limits }

    /// Takes in what one read brought.
    public mutating func append(_ bytes: ArraySlice<UInt8>, stream: OutputLine.Stream, offset: Duration) {
        var lines: [OutputLine] = []
        var size = 0
        var rest = bytes
        while !rest.isEmpty {
            let reach = rest.prefix(OutputLine.limit)
            let end = reach.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? reach.endIndex
            let piece = rest[rest.startIndex..<end]
            rest = rest[end...]
            let cost = piece.count + OutputLine.overhead
            if size + cost > Self.chunkLimit, !lines.isEmpty {
                keep(lines, size)
                (lines, size) = ([], 0)
            }
            lines.append(OutputLine(stream: stream, offset: offset, bytes: Array(piece)))
            size += cost
        }
        if !lines.isEmpty { keep(lines, size) }
    }

    /// What is new, and what fell out, since this was last called. The note of what was left out has the number of the
    /// first chunk that fell out, which nothing else gets again.
    public mutating func takeChanges() -> [Change] {
        defer {
            (firstUntold, toldAndDropped, toldLeftOut) = (nextChunk, [], leftOut)
        }
        let fresh = (head + tail[tailStart...]).filter { $0.number >= firstUntold }
        let note: [Change] = leftOut == toldLeftOut ? [] : [.add(chunk: UInt32(head.count), [self.note])]
        return toldAndDropped.map { .drop(chunk: $0) } + note + fresh.map { .add(chunk: $0.number, $0.lines) }
    }

    /// All that is kept, with a note where something was left out.
    public var lines: [OutputLine] {
        let beginning = head.flatMap(\.lines)
        let end = tail[tailStart...].flatMap(\.lines)
        return leftOut == 0 ? beginning + end : beginning + [note] + end
    }

    /// Stands between the two parts once something fell out.
    private var note: OutputLine {
        let text = "… \(leftOut) bytes left out here …\n"
        let offset = tail[tailStart...].first?.lines.first?.offset ?? .zero
        return OutputLine(stream: .note, offset: offset, bytes: Array(text.utf8))
    }

    private mutating func keep(_ lines: [OutputLine], _ size: Int) {
        let chunk = Chunk(number: nextChunk, lines: lines, size: size)
        nextChunk += 1
        if tail.isEmpty, leftOut == 0, headSize + size <= limits.head {
            head.append(chunk)
            headSize += size
            return
        }
        tail.append(chunk)
        tailSize += size
        while tailSize > limits.tail, tailStart < tail.count { dropOldest() }
        if tailStart > 64, tailStart > tail.count / 2 {
            tail.removeFirst(tailStart)
            tailStart = 0
        }
    }

    private mutating func dropOldest() {
        let oldest = tail[tailStart]
        tail[tailStart].lines = []
        tailStart += 1
        tailSize -= oldest.size
        leftOut += oldest.printed
        if oldest.number < firstUntold { toldAndDropped.append(oldest.number) }
    }
}

import SignalboxCore

/// A line of output as people see it: put together from the pieces it was stored in.
struct LogLine: Hashable, Sendable {
    var stream: OutputLine.Stream
    var offset: Duration
    /// Without the end of the line; bytes that are not UTF-8 are shown as U+FFFD.
    var text: String

    /// A piece continues the one before it when that has no end of line and is of the same stream.
    static func lines(of pieces: [OutputLine]) -> [LogLine] {
        var lines: [LogLine] = []
        var open: OutputLine?
        for piece in pieces {
            if var whole = open, whole.stream == piece.stream {
                whole.bytes += piece.bytes
                open = whole
            } else {
                if let open { lines.append(LogLine(open)) }
                open = piece
            }
            if piece.bytes.last == UInt8(ascii: "\n"), let whole = open {
                lines.append(LogLine(whole))
                open = nil
            }
        }
        if let open { lines.append(LogLine(open)) }
        return lines
    }

    private init(_ piece: OutputLine) {
        stream = piece.stream
        offset = piece.offset
        var bytes = piece.bytes[...]
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        text = String(decoding: bytes, as: UTF8.self)
    }
}

internal import SignalboxCore

/// Some lines of output, as many as fit into one record.
struct OutputChunk: Record {
    static let layout: UInt8 = 1
    /// Payload bytes after which the next chunk begins: with key and framing, a record of it stays inside a page.
    static let limit = 1600

    var lines: [OutputLine]

    func write(to writer: inout RecordWriter) {
        writer.put(each: lines) { writer, line in
            writer.put(line.stream.rawValue)
            writer.put(line.offset)
            writer.put(line.bytes)
        }
    }

    static func read(from reader: inout RecordReader) throws -> OutputChunk {
        var lines: [OutputLine] = []
        for _ in 0..<(try reader.count()) {
            let stream = try reader.value(of: OutputLine.Stream.self)
            let offset = try reader.duration()
            lines.append(OutputLine(stream: stream, offset: offset, bytes: try reader.data()))
        }
        return OutputChunk(lines: lines)
    }

    /// `lines` in chunks that respect the limit.
    static func chunks(of lines: [OutputLine]) -> [OutputChunk] {
        var chunks: [OutputChunk] = []
        var current: [OutputLine] = []
        var size = 0
        for line in lines {
            let cost = line.bytes.count + OutputLine.overhead
            if size + cost > limit, !current.isEmpty {
                chunks.append(OutputChunk(lines: current))
                (current, size) = ([], 0)
            }
            current.append(line)
            size += cost
        }
        if !current.isEmpty { chunks.append(OutputChunk(lines: current)) }
        return chunks
    }
}

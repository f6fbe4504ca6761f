import Glibc
import SignalboxCore

/// Prints what a command printed: as it was, or, on a terminal, with control characters shown rather than obeyed; or
/// as JSON by line.
struct OutputPrinter {
    enum Style {
        case raw
        /// With the time the attempt began, which the lines count from.
        case json(started: Instant)
    }

    let style: Style

    /// Prints the lines that lie behind `place`, and moves it.
    func print(_ lines: [OutputLine], from place: inout OutputPlace) {
        let fresh = lines.filter { line in place.offset.map { line.offset > $0 } ?? true }
        guard let last = fresh.last else { return }
        place.offset = last.offset
        switch style {
        case .raw: Terminal.write(rawBytes(fresh), to: STDOUT_FILENO)
        case .json(let started): for line in whole(fresh) { try? JSON.write(LineView(line, started)) }
        }
    }

    private func rawBytes(_ lines: [OutputLine]) -> [UInt8] {
        let bytes = lines.flatMap(\.bytes)
        guard Terminal.isInteractive else { return bytes }
        return Array(printable(String(decoding: bytes, as: UTF8.self), keeping: ["\n", "\t"]).utf8)
    }

    /// The pieces of one stream up to the end of a line, put together.
    private func whole(_ lines: [OutputLine]) -> [OutputLine] {
        var result: [OutputLine] = []
        var open: [OutputLine.Stream: Int] = [:]
        for line in lines {
            if let index = open[line.stream] { result[index].bytes += line.bytes } else { result.append(line) }
            let index = open[line.stream] ?? result.count - 1
            open[line.stream] = line.bytes.last == UInt8(ascii: "\n") ? nil : index
        }
        return result
    }

    private struct LineView: Encodable {
        let at: String
        let stream: String
        let text: String

        init(_ line: OutputLine, _ started: Instant) {
            at = (started + line.offset).description
            stream = line.stream.word
            let bytes = line.bytes.last == UInt8(ascii: "\n") ? line.bytes.dropLast() : line.bytes[...]
            text = String(decoding: bytes, as: UTF8.self)
        }
    }
}

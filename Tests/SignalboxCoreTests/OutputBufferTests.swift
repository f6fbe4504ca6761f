import Testing

@testable import SignalboxCore

@Suite struct `The output of a running attempt` {
    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    private func text(_ lines: [OutputLine]) -> String {
        String(decoding: lines.flatMap(\.bytes), as: UTF8.self)
    }

    /// What is kept without the note, in bytes.
    private func kept(_ buffer: OutputBuffer) -> Int {
        buffer.lines.filter { $0.stream != .note }.reduce(0) { $0 + $1.bytes.count }
    }

    @Test func `is kept whole and in order while it is small`() {
        var buffer = OutputBuffer()
        buffer.append(bytes("one\ntwo\n"), stream: .standardOutput, offset: .seconds(1))
        buffer.append(bytes("oops\n"), stream: .standardError, offset: .seconds(2))
        buffer.append(bytes("no end"), stream: .standardOutput, offset: .seconds(3))
        #expect(
            buffer.lines == [
                OutputLine(stream: .standardOutput, offset: .seconds(1), bytes: Array("one\n".utf8)),
                OutputLine(stream: .standardOutput, offset: .seconds(1), bytes: Array("two\n".utf8)),
                OutputLine(stream: .standardError, offset: .seconds(2), bytes: Array("oops\n".utf8)),
                OutputLine(stream: .standardOutput, offset: .seconds(3), bytes: Array("no end".utf8)),
            ])
        #expect(buffer.leftOut == 0)
    }

    @Test func `is cut into pieces that fit, without losing a byte`() {
        var buffer = OutputBuffer()
        let full = String(repeating: "y", count: OutputLine.limit)
        let long = String(repeating: "x", count: 5000) + "\n\(full)\nend"
        buffer.append(bytes(long), stream: .standardOutput, offset: .zero)
        #expect(buffer.lines.allSatisfy { $0.bytes.count <= OutputLine.limit } && text(buffer.lines) == long)
    }

    @Test func `of fifty megabytes keeps beginning and end, bounded, and counts the rest`() {
        let limits = OutputBuffer.Limits(head: 64 << 10, tail: 192 << 10)
        var buffer = OutputBuffer(limits: limits)
        let row = (0..<64).map { _ in String(repeating: "a", count: 1023) + "\n" }.joined()
        let first = "the beginning\n" + row
        var printed = 0
        for round in 0..<800 {
            let piece = bytes(round == 0 ? first : round == 799 ? row + "the end\n" : row)
            printed += piece.count
            buffer.append(piece, stream: .standardOutput, offset: .milliseconds(round))
            #expect(kept(buffer) <= limits.head + limits.tail)
        }
        #expect(printed > 50 << 20 && kept(buffer) + buffer.leftOut == printed)
        #expect(kept(buffer) > 200 << 10)
        let lines = buffer.lines
        #expect(lines.first?.bytes == Array("the beginning\n".utf8) && lines.last?.bytes == Array("the end\n".utf8))
        let notes = lines.filter { $0.stream == .note }
        #expect(notes.count == 1 && text(notes) == "… \(buffer.leftOut) bytes left out here …\n")
    }

    @Test func `of nothing but line ends, or of single bytes, is bounded in pieces too`() {
        for reads in [Array(repeating: bytes("\n"), count: 30_000), Array(repeating: bytes(row), count: 4)] {
            var buffer = OutputBuffer()
            for read in reads { buffer.append(read, stream: .standardOutput, offset: .zero) }
            #expect(buffer.lines.count <= (256 << 10) / OutputLine.overhead)
            #expect(kept(buffer) + buffer.leftOut == reads.reduce(0) { $0 + $1.count })
        }
    }

    private var row: String { String(repeating: "\n", count: 64 << 10) }

    @Test(arguments: [(0, 0), (0, 100), (100, 0), (1, 1), (64, 64), (5000, 20), (3000, 3000)])
    func `is kept in order, beginning before end, with any limits`(head: Int, tail: Int) {
        var random = Seeded(state: UInt64(head * 31 + tail))
        var buffer = OutputBuffer(limits: OutputBuffer.Limits(head: head, tail: tail))
        var printed = ""
        for number in 0..<3000 {
            let line = "\(number)" + String(repeating: ".", count: Int.random(in: 0...40, using: &random)) + "\n"
            printed += line
            buffer.append(bytes(line), stream: .standardOutput, offset: .zero)
        }
        #expect(kept(buffer) + buffer.leftOut == printed.utf8.count && kept(buffer) <= head + tail)
        guard buffer.leftOut > 0 else {
            #expect(text(buffer.lines) == printed)
            return
        }
        let lines = buffer.lines
        let note = lines.firstIndex { $0.stream == .note } ?? 0
        #expect(printed.hasPrefix(text(Array(lines[..<note]))) && printed.hasSuffix(text(Array(lines[(note + 1)...]))))
    }

    /// Method: a copy is made of nothing but the changes, taken at random moments, as the live environment does it.
    @Test(arguments: 0..<20)
    func `can be followed by its changes`(seed: Int) {
        var random = Seeded(state: UInt64(seed))
        var buffer = OutputBuffer(limits: OutputBuffer.Limits(head: 2000, tail: 6000))
        var copy: [UInt32: [OutputLine]] = [:]
        for round in 0..<2000 {
            let count = Int.random(in: 0...400, using: &random)
            let piece = (0..<count).map { _ in UInt8.random(in: 0...40, using: &random) }
            buffer.append(piece[...], stream: .standardError, offset: .milliseconds(round))
            guard Int.random(in: 0..<5, using: &random) == 0 else { continue }
            for change in buffer.takeChanges() {
                switch change {
                case .add(let chunk, let lines):
                    #expect(copy[chunk].map { $0.allSatisfy { $0.stream == .note } } ?? true)
                    #expect(lines.reduce(0) { $0 + $1.bytes.count } <= 1536)
                    copy[chunk] = lines
                case .drop(let chunk): #expect(copy.removeValue(forKey: chunk) != nil)
                }
            }
            let followed = copy.keys.sorted().flatMap { copy[$0] ?? [] }
            #expect(followed == buffer.lines)
        }
        #expect(buffer.leftOut > 0)
        _ = buffer.takeChanges()
        #expect(buffer.takeChanges().isEmpty)
    }
}

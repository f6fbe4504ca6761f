import SignalboxCore
import Testing

@testable import SignalboxStore

@Suite struct `Digits eight at a time` {
    @Test func `are those of the number, and spell it again`() {
        var random = SplitMix(state: 8)
        let edges: [UInt64] = [0, 9, 10, 99, 100, 9_999, 10_000, 99_999, 100_000, 9_999_999, 10_000_000, 99_999_999]
        for number in edges + (0..<20_000).map({ _ in UInt64.random(in: 0..<100_000_000, using: &random) }) {
            let text = EightDigits.values(of: number) | EightDigits.zeros
            let digits = String(number)
            let expected = String(repeating: "0", count: 8 - digits.utf8.count) + digits
            #expect(
                String(decoding: (0..<8).map { UInt8(truncatingIfNeeded: text >> (8 * $0)) }, as: UTF8.self) == expected
            )
            #expect(EightDigits.number(text) == number)
        }
    }

    @Test func `are counted up to the first byte that is none`() {
        var random = SplitMix(state: 9)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...8, using: &random)
            let bytes = (0..<8).map { $0 < count ? UInt8.random(in: 48...57, using: &random) : random.byte() }
            let word = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            #expect(EightDigits.countInFront(word) == bytes.prefix { (48...57).contains($0) }.count, "\(bytes)")
        }
    }
}

@Suite struct `A text that is known beforehand` {
    /// Method: each text in a line at each place, near the end of it too, whole and with each of its bytes changed.
    @Test(arguments: 1...32) func `stands where all of it stands, and nowhere else`(length: Int) {
        let shown = String(decoding: (0..<length).map { UInt8(97 + $0 % 26) }, as: UTF8.self)
        let text = LineText(shown)
        #expect(text.count == length && text.text == shown)
        for place in [0, 1, 7, 40 - length, 41 - length, 60] {
            var line = [UInt8](repeating: 0x2D, count: max(40, place + length))
            line.replaceSubrange(place..<place + length, with: Array(shown.utf8))
            let isThere = text.stands(in: line.span, at: place)
            let isBehind = text.stands(in: line.span, at: place + 1)
            let cut = Array(line[..<(place + length - 1)])
            let isInCut = text.stands(in: cut.span, at: place)
            #expect(isThere && !isBehind && !isInCut)
            for index in place..<place + length {
                line[index] ^= 1
                let isChanged = text.stands(in: line.span, at: place)
                #expect(!isChanged)
                line[index] ^= 1
            }
        }
    }

    @Test func `is a field's name, with a comma in front or without`() {
        let name: FieldName = "started_boot_seconds"
        #expect(name.name == "started_boot_seconds")
        #expect(name.withComma.text == #","started_boot_seconds":"#)
        #expect(name.withComma.rest.text == #""started_boot_seconds":"#)
    }

    @Test func `is left out where there is no room for it, and that is said`() {
        var buffer = ByteBuffer(capacity: 40)
        var output = buffer.output()
        output.put(LineText("abc"))
        output.put(word: 0x6564, width: 2)
        let wasFull = output.isFull
        let long = [UInt8](repeating: 0x66, count: 36)
        output.put(long.span)
        let (isFull, count) = (output.isFull, output.count)
        buffer.keep(count)
        #expect(!wasFull && isFull && count == 5)
        let made = copied(buffer.span)
        #expect(made == Array("abcde".utf8))
    }
}

@Suite struct `A text with anything in it` {
    /// Aim: eight bytes at a time are gone through as one by one. Method: texts with one special character at each place.
    @Test func `is the same text again, wherever a character must be escaped`() throws {
        for special in ["\"", "\\", "\n", "\u{0}", "\u{1f}", "\u{7f}", "\u{80}", "\u{9f}", "\u{a0}", "é", "€", "😀"] {
            for length in 0...17 {
                for place in 0...length {
                    var characters = [String](repeating: "x", count: length)
                    characters.insert(special, at: place)
                    let text = characters.joined()
                    let sample = DumpSample(of: DumpSamples.handler(command: text))
                    let line = Array(try sample.line().dropLast())
                    #expect(JSONText(line)?["shell"]?.string == text)
                    var decoder = DumpDecoder()
                    try decoder.take(line.span)
                    let record = copied(decoder.record)
                    #expect(record == sample.record)
                }
            }
        }
    }
}

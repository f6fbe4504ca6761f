import Testing

@testable import SignalboxCore

@Suite struct `Text from outside` {
    @Test(arguments: ["plain", "Grüße, 日本語", "\"quotes\" & <tags>", "🚂 no. 7", "a\u{301}"])
    func `that is harmless is shown as it is`(text: String) { #expect(printable(text) == text) }

    @Test(
        arguments: [
            ("\u{1b}[31mred", #"\u{1b}[31mred"#), ("a\rb\nc\td", #"a\u{d}b\u{a}c\u{9}d"#), ("\0", #"\u{0}"#),
            ("\u{7f}\u{9b}", #"\u{7f}\u{9b}"#), ("a\u{2028}b\u{2029}", #"a\u{2028}b\u{2029}"#),
            ("\u{202e}evil\u{2066}", #"\u{202e}evil\u{2066}"#), ("\u{feff}\u{200b}", #"\u{feff}\u{200b}"#),
            ("\u{e000}", #"\u{e000}"#),
        ])
    func `cannot move the cursor, fake a line or reverse what follows`(text: String, shown: String) {
        #expect(printable(text) == shown)
    }

    @Test func `keeps what it is told to keep`() {
        #expect(printable("a\tb\nc", keeping: ["\t"]) == #"a\#tb\u{a}c"#)
    }

    @Test func `is quoted and cut to fit a message`() {
        #expect(quoted("x\n") == #""x\u{a}""#)
        let long = quoted(String(repeating: "y", count: 200))
        #expect(long.count == 83 && long.hasSuffix("…\""))
    }
}

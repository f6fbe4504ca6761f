import Testing

@testable import SignalboxCore

@Suite struct `A control line` {
    @Test(
        arguments: [
            ("progress 0", 0, ""), ("progress 40 copying photos", 40, "copying photos"),
            ("progress 100 done", 100, "done"),
        ])
    func `tells progress`(line: String, percent: Int, text: String) {
        #expect(ControlLine(line) == .progress(percent: percent, text: text))
    }

    @Test(arguments: ["", "progress", "progress x", "progress 101", "progress -1", "dance 3", "progress 4.5"])
    func `that says nothing we know is ignored`(line: String) { #expect(ControlLine(line) == nil) }

    @Test(arguments: [String(repeating: "x", count: 500), String(repeating: "日", count: 500), "e" + accents])
    func `keeps a bounded beginning of its text, without half a character`(text: String) throws {
        guard case .progress(_, let kept) = try #require(ControlLine("progress 5 " + text)) else { return }
        #expect(kept.utf8.count <= ControlLine.textLimit && kept.utf8.count > ControlLine.textLimit - 4)
        #expect(text.unicodeScalars.starts(with: kept.unicodeScalars))
    }

    /// One character of a thousand bytes.
    private static let accents = String(String.UnicodeScalarView(repeatElement("\u{301}", count: 500)))
}

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

    @Test(arguments: [
        ("ping", ControlLine.ping), ("ping\r", .ping), ("snooze 5m", .snooze(.seconds(300))),
        ("snooze 1h30m", .snooze(.seconds(5_400))), ("tag customer=acme", .tag(name: "customer", value: "acme")),
        ("tag a.b-c_1=x = y z", .tag(name: "a.b-c_1", value: "x = y z")),
        ("tag empty=", .tag(name: "empty", value: "")),
        ("result {\"rows\": [1, 2]}", .result(JSONText("{\"rows\": [1, 2]}")!)), ("result 7", .result(JSONText("7")!)),
    ])
    func `tells what else there is to tell`(line: String, expected: ControlLine) {
        #expect(ControlLine(line) == expected)
    }

    @Test func `takes a result up to its limit`() {
        let room = ControlLine.resultLimit - 2
        #expect(ControlLine("result \"" + String(repeating: "x", count: room) + "\"") != nil)
        #expect(ControlLine("result \"" + String(repeating: "x", count: room + 1) + "\"") == nil)
    }

    @Test(arguments: [
        "", "progress", "progress x", "progress 101", "progress -1", "dance 3", "progress 4.5", "snooze", "snooze 5",
        "snooze 0s", "snooze 900ms", "result", "result {", "result {} {}", "tag", "tag x", "tag =x", "tag a b=c",
        "tag é=1", "tag \(String(repeating: "x", count: 65))=1", "pingpong",
    ])
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

import Testing

@testable import SignalboxCore

@Suite struct `A text as JSON` {
    @Test(arguments: [
        "{}", "[]", "0", "-1.5e+10", "\"\"", "true", "false", "null", " [1, {\"a\": [null]}, \"b\\u00e9\\n\"] ",
        "{\"a\":1,\"a\":2}", "\"ä🙂\"", "1E3",
    ])
    func `is one value, with white space around it or not`(text: String) {
        #expect(JSONText(text) != nil)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "01", "1.", ".5", "+1", "1e", "nul", "truer", "'a'",
        "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "1 2", "{} {}", "[1}", "NaN", "-",
    ])
    func `is nothing else`(text: String) {
        #expect(JSONText(text) == nil)
    }

    @Test func `is UTF-8, and not nested without end`() {
        #expect(JSONText([0x22, 0xFF, 0x22]) == nil)
        #expect(JSONText([0x22, 0xC3, 0xA4, 0x22]) != nil)
        let (open, close) = ([UInt8](repeating: 0x5B, count: 128), [UInt8](repeating: 0x5D, count: 128))
        #expect(JSONText(open + close) != nil)
        #expect(JSONText([0x5B] + open + close + [0x5D]) == nil)
        #expect(JSONText([UInt8](repeating: 0x5B, count: 1 << 20)) == nil)
    }

    @Test func `gives out its members as they were written`() throws {
        let text = try #require(JSONText(#" { "z" : 1.50 , "a\u0062" : [ 1,2 ] , "z" : {"t":true} } "#))
        let members = try #require(text.members)
        #expect(members.map(\.name) == ["z", "ab", "z"])
        #expect(members.map(\.value.text) == ["1.50", "[ 1,2 ]", "{\"t\":true}"])
        #expect(text["z"]?["t"]?.boolean == true)
        #expect(text["ab"]?.kind == .array)
        #expect(text["none"] == nil)
        #expect(JSONText("{}")?.members?.isEmpty == true)
        #expect(JSONText("[]")?.members == nil)
        #expect(JSONText(" [ 1 , [2,3],\"]\" ]")?.elements?.map(\.text) == ["1", "[2,3]", "\"]\""])
        #expect(JSONText("[ ]")?.elements?.isEmpty == true)
        #expect(JSONText("{}")?.elements == nil)
        #expect(JSONText("1.50")?.number == 1.5)
        #expect(JSONText("\"1\"")?.number == nil)
    }

    @Test(arguments: ["", "plain", "a \"b\" \\ c\n\t\r\u{8}\u{c}\u{1}\u{7f}/", "ä🙂\u{2028}"])
    func `keeps what a string says`(text: String) throws {
        let json = JSONText(string: text)
        #expect(JSONText(json.text) == json)
        #expect(json.string == text)
        #expect(!json.bytes.contains(10))
    }

    @Test func `reads escapes of both kinds`() {
        #expect(JSONText(#""\ud83d\ude42\u00e9\/\"\b""#)?.string == "🙂é/\"\u{8}")
        #expect(JSONText(#""\ud83d!""#)?.string == "\u{FFFD}!")
        #expect(JSONText(#""\ud83d\u0041""#)?.string == "\u{FFFD}A")
    }
}

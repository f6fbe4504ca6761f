import Testing

@testable import SignalboxFormats

private func parse(_ text: String) throws -> YAMLNode? { try YAMLDocument.parse(text: text, fileName: "f.yaml") }

@Suite struct `A YAML document` {
    @Test func `becomes a tree that knows its places`() throws {
        let root = try #require(try parse("a: 1\nb:\n  - x\n  - \"y z\"\nc: {d: e}\n"))
        guard case .mapping(let entries) = root.value else {
            Issue.record("no mapping")
            return
        }
        #expect(entries.map(\.key) == ["a", "b", "c"])
        #expect(entries.map(\.place.line) == [1, 2, 5])
        guard case .sequence(let items) = entries[1].value.value else {
            Issue.record("no sequence")
            return
        }
        #expect(items[1].place == YAMLPlace(line: 4, column: 5))
        #expect(items[0].value == .scalar(YAMLScalar(text: "x", isPlain: true)))
        #expect(items[1].value == .scalar(YAMLScalar(text: "y z", isPlain: false)))
    }

    @Test(arguments: ["", "\n\n", "# nothing\n", "   "])
    func `may be empty`(text: String) throws {
        #expect(try parse(text) == nil)
    }

    @Test(
        arguments: [
            ("a: 1\na: 2\n", .conflict, 2, 1, "in line 1"), ("a: &x 1\nb: *x\n", .unsupported, 1, 4, "anchors"),
            ("a: *x\n", .unsupported, 1, 4, "aliases"), ("a: !!int 1\n", .unsupported, 1, 4, "tags"),
            ("a: 1\n---\nb: 2\n", .unsupported, 2, 1, "second document"), ("[a]: 1\n", .unsupported, 1, 1, "key"),
            ("a: [1\n", .syntax, 2, 1, "not YAML"), ("a: b: c\n", .syntax, 1, 5, "not YAML"),
            ("a: \"x\n", .syntax, 2, 1, "not YAML"),
            ("\ta: 1\n", .syntax, 1, 1, "not YAML"), ("a: 1\nb: \u{1}\n", .syntax, 2, 4, "not YAML"),
            ("a: %x\n", .syntax, 1, 4, "not YAML"),
        ] as [(String, FormatError.Code, Int, Int, String)])
    func `with what is not wanted is refused at its place`(
        text: String, code: FormatError.Code, line: Int, column: Int, words: String
    ) {
        let error = #expect(throws: FormatError.self) { try parse(text) }
        #expect(error?.code == code)
        #expect(error?.line == line && error?.column == column, "\(error?.description ?? "")")
        #expect(error?.message.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func `is bounded in depth and size`() {
        let deep = #expect(throws: FormatError.self) { try parse(String(repeating: "[", count: 100_000)) }
        #expect(deep?.code == .tooLarge)
        let large = #expect(throws: FormatError.self) {
            try parse(String(repeating: "#", count: YAMLDocument.sizeLimit + 1))
        }
        #expect(large?.code == .tooLarge)
    }

    @Test func `cut short or damaged never traps`() {
        let text = "zone: UTC\njobs:\n  a: {every: 10s, exec: [\"x\", 'y'], env: {A: |-\n b}}\n  b:\n    - >\n     c\n"
        let bytes = Array(text.utf8)
        for length in 0..<bytes.count { _ = try? parse(String(decoding: bytes[..<length], as: UTF8.self)) }
        for index in bytes.indices {
            for byte in "{}[]:,-#&*!|>'\"%@`\t\n\0".utf8 {
                var damaged = bytes
                damaged[index] = byte
                _ = try? JobsFile.parse(text: String(decoding: damaged, as: UTF8.self), fileName: "f")
            }
        }
        #expect(throws: FormatError.self) { try JobsFile.parse(text: String(text.dropLast(12)), fileName: "f") }
    }
}

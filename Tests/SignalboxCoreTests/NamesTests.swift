import Testing

@testable import SignalboxCore

@Suite struct `A name` {
    @Test(arguments: ["a", "backup-home", "7", "A.b_c-d:e", String(repeating: "n", count: 128)])
    func `of plain characters is taken as it is`(text: String) throws {
        #expect(try JobName(text).text == text)
        #expect(try QueueName(text).text == text)
    }

    @Test(
        arguments: [
            "", " ", "-a", ".hidden", "_x", ":x", "a b", "a/b", "../x", "a\n", "a\0b", "ä", "日", "a\u{301}", "é",
            String(repeating: "n", count: 129),
        ])
    func `of anything else is refused with words`(text: String) {
        #expect(throws: NameError.self) { try JobName(text) }
        #expect(throws: NameError.self) { try QueueName(text) }
        do { _ = try JobName(text) } catch {
            let words = "\(error)"
            #expect(words.contains("job name") && words.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        }
    }

    @Test func `sorts by its characters`() throws {
        #expect(try ["b", "a", "B"].map { try JobName($0) }.sorted().map(\.text) == ["B", "a", "b"])
        #expect(QueueName.standard.text == "default")
    }

    @Test func `of a dispatch is a whole number from 1 on`() {
        #expect(DispatchID(text: "17") == DispatchID(17))
        for text in ["0", "-1", "", "1.5", "x", "18446744073709551616"] { #expect(DispatchID(text: text) == nil) }
    }
}

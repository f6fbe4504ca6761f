import SignalboxCore
@testable import SignalboxStatus
import Testing

@Suite struct `Markup` {
    @Test func `never comes from text`() {
        let html = element("p", .title("\" onmouseover=\"x")) { "<script>alert('1') & more</script>" }
        #expect(
            html.markup == "<p title=\"&quot; onmouseover=&quot;x\">"
                + "&lt;script&gt;alert(&#39;1&#39;) &amp; more&lt;/script&gt;</p>")
    }

    @Test(arguments: [
        "\u{1b}[31mred", "a\rb", "\u{202E}gpj.exe", "zero\u{200B}width", "line\u{2028}two", "\u{7f}", "\0",
    ])
    func `shows what could move the cursor or turn the line around`(text: String) {
        let markup = HTML.text(text).markup
        #expect(markup.contains("\\u{"))
        #expect(markup.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7F })
    }

    @Test func `keeps letters of all languages, and a tab where it is asked to`() {
        #expect(HTML.text("Grüße 漢字 🚂").markup == "Grüße 漢字 🚂")
        #expect(HTML.text("a\tb", keeping: ["\t"]).markup == "a\tb")
        #expect(HTML.text("a\tb").markup == "a\\u{9}b")
    }

    @Test func `of a table names each row and says so when there is none`() {
        var table = Table(
            caption: "Things", columns: [.text("Name"), .number("Count")],
            rows: [[.text("first"), .text("1")]], emptyText: "Nothing here.")
        let markup = table.html.markup
        #expect(markup.contains("<caption class=\"aside\">Things</caption>"))
        #expect(markup.contains("<th scope=\"col\" role=\"columnheader\" class=\"number\">Count</th>"))
        #expect(markup.contains("<th scope=\"row\" role=\"rowheader\" class=\"text\" data-label=\"Name\">first</th>"))
        table.rows = []
        #expect(table.html.markup == "<p class=\"empty\">Nothing here.</p>")
    }
}

@Suite struct `A time on a page` {
    @Test(arguments: [
        (Duration.zero, "0 ms"), (.milliseconds(350), "350 ms"), (.milliseconds(3_249), "3.2 s"),
        (.seconds(42), "42 s"),
        (.seconds(200), "3 min 20 s"), (.seconds(3_900), "1 h 05 min"), (.seconds(183_600), "2 d 3 h"),
    ])
    func `that something took has at most two units`(duration: Duration, text: String) {
        #expect(durationText(duration) == text)
    }

    /// The page's script says the same of the same: SystemTests has this table too, and asks a browser.
    @Test(arguments: [
        (0, "just now"), (1, "just now"), (-9, "just now"), (-10, "10 s ago"), (-19, "10 s ago"), (8, "in a moment"),
        (10, "in 10 s"),
        (59, "in 50 s"), (-60, "1 min ago"), (240, "in 4 min"), (-7_300, "2 h ago"), (86_399, "in 23 h"),
        (172_800, "in 2 d"),
    ])
    func `from now is in one unit`(seconds: Int, text: String) {
        #expect(relativeText(from: Fixtures.now.wall, to: Fixtures.at(.seconds(seconds)).wall) == text)
    }

    @Test(arguments: [
        (-1, "less than a minute"), (59, "less than a minute"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h 00 min"),
        (183_600, "2 d 3 h"),
    ])
    func `that something has been up is told to the minute`(seconds: Int, text: String) {
        #expect(uptimeText(.seconds(seconds)) == text)
    }

    @Test func `is readable in full, in HTTP's form, and at the ends of time`() {
        #expect(Fixtures.now.wall.utcText == "2026-11-22 14:30:00 UTC")
        #expect(httpDate(Fixtures.now.wall) == "Sun, 22 Nov 2026 14:30:00 GMT")
        #expect(!Instant.distantPast.utcText.isEmpty && !Instant.distantFuture.utcText.isEmpty)
        #expect(relativeText(from: .distantPast, to: .distantFuture).hasPrefix("in "))
    }

    @Test func `since the start of an attempt has three digits behind the point`() {
        #expect(offsetText(.milliseconds(12)) == "0.012")
        #expect(offsetText(.milliseconds(83_400)) == "83.400")
        #expect(countText(1_234_567) == "1,234,567")
        #expect(countText(999) == "999")
    }
}

@Suite struct `Output` {
    @Test func `is shown by line, put together from its pieces`() {
        let lines = LogLine.lines(of: [
            Fixtures.line("first half, ", .standardOutput, .seconds(1)), Fixtures.line("second half\r\n"),
            Fixtures.line("wrong\n", .standardError), Fixtures.line("no end"),
        ])
        #expect(lines.map(\.text) == ["first half, second half", "wrong", "no end"])
        #expect(lines.map(\.stream) == [.standardOutput, .standardError, .standardOutput])
        #expect(lines[0].offset == .seconds(1))
    }

    @Test func `cut inside a letter is whole again`() {
        let bytes = Array("ü\n".utf8)
        let pieces = [[bytes[0]], [bytes[1], bytes[2]]].map {
            OutputLine(stream: .standardOutput, offset: .zero, bytes: $0)
        }
        #expect(LogLine.lines(of: pieces).map(\.text) == ["ü"])
    }
}

import Testing

@Suite(.enabled(if: Browser.program != nil, "Debian's chromium is not installed"))
struct `What the page's script says of times` {
    /// The same tables as in HTMLTests of SignalboxStatusTests: seconds from now, and what the server says of them.
    private static let relative: [(Int, String)] = [
        (0, "just now"), (1, "just now"), (-9, "just now"), (-10, "10 s ago"), (-19, "10 s ago"), (8, "in a moment"),
        (10, "in 10 s"),
        (59, "in 50 s"), (-60, "1 min ago"), (240, "in 4 min"), (-7_300, "2 h ago"), (86_399, "in 23 h"),
        (172_800, "in 2 d"),
    ]
    private static let uptime: [(Int, String)] = [
        (-1, "less than a minute"), (59, "less than a minute"), (60, "1 min"), (3_599, "59 min"), (3_600, "1 h 00 min"),
        (183_600, "2 d 3 h"),
    ]

    @Test func `is what the server says of them`() async throws {
        try await withBox { box in
            try box.succeed("add", "disk", "--manual", "--", "true")
            let server = try box.start("serve", "--listen", "127.0.0.1:0")
            let line = try server.waitForLine("address=127.0.0.1:")
            let digits = line.split(separator: "address=127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
            let port = try #require(UInt16(digits), "\(line)")
            let browser = try Browser(box)
            // The script's own clock stands still, and the page shows times that are so far from it.
            try browser.call("Page.addScriptToEvaluateOnNewDocument", ["source": .text(stoppedClock)])
            try browser.open("http://127.0.0.1:\(port)/jobs")
            try browser.until("document.documentElement.dataset.live === 'live'")
            for (seconds, text) in Self.relative { try expect(text, "relative", seconds, in: browser) }
            for (seconds, text) in Self.uptime { try expect(text, "uptime", -seconds, in: browser) }
            #expect(try browser.problems() == [])
            try browser.close()
        }
    }

    private func expect(_ text: String, _ tick: String, _ seconds: Int, in browser: Browser) throws {
        let shown = try browser.evaluate(
            """
            (() => {
                const time = document.createElement("time");
                time.dataset.tick = "\(tick)";
                time.dateTime = new Date(scriptNow + \(seconds) * 1000).toISOString();
                document.body.append(time);
                everySecond();
                time.remove();
                return time.textContent;
            })()
            """)
        #expect(shown.text == text, "\(tick) \(seconds)")
    }
}

/// Stops the browser's clock at what the server's answers say, and lets the test do what is done each second.
private let stoppedClock = """
    // The script takes it that half of the second that an answer names has gone.
    const second = Date.UTC(2026, 4, 13, 14, 37, 0);
    window.scriptNow = second + 500;
    Date.now = () => second;
    const header = XMLHttpRequest.prototype.getResponseHeader;
    XMLHttpRequest.prototype.getResponseHeader = function (name) {
        return name === "Date" ? new Date(second).toUTCString() : header.call(this, name);
    };
    window.setInterval = (task) => { window.everySecond = task; };
    """

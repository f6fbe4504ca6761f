// The pages as people have them: in a real browser, with JavaScript and without.
import Glibc
import Testing

@Suite(.enabled(if: Browser.program != nil, "Debian's chromium is not installed"))
struct `In a browser the page` {
    @Test func `shows everything without JavaScript, and is loaded anew every 5 seconds`() async throws {
        try await withBrowser { box, browser in
            let port = try startStore(box)
            try browser.call("Emulation.setScriptExecutionDisabled", ["value": true])
            for (path, words) in [
                ("/", ["disk", "signalman", "SUCCESS", "Last 24 hours", "Coming up"]), ("/jobs/disk", ["all is well"]),
                ("/timeline", ["disk: 1 run"]), ("/queues", ["default", "signalman"]), ("/workers", ["processed"]),
                ("/dispatches/1", ["all is well"]),
            ] {
                let place = browser.events.count
                try browser.open("http://127.0.0.1:\(port)\(path)")
                let html = try markup(browser)
                for word in words { #expect(html.contains(word), "\(path): no \(word)") }
                let scheduled = try browser.event("Page.frameScheduledNavigation", after: place)
                #expect(scheduled["reason"] == "metaTagRefresh" && scheduled["delay"] == 5, "\(path): \(scheduled)")
            }
            let place = browser.events.count
            try browser.open("http://127.0.0.1:\(port)/?refresh=off")
            #expect(try markup(browser).contains("Not refreshing"))
            #expect(!browser.events.dropFirst(place).contains { $0["method"] == "Page.frameScheduledNavigation" })
            #expect(try browser.problems() == [])
        }
    }

    @Test func `can be walked by keyboard`() async throws {
        try await withBrowser { box, browser in
            let port = try startStore(box)
            try browser.open("http://127.0.0.1:\(port)/")
            let stops = try (0..<10).map { _ in
                try browser.press("Tab", code: 9)
                let text = try browser.evaluate(
                    "`${document.activeElement.textContent.trim()} ${getComputedStyle(document.activeElement).outlineStyle}`"
                )
                return text.text ?? ""
            }
            let pages = ["Overview", "Jobs", "Dispatches", "Timeline", "Workers", "Queues"]
            let expected = ["Skip to the content", "Signalbox"] + pages + ["Stop"]
            #expect(stops.prefix(9) == (expected.map { "\($0) solid" })[...])
            try browser.evaluate("document.activeElement.blur(); document.querySelector('.skip').focus()")
            try browser.press("Enter", code: 13)
            try browser.until("location.hash === '#main'")
        }
    }

    @Test func `takes whatever names, arguments and output say as text, and fits a phone`() async throws {
        try await withBrowser { box, browser in
            let strings = try hostileStrings()
            #expect(strings.count == 60)
            try box.write(jobsFile(strings), to: "jobs.yaml")
            try box.succeed("apply", "jobs.yaml")
            _ = try box.startWorker("--name", strings[0])
            try box.succeed("run", "hostile", "--wait")
            for text in strings { try box.succeed("enqueue", "--unique", text, "--delay", "1h", "--", "true", text) }
            try box.succeed("pause", "hostile", "--reason", strings[1])
            let port = try serverPort(startServer(box))
            try browser.call(
                "Emulation.setDeviceMetricsOverride",
                ["width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true])
            for path in [
                "/", "/jobs", "/jobs/hostile", "/dispatches", "/dispatches/1", "/workers", "/queues", "/timeline",
            ] {
                try browser.open("http://127.0.0.1:\(port)\(path)")
                let wide = try browser.evaluate(tooWide)
                #expect(wide == "", "\(path): \(wide)")
                #expect(
                    try browser.evaluate("document.querySelectorAll('main :is(script, img, iframe, object, b)').length")
                        == 0)
            }
            try browser.open("http://127.0.0.1:\(port)/dispatches/1")
            let shown = try browser.evaluate("document.querySelector('.log').textContent").text ?? ""
            for text in strings { #expect(shown.contains(text), "\(text)") }
            let problems = try browser.problems()
            #expect(problems == [], "\(problems)")
        }
    }
}

@Suite(.enabled(if: Browser.program != nil, "Debian's chromium is not installed"))
struct `In a browser with JavaScript the page` {
    @Test func `tells at once what runs and how it ended, and is never loaded anew`() async throws {
        try await withBrowser { box, browser in
            let gate = try box.makeFifo("gate")
            let port = try startStore(box)
            try box.succeed("add", "slow", "--manual", "--shell", "read line <\(gate.path); exit 3")
            try browser.open("http://127.0.0.1:\(port)/")
            try browser.until(isLive)
            try browser.evaluate(
                """
                window.isSame = true;
                document.querySelector("details").open = true;
                document.querySelector("summary").focus();
                """)
            try box.succeed("run", "slow")
            try browser.until(slowRow + " .marks').textContent === 'Running…'")
            try browser.until("document.querySelector('.running [data-dispatch=\"2\"]') !== null")
            #expect(try browser.evaluate(slowRow + " .last') === null") == true)
            try gate.release()
            try browser.until("document.querySelector('.toast.failed')?.textContent.includes('slow failed #2')")
            try browser.until(slowRow + " .last')?.textContent.includes('FAILED')")
            try box.succeed("run", "disk")
            try browser.until("document.querySelector('.toast.success')?.textContent.includes('disk succeeded #3')")
            #expect(
                try browser.evaluate(
                    "[isSame, document.querySelector('details').open, document.activeElement.nodeName].join()")
                    == "true,true,SUMMARY")
            #expect(!browser.events.contains { $0["method"] == "Page.frameScheduledNavigation" })
            #expect(try browser.problems() == [])
        }
    }

    @Test func `shows output and progress as they come`() async throws {
        try await withBrowser { box, browser in
            let gate = try box.makeFifo("gate")
            let port = try startStore(box)
            let number = try box.enqueue(
                shell: "echo one; read a <\(gate.path); echo two; echo 'progress 40 of it' >&3; read b <\(gate.path)")
            try browser.open("http://127.0.0.1:\(port)/dispatches/\(number)")
            try browser.until("document.querySelector('.log')?.textContent.includes('one')")
            try gate.release()
            try browser.until("document.querySelector('.log').textContent.includes('two')")
            try browser.until("document.querySelector('progress')?.value === 40")
            try gate.release()
            try browser.until("document.querySelector('h1 + .badge').textContent === 'SUCCESS'")
            #expect(try browser.problems() == [])
        }
    }

    @Test func `says that it is stale while the server is away, and misses nothing of that time`() async throws {
        try await withBrowser { box, browser in
            _ = try startStore(box)
            let server = try startServer(box)
            let port = try serverPort(server)
            try browser.open("http://127.0.0.1:\(port)/")
            try browser.until(isLive)
            try browser.evaluate("window.isSame = true")
            server.end()
            try browser.until("document.documentElement.dataset.live === 'reconnecting'")
            try browser.until("document.querySelector('.banner').textContent.includes('STALE')")
            for _ in 0..<3 { try box.succeed("run", "disk", "--wait") }
            _ = try serverPort(try startServer(box, "127.0.0.1:\(port)"))
            // Not to wait for the pause between two tries.
            try browser.evaluate("window.dispatchEvent(new Event('online'))")
            try browser.until(isLive)
            try browser.until("document.querySelectorAll('.toast').length === 3")
            let toasts = try browser.evaluate("document.querySelector('.toasts').textContent").text ?? ""
            for number in 2...4 { #expect(toasts.contains("disk succeeded #\(number)"), "\(toasts)") }
            #expect(try browser.evaluate("isSame && document.querySelector('.banner').hidden") == true)
        }
    }

    @Test func `gives up when the server does not come back, and can be refreshed by hand`() async throws {
        try await withBrowser { box, browser in
            _ = try startStore(box)
            let server = try startServer(box)
            let port = try serverPort(server)
            try browser.call("Page.addScriptToEvaluateOnNewDocument", ["source": .text(hurry)])
            try browser.open("http://127.0.0.1:\(port)/")
            try browser.until(isLive)
            server.end()
            try browser.until(isLost)
            let banner = try browser.evaluate("document.querySelector('.banner').textContent").text ?? ""
            #expect(banner.hasPrefix("STALEThe server does not answer. This is how things were at"), "\(banner)")
            _ = try serverPort(try startServer(box, "127.0.0.1:\(port)"))
            try box.succeed("run", "disk", "--wait")
            try browser.evaluate("document.querySelector('.banner button').click()")
            try browser.until(isLive)
            try browser.until("document.querySelector('.recent, main').textContent.includes('#2')")
        }
    }

    @Test func `without a live feed is renewed as it is without JavaScript`() async throws {
        try await withBrowser { box, browser in
            let port = try startStore(box)
            let none = "window.WebSocket = class { constructor() { setTimeout(() => this.onclose()); } };"
            try browser.call("Page.addScriptToEvaluateOnNewDocument", ["source": .text(hurry + none)])
            try browser.open("http://127.0.0.1:\(port)/")
            try browser.until("document.documentElement.dataset.live === 'clock'")
            try box.succeed("run", "disk", "--wait")
            try browser.until("document.querySelector('main').textContent.includes('#2')")
            #expect(try browser.evaluate("document.querySelector('#connection').textContent") == "Refreshes every 5 s")
            #expect(try browser.problems() == [])
        }
    }

    @Test func `lets who knows the token run a job, and shows what comes of it without leaving the page`() async throws
    {
        try await withBrowser { box, browser in
            let gate = try box.makeFifo("gate")
            _ = try startStore(box)
            try box.succeed("add", "slow", "--manual", "--shell", "read line <\(gate.path)")
            try box.write("an open secret of 30 letters".filter { $0 != " " } + "\n", to: "token")
            chmod(box.path("token"), 0o600)
            let server = try box.start("serve", "--listen", "127.0.0.1:0", "--control-token-file", box.path("token"))
            let home = "http://127.0.0.1:\(try serverPort(server))"
            try browser.open("\(home)/login")
            let place = browser.events.count
            try browser.evaluate(
                """
                document.querySelector("[name=name]").value = "ann";
                document.querySelector("[name=token]").value = "anopensecretof30letters";
                setTimeout(() => document.querySelector("main form").requestSubmit());
                """)
            try browser.event("Page.loadEventFired", after: place)
            #expect(try browser.evaluate("document.querySelector('.corner').textContent.includes('ann')") == true)
            try browser.open("\(home)/jobs")
            try browser.until(isLive)
            try browser.evaluate("window.isSame = true; \(slowRow) form button').click()")
            try browser.until(slowRow + " .marks').textContent === 'Running…'")
            // It is busy, and its policy is to run once at a time.
            try browser.evaluate("\(slowRow) form button').click()")
            try browser.until("document.querySelector('.toast.failed')?.textContent.includes('slow')")
            try gate.release()
            try browser.until("document.querySelector('.toast.success')?.textContent.includes('slow succeeded #2')")
            try browser.until(slowRow + " .last')?.textContent.includes('SUCCESS')")
            #expect(try browser.evaluate("window.isSame") == true)
            #expect(try server.waitForLine("what=/jobs/slow/run").contains("name=ann"))
            #expect(try browser.problems().filter { !$0.contains("409") } == [])
        }
    }
}

// MARK: What the tests stand on

/// What reaches beyond the right edge of the window, if the page can be scrolled there.
private let tooWide = """
    document.documentElement.scrollWidth <= screen.width ? "" : [...document.querySelectorAll("body *")]
        .filter((element) => element.getBoundingClientRect().right > screen.width + 1)
        .map((element) => element.nodeName + "." + element.getAttribute("class")).join(" ")
    """

/// A job that has run once, a worker, a server: its port.
private func startStore(_ box: Box) throws -> UInt16 {
    try box.succeed("add", "disk", "--every", "1h", "--shell", "echo all is well")
    _ = try box.startWorker("--name", "signalman")
    try box.succeed("run", "disk", "--wait")
    return try serverPort(startServer(box))
}

private let isLive = "document.documentElement.dataset.live === 'live'"
private let isLost = "document.documentElement.dataset.live === 'lost'"
private let slowRow = "document.querySelector('[data-job=slow]"
/// Makes the script's pauses a hundredth of what they are.
private let hurry = "const wait = setTimeout; window.setTimeout = (task, pause) => wait(task, (pause ?? 0) / 100);"

private func startServer(_ box: Box, _ address: String = "127.0.0.1:0") throws -> ChildProcess {
    try box.start("serve", "--listen", address)
}

private func serverPort(_ server: ChildProcess) throws -> UInt16 {
    let line = try server.waitForLine("address=127.0.0.1:")
    let digits = line.split(separator: "address=127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
    return try #require(UInt16(digits), "\(line)")
}

private func markup(_ browser: Browser) throws -> String {
    let root = try browser.call("DOM.getDocument")["root"]["nodeId"]
    return try browser.call("DOM.getOuterHTML", ["nodeId": root])["outerHTML"].text ?? ""
}

/// Sixty ways to be taken for more than text; each would open a dialog.
private func hostileStrings() throws -> [String] {
    let calls = ["alert(1)", "confirm`1`", "top[\"al\"+\"ert\"](1)"]
    let shapes = [
        "<script>@</script>", "<img src=x onerror=@>", "<svg onload=@>", "<svg><script>@</script></svg>",
        "\"><script>@</script>", "' onmouseover='@' x='", "\" autofocus onfocus=\"@\" x=\"",
        "<iframe srcdoc='<script>@</script>'>",
        "<a href=\"javascript:@\">x</a>", "<body onpageshow=@>", "</title><script>@</script>",
        "</td></table><b onclick=@>x</b>",
        "<details open ontoggle=@>", "<style>@import 'x';</style><b style=\"x:expression(@)\">",
        "<!--><script>@</script>-->",
        "<math><mtext></p><img src=x onerror=@>", "<object data=\"javascript:@\">", "&lt;script&gt;@&lt;/script&gt;",
        "<scr<script>ipt>@</scr</script>ipt>", "<input value=x autofocus onfocus=@>",
    ]
    return calls.flatMap { call in shapes.map { $0.replacing("@", with: call) } }
}

/// One job that prints them all, and has them wherever a job may have any text.
private func jobsFile(_ strings: [String]) -> String {
    let lines = strings.map { "echo '\($0.replacing("'", with: "'\\''"))'" }.joined(separator: "\n      ")
    let variables = strings.prefix(5).enumerated().map { "V\($0): \(JSONValue.text($1).json)" }.joined(separator: ", ")
    return """
        jobs:
          hostile:
            manual: true
            env: {\(variables)}
            shell: |
              \(lines.replacing("\n      ", with: "\n      "))
              echo 'progress 50 \(strings[2].replacing("'", with: "'\\''"))' >&3
        """
}

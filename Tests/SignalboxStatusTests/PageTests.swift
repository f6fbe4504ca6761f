import Logging
import NIOHTTP1
import SignalboxCore
@testable import SignalboxStore
@testable import SignalboxStatus
import Testing

/// Asks for a page of `source` as a browser on this machine would.
func answer(
    _ target: String, of source: FixedSource, method: HTTPMethod = .GET, hosts: [String] = ["localhost"],
    knownTags: [String] = []
) -> PageResponse {
    let responder = Responder(
        source: source, now: { Fixtures.now }, hosts: HostRule(listening: .standard), logger: Logger(label: "test"))
    return responder.response(to: PageRequest(method: method, target: target, hosts: hosts, knownTags: knownTags))
}

extension PageResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A store with one job that runs, one that is paused, a worker, and some history.
private func busySource() throws -> FixedSource {
    var source = FixedSource()
    let name = try JobName("backup")
    let done = try Fixtures.run(1, of: name, from: .seconds(-7200), for: .seconds(200))
    let failed = try Fixtures.run(2, of: name, from: .seconds(-3600), .exited(3))
    let running = try Fixtures.run(3, of: name, from: .seconds(-131), nil)
    let view = Fixtures.view(running, "restic --token abc", progress: ProgressReport(percent: 64, text: "12 of 20"))
    source.shown.jobs = [
        try Fixtures.job(
            "backup", "0 3 * * *", next: .seconds(240), recent: [running, failed, done], running: 1,
            environment: ["API_KEY": "xyz"]),
        try Fixtures.job("rest", "@every 5m", waiting: 2, paused: true),
    ]
    source.shown.workers = [Fixtures.worker(1, "gateway:812", running: 1, processed: 1_204, failed: 3)]
    source.shown.running = [view]
    source.shown.recent = [view, Fixtures.view(failed), Fixtures.view(done)]
    source.shown.status.dispatches = [.failed: 37, .inProgress: 1]
    source.details[running.id] = Fixtures.detail(
        view, Request(command: .program(["restic", "--token", "abc"]), environment: ["API_KEY": "xyz"]),
        attempts: [
            Attempt(
                number: 1, worker: WorkerID(9), started: Moment(Fixtures.at(.seconds(-900))),
                finished: Moment(Fixtures.at(.seconds(-890))), outcome: .signalled(9), reason: .killed)
        ],
        output: [Fixtures.line("copied\n", .standardOutput, .milliseconds(12)), Fixtures.line("oh\n", .standardError)])
    return source
}

@Suite struct `The overview` {
    @Test func `counts the states, with a link to each`() throws {
        let page = answer("/", of: try busySource()).text
        #expect(page.contains("?state=FAILED\" class=\"tile failed\"><span class=\"count\">37</span>"))
        #expect(page.contains("?state=PENDING\" class=\"tile none\"><span class=\"count\">0</span>"))
    }

    @Test func `says that calendar jobs wait for the clock, while they do`() throws {
        var source = try busySource()
        let now = Fixtures.now
        var clock = StoreClock(first: now)
        clock.trust = .held(.unsynchronised, since: now.boot, until: now.boot + .seconds(90))
        source.shown.status.clockHold = ClockHold(clock)
        #expect(answer("/", of: source).text.contains("Calendar jobs wait, for at most 1 min 30 s more: nothing has"))
        clock.trust = .held(.unsynchronised, since: now.boot, until: now.boot)
        source.shown.status.clockHold = ClockHold(clock)
        #expect(!answer("/", of: source).text.contains("Calendar jobs wait"))
    }

    @Test func `says that the store fills up, when it does`() throws {
        var source = try busySource()
        #expect(!answer("/", of: source).text.contains("The store is"))
        source.shown.status.filling = StoreFilling(usedPercent: 91.7, level: .closedToClients)
        #expect(answer("/", of: source).text.contains("The store is 91 % full: it takes no new jobs and dispatches"))
    }

    @Test func `shows what runs, how far it is, and what is next`() throws {
        let page = answer("/", of: try busySource()).text
        #expect(page.contains("<progress max=\"100\" value=\"64\""))
        #expect(page.contains("12 of 20"))
        #expect(page.contains("2 min 11 s"))
        #expect(page.contains("datetime=\"2026-11-22T14:34:00.000000Z\""))
        #expect(page.contains("title=\"2026-11-22 14:34:00 UTC\" data-tick=\"relative\">in 4 min</time>"))
        #expect(page.contains(">Running…</span>"))
        #expect(page.contains(">Paused</span><span class=\"badge scheduled\">2 waiting</span>"))
    }

    @Test func `tells who paused a job, and what for`() throws {
        let page = answer("/jobs/rest", of: try busySource()).text
        #expect(page.contains("by ann@box: new disk"))
    }

    @Test func `links each of a job's last runs, the oldest first`() throws {
        let page = answer("/jobs", of: try busySource()).text
        let links = [
            "/dispatches/1\" class=\"run success\"", "/dispatches/2\" class=\"run failed\"",
            "/dispatches/3\" class=\"run in-progress\"",
        ]
        let places = links.compactMap { page.ranges(of: $0).first?.lowerBound }
        #expect(places.count == 3 && places == places.sorted())
        #expect(page.contains("title=\"#2 FAILED, 59 min ago, took 3.0 s\""))
    }

    @Test func `says how many workers are online and which one does most`() throws {
        let page = answer("/", of: try busySource()).text
        #expect(page.contains("<strong>1</strong> online"))
        #expect(page.contains("gateway:812"))
        #expect(page.contains(">just now</time>"))
        #expect(page.contains("2 h 05 min"))
        #expect(page.contains("1,204"))
    }

    @Test func `of an empty store says what to do`() {
        let page = answer("/", of: FixedSource()).text
        #expect(page.contains("No worker is online"))
        #expect(page.contains("signalbox add"))
        #expect(page.contains("Nothing is running."))
    }
}

@Suite struct `A page` {
    private static let targets = [
        "/", "/jobs", "/jobs/backup", "/dispatches", "/dispatches/3", "/workers", "/queues", "/timeline",
    ]

    @Test(arguments: targets)
    func `renews itself unless told not to, and its links carry that on`(target: String) throws {
        let source = try busySource()
        let on = answer(target, of: source)
        #expect(on.status == .ok)
        #expect(on.text.contains("<meta http-equiv=\"refresh\" content=\"5\">"))
        #expect(on.text.contains("<a href=\"\(target)?refresh=off\" aria-label=\"Stop refreshing\">Stop</a>"))
        let off = answer(target + "?refresh=off", of: source).text
        #expect(!off.contains("http-equiv=\"refresh\""))
        #expect(!off.contains("<script"))
        #expect(off.contains("<a href=\"\(target)\" aria-label=\"Start refreshing\">Start</a>"))
        #expect(off.contains("href=\"/workers?refresh=off\""))
    }

    @Test(arguments: targets) func `can be walked by keyboard and screen reader`(target: String) throws {
        let page = answer(target, of: try busySource()).text
        let parts = [
            "<html lang=\"en\">", "href=\"#main\"", "<main id=\"main\" tabindex=\"-1\" data-region=\"main\">",
            "<nav aria-label=", "<h1",
            "aria-current=\"page\"",
        ]
        for part in parts { #expect(page.contains(part), "no \(part)") }
        #expect(page.components("<table") == page.components("<caption"))
    }

    @Test(arguments: targets) func `says which store it shows, and when it was read`(target: String) throws {
        let page = answer(target, of: try busySource()).text
        #expect(page.contains("7f3a9c52d1e84b06"))
        #expect(page.contains("sequence 4,711"))
        #expect(page.contains("<time datetime=\"2026-11-22T14:30:00.000000Z\">2026-11-22 14:30:00 UTC</time>"))
    }

    @Test(arguments: targets)
    func `holds no script and no style of its own, and nothing from elsewhere`(target: String) throws {
        let response = answer(target, of: try busySource())
        let text = response.text.replacing(/<script src="\/assets\/page.js\?v=[0-9a-f]+" defer=""><\/script>/, with: "")
        for part in ["<script", "style=", "<style", "src=", "href=\"http", "href=\"//", "javascript:"] {
            #expect(!text.contains(part), "found \(part)")
        }
        #expect(!text.contains(/<[^>]* on[a-z]+=/), "found an event handler")
        let policy = try #require(response.headers.first(name: "Content-Security-Policy"))
        #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
        #expect(policy.contains("script-src 'self'") && policy.contains("require-trusted-types-for 'script'"))
        #expect(response.headers.first(name: "X-Content-Type-Options") == "nosniff")
        #expect(response.headers.first(name: "Referrer-Policy") == "no-referrer")
    }

    @Test(arguments: targets) func `shows no secret`(target: String) throws {
        let page = answer(target, of: try busySource()).text
        #expect(!page.contains("abc") && !page.contains("xyz"))
    }

    @Test func `of a job has its definition, history and durations`() throws {
        let page = answer("/jobs/backup", of: try busySource()).text
        for part in ["0 3 * * *", "15 min 00 s", "3 min 20 s", "exit 3", "href=\"/dispatches?job=backup\""] {
            #expect(page.contains(part), "no \(part)")
        }
    }

    @Test func `of a dispatch has its attempts and its output by stream and time`() throws {
        let page = answer("/dispatches/3", of: try busySource()).text
        let parts = [
            "SIGKILL", "10 s", "[redacted]", "gateway:812", ">0.012</td>", "<tr class=\"stderr\">", ">copied</td>",
        ]
        for part in parts { #expect(page.contains(part), "no \(part)") }
    }

    @Test func `of a dispatch shows how its process is treated, and what its attempts have left`() throws {
        var source = try busySource()
        var request = Request(command: .shell("x"))
        request.process = ProcessSettings(user: "backup", limits: [.openFiles: .amount(64)])
        request.killGrace = .seconds(3)
        let report = AttemptReport(
            result: JSONText("{\"rows\": \"<b>\"}"), tags: ["customer": "<i>acme"],
            survivors: [Survivor(pid: 4_711, name: "<u>")])
        let attempt = Attempt(
            number: 2, worker: WorkerID(1), started: Moment(Fixtures.at(.seconds(-5))), finished: Moment(Fixtures.now),
            outcome: .exited(0), reason: .idleTimeout, report: report)
        let view = Fixtures.view(try Fixtures.run(5, from: .seconds(-5)))
        source.details[view.id] = Fixtures.detail(view, request, attempts: [attempt])
        let page = answer("/dispatches/5", of: source).text
        let parts = [
            "backup", "open_files 64", "Kill grace", "Left by attempt 2", "&lt;i&gt;acme", "&lt;b&gt;",
            "4711 (&lt;u&gt;)", "idle_timeout",
        ]
        for part in parts { #expect(page.contains(part), "no \(part)") }
    }

    @Test func `of dispatches can be narrowed, widened again, and turned to older ones`() throws {
        var source = try busySource()
        source.shown.recent = try (1...60).reversed().map { Fixtures.view(try Fixtures.run($0, from: .seconds(-9))) }
        let first = answer("/dispatches?state=SUCCESS&refresh=off", of: source).text
        #expect(
            first.contains(
                "href=\"/dispatches?state=SUCCESS&amp;before=11&amp;refresh=off\" rel=\"next\">Older dispatches"))
        let last = answer("/dispatches?state=SUCCESS&before=11", of: source).text
        #expect(!last.contains("Older dispatches"))
        #expect(last.contains("Older than #11"))
        #expect(last.contains("<a href=\"/dispatches?state=SUCCESS\" aria-current=\"page\">"))
        #expect(last.contains("<a href=\"/dispatches\">All</a>"))
    }

    @Test func `of dispatches says how many missed runs a record stands for, and why`() throws {
        var source = FixedSource()
        let birth = DispatchBirth.skipped(.downtime, further: 3, last: nil)
        source.shown.recent = [Fixtures.view(Fixtures.waiting(8, of: try JobName("backup"), birth, at: .zero))]
        #expect(answer("/dispatches", of: source).text.contains("downtime · 4 due times"))
    }

    @Test func `of workers has heartbeat, uptime and what they did, and marks a late one`() throws {
        var source = try busySource()
        source.shown.workers.append(Fixtures.worker(2, "slow:1", heartbeat: .seconds(-95)))
        source.shown.workers.append(Fixtures.worker(3, "gone:1", state: .dead, heartbeat: nil))
        let page = answer("/workers", of: source).text
        #expect(page.contains("1 min ago</time> (late)"))
        #expect(page.contains("1 of 4"))
        #expect(page.contains(">dead</span>"))
        #expect(page.contains("none yet"))
    }

    @Test func `shows hostile names and output as text`() throws {
        var source = try busySource()
        let evil = "<script>alert(1)</script>\u{1b}[2J\u{202E}\"'"
        let view = Fixtures.view(
            try Fixtures.run(5, from: .seconds(-5), nil), evil, progress: ProgressReport(percent: 900, text: evil))
        source.shown.running = [view]
        source.shown.recent = [view]
        source.shown.workers = [Fixtures.worker(1, evil)]
        source.details[view.id] = Fixtures.detail(
            view, Request(command: .shell(evil), environment: [evil: evil], directory: evil, unique: UniqueKey(evil)),
            output: [Fixtures.line(evil), Fixtures.line(evil, .note)])
        for target in ["/", "/dispatches", "/dispatches/5", "/workers"] {
            let page = answer(target, of: source).text
            #expect(!page.contains("<script>"), "\(target)")
            #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;\\u{1b}[2J\\u{202e}&quot;&#39;"), "\(target)")
            #expect(!page.contains("\u{202E}") && !page.contains("\u{1b}"), "\(target)")
        }
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}

@Suite struct `An answer` {
    @Test func `tells what is not there apart from what cannot be understood`() throws {
        let source = try busySource()
        #expect(answer("/nowhere", of: source).status == .notFound)
        #expect(answer("/jobs/other", of: source).status == .notFound)
        #expect(answer("/jobs/other", of: source).text.contains("There is no job &quot;other&quot;"))
        #expect(answer("/dispatches/99", of: source).status == .notFound)
        #expect(answer("/dispatches?state=x", of: source).status == .badRequest)
    }

    @Test func `is a sentence when the store cannot be read, and comes by itself when it can again`() {
        var source = FixedSource()
        source.error = FixedError(description: "the data file is damaged at page 7 <here>")
        let response = answer("/", of: source)
        #expect(response.status == .serviceUnavailable)
        #expect(response.text.contains("the data file is damaged at page 7 &lt;here&gt;"))
        #expect(response.text.contains("http-equiv=\"refresh\""))
        #expect(response.headers.first(name: "Cache-Control") == "no-store")
        #expect(answer("/healthz", of: source).status == .serviceUnavailable)
    }

    @Test func `to the health check is ok`() {
        let response = answer("/healthz", of: FixedSource())
        #expect(response.status == .ok)
        #expect(response.text == "ok\n")
    }

    @Test func `goes only to our own names, once each`() {
        #expect(answer("/", of: FixedSource(), hosts: ["evil.example"]).status == .misdirectedRequest)
        #expect(answer("/", of: FixedSource(), hosts: []).status == .badRequest)
        #expect(answer("/", of: FixedSource(), hosts: ["localhost", "localhost"]).status == .badRequest)
    }

    @Test(arguments: [HTTPMethod.POST, .PUT, .DELETE, .OPTIONS, .PATCH, .TRACE, .CONNECT])
    func `to anything but looking is no`(method: HTTPMethod) {
        let response = answer("/", of: FixedSource(), method: method)
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers.first(name: "Allow") == "GET, HEAD")
        #expect(!response.keepsConnection)
    }

    @Test func `that is known already is not sent again, and is when anything changed`() throws {
        var source = try busySource()
        let tag = try #require(answer("/", of: source).headers.first(name: "ETag"))
        #expect(tag.hasPrefix("W/\"4711-"))
        let again = answer("/", of: source, knownTags: ["\"other\"", tag])
        #expect(again.status == .notModified)
        #expect(again.body.isEmpty && again.headers.first(name: "ETag") == tag)
        source.shown.running[0].progress = ProgressReport(percent: 65, text: "")
        #expect(answer("/", of: source, knownTags: [tag]).status == .ok)
    }

    @Test func `for an asset may be kept for ever, under an address that changes with it`() throws {
        let page = answer("/", of: FixedSource()).text
        let href = try #require(page.firstMatch(of: /href="(\/assets\/style\.css\?v=[0-9a-f]+)"/)?.1)
        let style = answer(String(href), of: FixedSource())
        #expect(style.status == .ok)
        #expect(style.headers.first(name: "Content-Type") == "text/css; charset=utf-8")
        #expect(style.headers.first(name: "Cache-Control")?.contains("immutable") == true)
        #expect(style.text.contains("prefers-color-scheme: dark"))
        #expect(answer("/assets/mark.svg", of: FixedSource()).headers.first(name: "Content-Type") == "image/svg+xml")
    }
}

import Logging
import NIOHTTP1
import SignalboxCore
import SignalboxStore
import Synchronization
import Testing

@testable import SignalboxStatus

/// Writes down what it is told to do.
private final class NotedActions: ControlActions {
    private let list = Mutex<[String]>([])
    let refusal: StoreError?

    init(refusal: StoreError? = nil) { self.refusal = refusal }

    var done: [String] { list.withLock { $0 } }

    private func note(_ what: String) throws {
        if let refusal { throw refusal }
        list.withLock { $0.append(what) }
    }

    func run(_ job: JobName) throws -> DispatchID {
        try note("run \(job)")
        return DispatchID(7)
    }
    func pause(_ job: JobName, by person: String) throws { try note("pause \(job) by \(person)") }
    func resume(_ job: JobName) throws { try note("resume \(job)") }
    func cancel(_ dispatch: DispatchID) throws { try note("cancel \(dispatch)") }
    func requeue(_ dispatch: DispatchID) throws -> DispatchID {
        try note("requeue \(dispatch)")
        return DispatchID(8)
    }
}

/// A server with control, and a browser that knows what it was told.
private struct Desk {
    static let token = "0123456789abcdef"
    let actions: NotedActions
    private let responder: Responder
    var cookie = ""
    var formToken = ""

    init(_ actions: NotedActions = NotedActions()) throws {
        self.actions = actions
        var source = FixedSource()
        source.shown.jobs = [
            try Fixtures.job("backup", "0 3 * * *"), try Fixtures.job("rest", "@manual", paused: true),
        ]
        let run = try Fixtures.run(1, from: .seconds(-60), for: .seconds(1))
        let going = try Fixtures.run(2, from: .seconds(-60), nil)
        for dispatch in [run, going] {
            let view = Fixtures.view(dispatch, "true")
            source.details[dispatch.id] = Fixtures.detail(view, Request(command: .shell("true")))
        }
        let control = Control(token: try ControlToken(Self.token), actions: actions)
        responder = Responder(
            source: source, now: { Fixtures.now }, hosts: HostRule(listening: .standard),
            logger: Logger(label: "test"), desk: ControlDesk(control, logger: Logger(label: "test")))
    }

    func get(_ target: String) -> PageResponse {
        responder.response(
            to: PageRequest(method: .GET, target: target, hosts: ["localhost"], knownTags: [], cookies: [cookie]))
    }

    func post(
        _ target: String, _ form: String, origins: [String] = ["http://localhost"], isForm: Bool = true
    ) -> PageResponse {
        responder.response(
            to: PageRequest(
                method: .POST, target: target, hosts: ["localhost"], knownTags: [], origins: origins, cookies: [cookie],
                isForm: isForm, body: Array(form.utf8), peer: "127.0.0.1"))
    }

    mutating func logIn(as name: String = "ann") throws {
        let answer = post("/login", "name=\(name)&token=\(Self.token)")
        let field = try #require(answer.headers["Set-Cookie"].first)
        cookie = String(field.prefix { $0 != ";" })
        let page = get("/jobs/backup").text
        let rest = try #require(page.split(separator: "name=\"form_token\" value=\"").dropFirst().first)
        formToken = String(rest.prefix { $0 != "\"" })
    }
}

@Suite struct `A server with a control token` {
    @Test func `shows no button to strangers, and those that fit to who is logged in`() throws {
        var desk = try Desk()
        for path in ["/", "/jobs", "/jobs/backup", "/dispatches/1", "/dispatches/2"] {
            let page = desk.get(path).text
            #expect(page.contains("href=\"/login\"") && !page.contains("form_token"), "\(path)")
            // What is named by no referrer has the Origin null.
            #expect(desk.get(path).headers["Referrer-Policy"] == ["same-origin"])
        }
        try desk.logIn()
        #expect(desk.get("/jobs/backup").text.contains("action=\"/jobs/backup/run\""))
        #expect(desk.get("/jobs/backup").text.contains("action=\"/jobs/backup/pause\""))
        let paused = desk.get("/jobs/rest").text
        #expect(paused.contains("action=\"/jobs/rest/resume\"") && !paused.contains("/jobs/rest/run\""))
        #expect(desk.get("/dispatches/1").text.contains("action=\"/dispatches/1/requeue\""))
        let running = desk.get("/dispatches/2").text
        #expect(running.contains("action=\"/dispatches/2/cancel\"") && !running.contains("requeue"))
    }

    @Test func `lets in who knows the token and says who it is, and nobody else`() throws {
        let desk = try Desk()
        for form in ["name=ann&token=0123456789abcdeF", "name=ann", "name=&token=\(Desk.token)", "name=ann&token="] {
            let answer = desk.post("/login", form)
            #expect(answer.status == .seeOther && answer.headers["Set-Cookie"].isEmpty, "\(form)")
            let target = try #require(answer.headers["Location"].first)
            #expect(desk.get(target).text.contains("role=\"alert\""), "\(form)")
        }
        let cookie = try #require(desk.post("/login", "name=ann&token=\(Desk.token)").headers["Set-Cookie"].first)
        #expect(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict") && cookie.contains("; Path=/"))
    }

    @Test func `does what it is asked by forms of its own pages`() throws {
        var desk = try Desk()
        try desk.logIn(as: "ann+lee")
        let steps = [
            ("/jobs/backup/run", "/dispatches/7"), ("/jobs/backup/pause", "/jobs/backup"),
            ("/jobs/backup/resume", "/jobs/backup"), ("/dispatches/2/cancel", "/dispatches/2"),
            ("/dispatches/1/requeue", "/dispatches/8"),
        ]
        for (target, next) in steps {
            let answer = desk.post(target, "form_token=\(desk.formToken)")
            #expect(answer.status == .seeOther && answer.headers["Location"] == [next], "\(target)")
        }
        let expected = ["run backup", "pause backup by ann lee", "resume backup", "cancel 2", "requeue 1"]
        #expect(desk.actions.done == expected)
    }

    @Test func `does nothing for a stranger's page, another's form, or who is not logged in`() throws {
        var desk = try Desk()
        #expect(desk.post("/jobs/backup/run", "form_token=").headers["Location"] == ["/login"])
        try desk.logIn()
        let form = "form_token=\(desk.formToken)"
        for origins in [[], ["null"], ["http://evil.example"], ["http://localhost:99"], ["http://localhost", "null"]] {
            #expect(desk.post("/jobs/backup/run", form, origins: origins).status == .forbidden, "\(origins)")
        }
        for other in ["", "form_token=", "form_token=\(desk.formToken)x", "form_token=a&form_token=b"] {
            #expect([.forbidden, .unsupportedMediaType].contains(desk.post("/jobs/backup/run", other).status))
        }
        #expect(desk.post("/jobs/backup/run", form, isForm: false).status == .unsupportedMediaType)
        for target in ["/jobs/backup", "/jobs/backup/remove", "/dispatches/x/cancel", "/", "/jobs/backup/run?x=1"] {
            #expect(desk.post(target, form).status == .notFound, "\(target)")
        }
        #expect(desk.actions.done.isEmpty)
    }

    @Test func `says what the store has against it`() throws {
        var desk = try Desk(NotedActions(refusal: .noJob(try JobName("backup"))))
        try desk.logIn()
        let answer = desk.post("/jobs/backup/run", "form_token=\(desk.formToken)")
        #expect(answer.status == .notFound && answer.text.contains("there is no job &quot;backup&quot;"))
    }

    @Test func `ends a session when it is told to`() throws {
        var desk = try Desk()
        try desk.logIn()
        let answer = desk.post("/logout", "form_token=\(desk.formToken)")
        #expect(answer.headers["Set-Cookie"].first?.contains("Max-Age=0") == true)
        #expect(desk.post("/jobs/backup/run", "form_token=\(desk.formToken)").headers["Location"] == ["/login"])
        #expect(desk.actions.done.isEmpty)
    }

    @Test func `ends a session after its time, and the oldest when there are too many`() {
        let sessions = ControlSessions()
        let begin = Fixtures.now.boot
        let first = sessions.begin("ann", at: begin)
        let last = begin + ControlSessions.length - .seconds(1)
        #expect(sessions.visitor(of: first, at: last)?.name == "ann")
        #expect(sessions.visitor(of: first, at: begin + ControlSessions.length) == nil)
        for number in 0..<ControlSessions.limit { _ = sessions.begin("\(number)", at: begin + .seconds(1)) }
        #expect(sessions.visitor(of: first, at: begin + .seconds(1)) == nil)
    }

    @Test func `takes no method but GET, HEAD and POST, and says so`() throws {
        let desk = try Desk()
        #expect(desk.get("/login").status == .ok)
        #expect(answer("/login", of: FixedSource()).status == .notFound)
        let refused = answer("/jobs/backup/run", of: FixedSource(), method: .POST)
        #expect(refused.status == .methodNotAllowed && refused.headers["Allow"] == ["GET, HEAD"])
    }

    @Test func `takes no token that could be guessed`() {
        for text in ["", "short", String(repeating: "x", count: 513), "0123456789 abcdef", "0123456789abcdeé"] {
            #expect(throws: ControlTokenError.self, "\(text)") { try ControlToken(text) }
        }
    }
}

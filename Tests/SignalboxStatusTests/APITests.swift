import FoundationEssentials
import Logging
import NIOHTTP1
import SignalboxCore
@testable import SignalboxStatus
@testable import SignalboxStore
import Testing

/// The names of an object that a program gets.
private func names(_ response: PageResponse, _ list: String? = nil) throws -> Set<String> {
    let object = try object(response)
    guard let list else { return Set(object.keys) }
    return try #require(object[list]).firstNames
}

private func object(_ response: PageResponse) throws -> [String: AnyJSON] {
    try JSONDecoder().decode([String: AnyJSON].self, from: Data(response.body))
}

/// As much of any JSON as these tests look at.
private enum AnyJSON: Decodable, Equatable {
    case text(String), number(Double), flag(Bool), object(Set<String>), list([AnyJSON]), null

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let list = try? value.decode([AnyJSON].self) {
            self = .list(list)
        } else {
            self = .object(Set(try value.decode([String: AnyJSON].self).keys))
        }
    }

    var firstNames: Set<String> {
        if case .list(let list) = self, case .object(let names)? = list.first { names } else { [] }
    }
}

/// A store with a job, a run that ended, one that runs, and a worker.
private func source() throws -> FixedSource {
    var source = FixedSource()
    let name = try JobName("backup")
    let done = Fixtures.view(try Fixtures.run(1, of: name, from: .seconds(-8000)), "restic --token [redacted]")
    let running = Fixtures.view(try Fixtures.run(2, of: name, from: .seconds(-10), nil))
    source.shown.jobs = [
        try Fixtures.job("backup", "0 3 * * *", command: .program(["restic", "--token", "abc"]), next: .seconds(90)),
        try Fixtures.job("tidy", "@every 1h"),
    ]
    source.shown.workers = [Fixtures.worker(1, "one")]
    source.shown.recent = [running, done]
    source.shown.status.queues = [QueueView(name: .standard, dispatches: [.success: 1, .inProgress: 1])]
    source.details[done.id] = Fixtures.detail(done, Request(command: .program(["restic", "--token", "abc"])))
    source.frames = (1...3).map { (number: UInt64) in
        let change = DispatchChange(
            id: DispatchID(number), job: name, queue: .standard, from: nil, to: .pending, attempt: 0)
        return FeedFrame(sequence: number, at: Fixtures.now.wall, changes: [change])
    }
    return source
}

@Suite struct `The API` {
    @Test func `shows what the commands print, name for name`() throws {
        let source = try source()
        func lines(_ value: some Encodable) throws -> String { String(decoding: try jsonText(value), as: UTF8.self) }
        let status = answer("/api/v1/status", of: source)
        #expect(status.text == (try lines(source.shown.status)) + "\n")
        #expect(status.headers.first(name: "Content-Type") == "application/json")
        let job = try #require(try source.job(JobName("backup"), now: Fixtures.now))
        #expect(answer("/api/v1/jobs/backup", of: source).text == (try lines(job)) + "\n")
        let detail = try #require(source.details[DispatchID(1)])
        #expect(answer("/api/v1/dispatches/1", of: source).text == (try lines(detail)) + "\n")
        #expect(answer("/api/v1/jobs", of: source).text.contains(try lines(source.shown.jobs[0])))
        #expect(answer("/api/v1/dispatches", of: source).text.contains(try lines(source.shown.recent[0])))
        #expect(answer("/api/v1/workers", of: source).text.contains(try lines(source.shown.workers[0])))
        #expect(answer("/api/v1/queues", of: source).text.contains(try lines(source.shown.status.queues[0])))
        #expect(answer("/api/v1/events", of: source).text.contains(try lines(source.frames[0])))
    }

    @Test(arguments: ["jobs", "dispatches", "workers", "queues"])
    func `gives a list under its name, with the ways on and the sequence`(list: String) throws {
        let response = answer("/api/v1/\(list)", of: try source())
        #expect(try names(response).isSuperset(of: [list, "next", "previous", "seq"]))
        #expect(try !names(response, list).isEmpty)
    }

    @Test func `leads from part to part of a list`() throws {
        let source = try source()
        let first = try object(answer("/api/v1/dispatches?limit=1&state=", of: source))
        #expect(first["next"] == .text("/api/v1/dispatches?before=2&limit=1"))
        #expect(first["previous"] == .null)
        let second = try object(answer("/api/v1/dispatches?before=2&limit=1", of: source))
        #expect(second["next"] == .null && second["previous"] == .text("/api/v1/dispatches?after=1&limit=1"))
        #expect(
            try object(answer("/api/v1/jobs?limit=1", of: source))["next"] == .text("/api/v1/jobs?after=backup&limit=1")
        )
    }

    @Test func `gives the feed from a number on, and where to go on`() throws {
        let source = try source()
        let first = try object(answer("/api/v1/events?since=1&limit=1", of: source))
        #expect(first["since"] == .number(2) && first["next"] == .text("/api/v1/events?since=2&limit=1"))
        #expect(first["gap"] == .flag(false) && first["seq"] == .number(4711))
        let rest = try object(answer("/api/v1/events?since=2", of: source))
        #expect(rest["since"] == .number(4711) && rest["next"] == .null)
        #expect(try names(answer("/api/v1/events", of: source), "frames") == ["seq", "txn", "changes"])
    }

    @Test(arguments: [
        ("/api/v1/dispatches?limit=0", "limit is \"0\", but must be a number from 1 to 1000"),
        ("/api/v1/dispatches?limit=x", "must be a number from 1 to 1000"),
        ("/api/v1/dispatches?state=DONE", "must be one of SCHEDULED"), ("/api/v1/events?since=-1", "or 0"),
        ("/api/v1/status?x=1", "no parameter"), ("/api/v1/jobs?refresh=off", "no parameter"),
    ])
    func `says what it expects instead of a wrong value`(target: String, part: String) throws {
        let response = answer(target, of: try source())
        #expect(response.status == .badRequest)
        #expect(response.text.hasPrefix(#"{"error":{"code":"bad_request","message":""#))
        #expect(response.text.replacing(#"\""#, with: "\"").contains(part), "\(response.text)")
    }

    @Test(arguments: [
        "/api/v1/jobs/none", "/api/v1/dispatches/77", "/api/v1/dispatches/x", "/api/v1", "/api/v1/", "/api/v2/jobs",
        "/api/v1/jobs/", "/api/",
    ])
    func `says in JSON that something is not there`(target: String) throws {
        let response = answer(target, of: try source())
        #expect(response.status == .notFound)
        #expect(response.text.hasPrefix(#"{"error":{"code":"not_found""#))
    }

    @Test func `says in JSON that the store cannot be read, and when to ask again`() {
        var source = FixedSource()
        source.error = FixedError(description: "the disk is gone")
        let response = answer("/api/v1/status", of: source)
        #expect(response.status == .serviceUnavailable)
        #expect(response.text == "{\"error\":{\"code\":\"store_unavailable\",\"message\":\"the disk is gone\"}}\n")
        #expect(response.headers.first(name: "Retry-After") == "5")
    }

    @Test(arguments: [
        "status", "jobs", "jobs/backup", "dispatches", "dispatches/1", "workers", "queues", "events",
    ])
    func `shows no secret, changes nothing, and is not sent twice`(path: String) throws {
        let source = try source()
        let response = answer("/api/v1/\(path)", of: source)
        #expect(!response.text.contains("abc"))
        let tag = try #require(response.headers.first(name: "ETag"))
        #expect(tag.hasPrefix("\"4711-"))
        let again = answer("/api/v1/\(path)", of: source, knownTags: [tag])
        #expect(again.status == .notModified && again.body.isEmpty)
        #expect(answer("/api/v1/\(path)", of: source, method: .POST).status == .methodNotAllowed)
    }
}

@Suite struct `A tag` {
    /// - Parameter drift: how much later the boot clock is read than the wall clock.
    private func tag(
        _ target: String, _ source: FixedSource, at offset: Duration = .zero, drift: Duration = .zero
    ) -> String? {
        var now = Fixtures.at(offset)
        now.boot = Fixtures.at(offset + drift).boot
        let responder = Responder(
            source: source, now: { [now] in now }, hosts: HostRule(listening: .standard),
            logger: Logger(label: "test"))
        let request = PageRequest(method: .GET, target: target, hosts: ["localhost"], knownTags: [])
        return responder.response(to: request).headers.first(name: "ETag")
    }

    @Test func `of a page stays while what it shows stays, though time passes`() throws {
        var source = try source()
        source.shown.recent = [source.shown.recent[1]]
        source.shown.workers = [Fixtures.worker(1, "one", heartbeat: .seconds(-1))]
        source.shown.workers[0].registration.startedAt = Fixtures.at(.seconds(-100)).wall
        for target in ["/", "/jobs", "/jobs/backup", "/dispatches", "/dispatches/1", "/workers", "/timeline"] {
            let first = try #require(tag(target, source))
            #expect(tag(target, source, at: .seconds(8)) == first, "\(target)")
            #expect(tag(target, source, at: .seconds(7300)) != first, "\(target)")
        }
    }

    @Test func `of a page with workers stays though the clocks are not read at the same moment`() throws {
        var source = try source()
        source.shown.recent = [source.shown.recent[1]]
        source.shown.workers = [Fixtures.worker(1, "one", heartbeat: .milliseconds(-1_400))]
        for target in ["/", "/workers"] {
            #expect(tag(target, source) == tag(target, source, drift: .microseconds(3)), "\(target)")
        }
    }

    @Test func `changes with each thing a page shows, commit or not`() throws {
        let source = try source()
        let first = tag("/", source)
        var other = source
        other.shown.workers[0].heartbeat?.at = Moment(Fixtures.at(.seconds(-1)))
        #expect(tag("/", other) != first)
        other = source
        other.shown.workers[0].registration.state = .dead
        #expect(tag("/", other) != first)
        other = source
        other.shown.status.filling = StoreFilling(usedPercent: 91, level: .closedToClients)
        #expect(tag("/", other) != first)
        other = source
        other.shown.status.sequence += 1
        #expect(tag("/", other) != first)
        #expect(tag("/?refresh=off", source) != first)
    }
}

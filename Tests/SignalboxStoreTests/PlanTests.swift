import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `A plan of what definitions change` {
    @Test func `names each field, by its word in a jobs.yaml, and shows no secret`() throws {
        let before = JobDefinition(
            name: try JobName("job"), schedule: try Schedule(text: "0 3 * * *"), command: .shell("x --token abc"),
            environment: ["API_KEY": "a", "B": "1", "C": "2"])
        var after = JobDefinition(
            name: try JobName("job"), schedule: try Schedule(text: "0 4 * * *"), zone: "Europe/Berlin",
            queue: try QueueName("heavy"), priority: 7, command: .shell("x --token abd"),
            environment: ["API_KEY": "b", "B": "1", "D": "3"], directory: "/srv", input: [1, 2], timeout: .seconds(90),
            maxAttempts: 3, retry: RetryPolicy(factor: 1), rescue: .retry, overlap: .allow,
            catchUp: CatchUpPolicy(mode: .all, window: .seconds(60), maximum: 9), startBy: .seconds(600))
        after.concurrency = ConcurrencyLimit(key: "db", max: 2)
        after.rate = RateLimit(key: "api", rate: Rate(count: 10, per: .seconds(60)))
        let change = JobChange(name: before.name, from: before, to: after)
        #expect(change.change == .changed)
        #expect(
            change.fields.map { "\($0.field): \($0.from ?? "–") → \($0.to ?? "–")" } == [
                "schedule: 0 3 * * * → 0 4 * * *", "zone: – → Europe/Berlin", "queue: default → heavy",
                "priority: 100 → 7", "command: x --token [redacted] → x --token [redacted]",
                "env.API_KEY: [redacted] → [redacted]", "env.C: 2 → –", "env.D: – → 3", "cwd: – → /srv",
                "stdin: – → 2 bytes", "timeout: – → 1m30s", "concurrency: – → db:2", "rate: – → api:10/1m",
                "max_attempts: 1 → 3",
                "retry: base 15s, factor 2.0, cap 1h, jitter 0.1 → base 15s, factor 1.0, cap 1h, jitter 0.1",
                "on_crash: fail → retry", "overlap: skip → allow",
                "catchup: latest → all, window 1m, max 9",
                "start_by: – → 10m",
            ])
    }

    @Test func `says of every field of a definition that differs that it does`() throws {
        let base = JobDefinition(name: try JobName("job"), schedule: .manual, command: .shell("a"))
        #expect(JobChange(name: base.name, from: base, to: base).change == .unchanged)
        #expect(JobChange(name: base.name, from: base, to: base).fields.isEmpty)
        #expect(JobChange(name: base.name, from: nil, to: base).change == .added)
        #expect(JobChange(name: base.name, from: base, to: nil).change == .removed)
        // A new property of a definition, or of its work, has to be compared too: name, which never differs, and work
        // itself are those left out.
        #expect(Mirror(reflecting: base).children.count == 11)
        #expect(Mirror(reflecting: base.work).children.count == 14)
    }

    @Test(arguments: EngineKind.allCases)
    func `refuses a name that is there twice`(engine: EngineKind) throws {
        try engine.withStore { store in
            let twice = [try store.definition("a"), try store.definition("a", word: "false")]
            #expect(code { _ = try store.jobs.plan(twice, prune: false) } == .invalid)
            #expect(
                code { _ = try store.jobs.apply(twice, prune: false, zones: store.zones, now: store.now) } == .invalid)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `cancels what waits from an older definition when it is told to, and nothing else`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", overlap: .allow)
            let other = try store.define("other", overlap: .allow)
            let worker = try store.worker()
            store.clock.advance(by: .seconds(60))
            try store.fire()
            let running = try store.claimOne(worker)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            let edited = try store.definition("job", overlap: .allow, word: "false")
            let wanted = [edited, try store.definition("other", overlap: .allow)]
            let plan = try store.jobs.plan(wanted, prune: false, replacePending: true)
            #expect(plan.map(\.cancelled) == [running.job == job ? 1 : 2, 0])
            // Left alone first: the change is made, what waits stays.
            _ = try store.jobs.apply(wanted, prune: false, zones: store.zones, now: store.now)
            #expect(try store.runs(of: job).allSatisfy { !$0.state.isTerminal })
            // And still goes later, though nothing is changed any more.
            let later = try store.jobs.apply(
                wanted, prune: false, replacePending: true, zones: store.zones, now: store.now)
            #expect(later.map(\.change) == [.unchanged, .unchanged] && later.map(\.cancelled) == plan.map(\.cancelled))
            let ended = try store.runs(of: job).filter { $0.state.isTerminal }
            #expect(ended.count == plan[0].cancelled)
            #expect(ended.allSatisfy { $0.state == .cancelled && $0.reason == .redefined })
            #expect(try store.runs(of: other).allSatisfy { !$0.state.isTerminal })
            #expect(try store.state(running.id) == .inProgress)
            #expect(
                try store.jobs.apply(wanted, prune: false, replacePending: true, zones: store.zones, now: store.now)
                    .map(\.cancelled) == [0, 0])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `cancels those that wait for each other in one step`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", overlap: .queueAll)
            for _ in 0..<3 {
                store.clock.advance(by: .seconds(60))
                try store.fire()
            }
            let edited = try store.definition("job", overlap: .queueAll, word: "false")
            let changes = try store.jobs.apply(
                [edited], prune: false, replacePending: true, zones: store.zones, now: store.now)
            #expect(changes.map(\.cancelled) == [3])
            #expect(try store.runs(of: job).map(\.state) == [.cancelled, .cancelled, .cancelled])
        }
    }
}

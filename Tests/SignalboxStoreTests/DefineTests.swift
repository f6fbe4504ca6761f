import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `Defining jobs` {
    @Test(arguments: EngineKind.allCases)
    func `keeps everything a definition says`(engine: EngineKind) throws {
        try engine.withStore { store in
            let definition = JobDefinition(
                name: try JobName("full"), schedule: try Schedule(text: "5,35 4-8 * * mon-fri dst=twice days=and"),
                zone: "Europe/Berlin", queue: try QueueName("heavy"), priority: 7, command: .shell("echo \"$A\" | wc"),
                environment: ["A": "1", "B": "zwei"], directory: "/var/tmp", input: [0, 1, 255], timeout: .seconds(90),
                maxAttempts: 4, retry: RetryPolicy(base: .seconds(1), factor: 1.5, cap: .seconds(9), jitter: 0),
                rescue: .fail, overlap: .replace, catchUp: CatchUpPolicy(mode: .all, window: .seconds(600), maximum: 7))
            let zones = ZoneTable(machine: .utc, named: ["Europe/Berlin": .utc])
            try store.jobs.add(definition, zones: zones, now: store.now)
            let job = try #require(try store.jobs.job(definition.name, recent: 5)).view.job
            #expect(job.definition == definition && job.progress.revision == 1 && job.progress.nextDue != nil)
            let again = try store.jobs.apply([definition], prune: false, zones: zones, now: store.now)
            #expect(again.map(\.change) == [.unchanged])
            let id = try store.jobs.run(definition.name, mode: .policy, input: nil, now: store.now)
            let request = try #require(try store.jobs.dispatch(id, attempt: nil)).request
            #expect(request == Request(of: job))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `twice by the same name is refused`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.define()
            #expect(code { try store.define() } == .refused)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `from a file adds, changes, keeps and prunes, as planned`(engine: EngineKind) throws {
        try engine.withStore { store in
            for name in ["keep", "change", "drop"] { try store.define(name) }
            let wanted = [
                try store.definition("keep"), try store.definition("change", word: "false"),
                try store.definition("new"),
            ]
            for prune in [false, true] {
                let plan = try store.jobs.plan(wanted, prune: prune)
                let kinds = plan.map(\.change)
                let first: [JobChange.Kind] = [.unchanged, .changed, .added]
                #expect(kinds == (prune ? [.unchanged, .unchanged, .unchanged, .removed] : first))
                #expect(try store.jobs.apply(wanted, prune: prune, zones: store.zones, now: store.now) == plan)
            }
            #expect(try store.jobs.jobs(recent: 0).map(\.name.text) == ["change", "keep", "new"])
            let sequence = try store.jobs.sequence()
            _ = try store.jobs.apply(wanted, prune: true, zones: store.zones, now: store.now)
            #expect(try store.jobs.sequence() == sequence)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `anew with another schedule starts from now, and leaves what waits`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "@every 1m", overlap: .allow)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            store.clock.advance(by: .seconds(330))
            let edited = try store.definition("job", "@every 2m", overlap: .allow)
            _ = try store.jobs.apply([edited], prune: false, zones: store.zones, now: store.now)
            let progress = try store.progress(job)
            #expect(progress.revision == 2 && progress.cursor == store.now.wall && progress.anchor == store.now.wall)
            #expect(try store.fire() == FirePass.nothing)
            store.clock.advance(by: .seconds(120))
            #expect(try store.fire().dispatched == 1)
            #expect(try store.runs(of: job).map(\.state) == [.pending, .skipped, .pending])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `anew or away leaves a record of what fell due and nobody has seen`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let names = try ["edited", "paused", "dropped", "foreign"].map { try JobName($0) }
            var definitions = try names.map { try store.definition($0.text, "*/5 * * * *") }
            definitions[3].zone = "Mars/Olympus"
            let zones = ZoneTable(machine: .utc, named: ["Mars/Olympus": .utc])
            _ = try store.jobs.apply(definitions, prune: false, zones: zones, now: store.now)
            _ = try store.jobs.pause(names[1], by: "ann@box", reason: nil, now: store.now)
            store.clock.advance(by: .seconds(58 * 60))
            let edited = try names[..<2].map { try store.definition($0.text, "*/7 * * * *") }
            _ = try store.jobs.apply(edited, prune: true, zones: store.zones, now: store.now)
            for (name, reason) in zip(names, [DispatchReason.downtime, .paused, .downtime]) {
                let records = try store.runs(of: name)
                #expect(records.map(\.state) == [.skipped] && records[0].reason == reason)
                #expect(records[0].scheduledFor == start + .seconds(300) && records[0].coalesced == 10)
                #expect(records[0].lastScheduledFor == start + .seconds(55 * 60))
            }
            #expect(try store.runs(of: names[3]).isEmpty, "whose zone is not to be had")
            #expect(try store.jobs.zoneNames().isEmpty)
            #expect(try store.pass().skipped == 0)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `anew replaces what waits, where that is asked for, and nothing else`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .allow)
            let other = try store.define("other", overlap: .allow)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            let running = try store.claimOne(try store.worker())
            store.clock.advance(by: .seconds(60))
            try store.fire()
            let asked = try store.jobs.run(job, mode: .force, input: nil, now: store.now)
            let edited = try store.definition(overlap: .allow, word: "false")
            func apply() throws -> [JobChange] {
                let same = try store.definition("other", overlap: .allow)
                return try store.jobs.apply(
                    [edited, same], prune: false, replacePending: true, zones: store.zones, now: store.now)
            }
            #expect(try apply().map(\.change) == [.changed, .unchanged])
            let runs = try store.runs(of: job)
            #expect(runs.map(\.state) == [.inProgress, .cancelled, .pending] && runs[1].reason == .redefined)
            #expect(runs[0].id == running.id && runs[2].id == asked)
            #expect(try store.runs(of: other).map(\.state) == [.pending, .pending])
            #expect(try apply().map(\.change) == [.unchanged, .unchanged])
            #expect(try store.state(asked) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `anew with the same schedule keeps its cadence`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let job = try store.define()
            store.clock.advance(by: .seconds(30))
            let edited = try store.definition(word: "false")
            _ = try store.jobs.apply([edited], prune: false, zones: store.zones, now: store.now)
            let progress = try store.progress(job)
            #expect(progress.revision == 2 && progress.nextDue == start + .seconds(60))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `away skips what waits, lets run what runs, and keeps what has ended`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .queueAll)
            for _ in 0..<2 {
                store.clock.advance(by: .seconds(60))
                try store.fire()
            }
            let worker = try store.worker()
            try store.finish(try store.claimOne(worker))
            let running = try store.claimOne(worker)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            store.clock.advance(by: .seconds(60))
            try store.fire()
            try store.jobs.remove(job, now: store.now)
            #expect(try store.jobs.job(job, recent: 0) == nil)
            #expect(try store.runs(of: job).map(\.state) == [.success, .inProgress, .skipped, .skipped])
            #expect(try store.runs(of: job).suffix(2).allSatisfy { $0.reason == .jobRemoved })
            try store.finish(running)
            #expect(try store.state(running.id) == .success)
            store.clock.advance(by: .seconds(600))
            #expect(try store.fire() == FirePass.nothing)
            #expect(code { try store.jobs.remove(job, now: store.now) } == .notFound)
            try store.define()
            #expect(try store.progress(job).lastRun == nil)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `shows how the newest run of each ended`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            let worker = try store.worker()
            for (code, state) in [(0, DispatchState.success), (1, .failed)] as [(UInt8, DispatchState)] {
                store.clock.advance(by: .seconds(60))
                try store.fire()
                let claimed = try store.claimOne(worker)
                try store.finish(claimed, .ended(.exited(code)))
                let last = try #require(try store.progress(job).lastRun)
                #expect(last.dispatch == claimed.id && last.state == state && last.finishedAt == store.now.wall)
            }
        }
    }
}

@Suite struct `Running a job now` {
    @Test(arguments: EngineKind.allCases)
    func `does not touch its schedule`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            let before = try store.progress(job)
            store.clock.advance(by: .seconds(10))
            let id = try store.jobs.run(job, mode: .policy, input: Array("in".utf8), now: store.now)
            let detail = try #require(try store.jobs.dispatch(id, attempt: nil))
            #expect(detail.view.state == .pending && detail.view.dispatch.scheduledFor == nil)
            #expect(detail.request.input == Array("in".utf8))
            #expect(try store.progress(job) == before)
            let nobody = try JobName("nobody")
            #expect(code { _ = try store.jobs.run(nobody, mode: .force, input: nil, now: store.now) } == .notFound)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `while it is busy is refused, unless it may wait or run beside`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            let first = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
            #expect(code { _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now) } == .refused)
            let behind = try store.jobs.run(job, mode: .queue, input: nil, now: store.now)
            #expect(try store.dispatch(behind).blocker == first)
            let beside = try store.jobs.run(job, mode: .force, input: nil, now: store.now)
            #expect(try store.state(beside) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `with an input is not lost in one that waits already`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .queueOne)
            let first = try store.jobs.run(job, mode: .policy, input: Array("one".utf8), now: store.now)
            let second = code { _ = try store.jobs.run(job, mode: .policy, input: Array("two".utf8), now: store.now) }
            #expect(second == .refused)
            let behind = try store.jobs.run(job, mode: .queue, input: Array("two".utf8), now: store.now)
            #expect(try store.dispatch(behind).blocker == first)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `of a paused job is refused, unless by force`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            _ = try store.jobs.setPaused(true, job, now: store.now)
            for mode in [RunMode.policy, .queue] {
                #expect(code { _ = try store.jobs.run(job, mode: mode, input: nil, now: store.now) } == .refused)
            }
            let forced = try store.jobs.run(job, mode: .force, input: nil, now: store.now)
            #expect(try store.state(forced) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `that is refused says why, and what else to say, in the words of the options`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: OverlapRule(.allow, limit: 1))
            let first = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
            let refusal = #expect(throws: StoreError.self) {
                try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
            }
            let sentence =
                "the job job is busy with dispatch \(first) and its overlap policy is allow:1: wait for it, or "
            #expect(refusal?.description == sentence + "say --queue to run after it, or --force to run beside it")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `follows the job's own policy where that is not to skip`(engine: EngineKind) throws {
        try engine.withStore { store in
            func run(_ job: JobName) throws -> DispatchID {
                try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
            }
            let one = try store.define("one", overlap: .queueOne)
            let first = try run(one)
            #expect(try run(one) == first, "it waits already")
            let running = try store.claimOne(try store.worker())
            let waiting = try run(one)
            #expect(try store.dispatch(waiting).blocker == running.id)
            #expect(try run(one) == waiting)

            let newest = try store.define("newest", overlap: .replace)
            let old = try run(newest)
            let new = try run(newest)
            #expect(try store.state(old) == .cancelled && store.state(new) == .pending)

            let beside = try store.define("beside", overlap: .allow)
            let both = [try run(beside), try run(beside)]
            #expect(Set(both).count == 2)
        }
    }
}

extension FirePass {
    static let nothing = FirePass(dispatched: 0, skipped: 0, withoutZone: [])
}

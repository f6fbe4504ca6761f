import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `A pause` {
    @Test(arguments: EngineKind.allCases)
    func `is kept with who made it, when and why, until it ends`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            let start = store.now.wall
            #expect(try store.jobs.pause(job, by: "ann@box", reason: "new disk", now: store.now) == nil)
            let expected = JobPause(at: start, by: "ann@box", reason: "new disk")
            #expect(try store.progress(job).pause == expected)
            store.clock.advance(by: .seconds(5))
            #expect(try store.jobs.pause(job, by: "bob@box", reason: nil, now: store.now) == expected)
            #expect(try store.progress(job).pause == expected)
            let resumption = try store.jobs.resume(job, catchingUpIn: nil, now: store.now)
            #expect(resumption == Resumption(pause: expected, dispatched: 0))
            #expect(try store.progress(job).pause == nil)
            #expect(try store.jobs.resume(job, catchingUpIn: nil, now: store.now) == nil)
        }
    }

    @Test func `refuses a reason without end, and a job that is not there`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define()
            let long = String(repeating: "x", count: JobPause.reasonLimit + 1)
            #expect(code { _ = try store.jobs.pause(job, by: "ann", reason: long, now: store.now) } == .invalid)
            let nobody = try JobName("nobody")
            #expect(code { _ = try store.jobs.pause(nobody, by: "ann", reason: nil, now: store.now) } == .notFound)
            #expect(
                code { _ = try store.jobs.resume(nobody, catchingUpIn: store.zones, now: store.now) } == .notFound)
        }
    }
}

@Suite struct `Resuming with what was missed` {
    /// A minutely job, paused for five due times and a bit; a scheduler looks after each of them, or never.
    private func withMissed(
        _ policy: CatchUpPolicy, watched: Bool, overlap: OverlapRule = .allow,
        _ body: (StoreUnderTest, JobName) throws -> Void
    ) throws {
        for engine in EngineKind.allCases {
            try engine.withStore { store in
                let job = try store.define("job", overlap: overlap, catchUp: policy)
                _ = try store.jobs.pause(job, by: "ann@box", reason: nil, now: store.now)
                for _ in 0..<5 {
                    store.clock.advance(by: .seconds(60))
                    if watched { try store.fire() }
                }
                store.clock.advance(by: .seconds(10))
                try body(store, job)
            }
        }
    }

    private func minutes(_ dispatch: Dispatch, since start: Instant) -> Int64? {
        dispatch.scheduledFor.map { start.duration(to: $0).components.seconds / 60 }
    }

    @Test(
        arguments: [
            (CatchUpPolicy.Mode.none, []), (.latest, [5]), (.earliest, [1]), (.all, [1, 2, 3, 4, 5]),
        ] as [(CatchUpPolicy.Mode, [Int64])], [true, false])
    func `runs what the policy says, whether a scheduler has looked or not`(
        _ policy: (mode: CatchUpPolicy.Mode, runs: [Int64]), watched: Bool
    ) throws {
        try withMissed(CatchUpPolicy(mode: policy.mode), watched: watched) { store, job in
            let start = store.now.wall - .seconds(310)
            let resumption = try #require(try store.jobs.resume(job, catchingUpIn: store.zones, now: store.now))
            #expect(resumption.dispatched == policy.runs.count)
            let runs = try store.runs(of: job)
            #expect(runs.filter { $0.state == .pending }.map { minutes($0, since: start) } == policy.runs)
            let skipped = runs.filter { $0.state == .skipped }
            #expect(skipped.allSatisfy { $0.reason == .paused })
            // Watched, all five were recorded as skipped before; else only what does not run is.
            let times = skipped.reduce(0) { $0 + 1 + $1.coalesced }
            #expect(times == (watched ? 5 : 5 - policy.runs.count))
            let made = runs.filter { $0.state == .pending }
            #expect(made.allSatisfy { ($0.parent != nil) == watched })
            #expect(try store.progress(job).nextDue == start + .seconds(360))
            #expect(try store.fire() == FirePass.nothing)
        }
    }

    @Test func `names the record that stands for the time it makes up for`() throws {
        try withMissed(CatchUpPolicy(), watched: true) { store, job in
            _ = try store.jobs.resume(job, catchingUpIn: store.zones, now: store.now)
            let run = try #require(try store.runs(of: job).last)
            let parent = try store.dispatch(try #require(run.parent))
            #expect(parent.state == .skipped && parent.scheduledFor == run.scheduledFor)
        }
    }

    @Test func `leaves what is older than the window`() throws {
        try withMissed(CatchUpPolicy(mode: .all, window: .seconds(130)), watched: true) { store, job in
            let resumption = try store.jobs.resume(job, catchingUpIn: store.zones, now: store.now)
            #expect(resumption?.dispatched == 3)
        }
    }

    @Test func `does not run beside one that the overlap policy keeps apart`() throws {
        try withMissed(CatchUpPolicy(mode: .all), watched: true, overlap: .skip) { store, job in
            let resumption = try store.jobs.resume(job, catchingUpIn: store.zones, now: store.now)
            #expect(resumption?.dispatched == 1)
            let runs = try store.runs(of: job)
            #expect(runs.count == 6)
        }
    }

    @Test func `makes up for nothing of a schedule that was changed during the pause`() throws {
        try withMissed(CatchUpPolicy(mode: .all), watched: false) { store, job in
            let edited = try store.definition("job", "@every 2m", catchUp: CatchUpPolicy(mode: .all))
            _ = try store.jobs.apply([edited], prune: false, zones: store.zones, now: store.now)
            store.clock.advance(by: .seconds(125))
            let resumption = try store.jobs.resume(job, catchingUpIn: store.zones, now: store.now)
            #expect(resumption?.dispatched == 1)
        }
    }

    @Test func `needs the job's zone`() throws {
        try EngineKind.memory.withStore { store in
            var definition = try store.definition("job")
            definition.zone = "Europe/Berlin"
            let zones = ZoneTable(machine: .utc, named: ["Europe/Berlin": .utc])
            try store.jobs.add(definition, zones: zones, now: store.now)
            _ = try store.jobs.pause(definition.name, by: "ann", reason: nil, now: store.now)
            let resume = code { _ = try store.jobs.resume(definition.name, catchingUpIn: store.zones, now: store.now) }
            #expect(resume == .invalid)
            #expect(try store.progress(definition.name).paused)
        }
    }
}

@Suite struct `A due time outside a pause` {
    /// Ten minutes apart, on one engine: what is decided is the same on all.
    private func withJob(
        _ mode: CatchUpPolicy.Mode = .latest, _ body: (StoreUnderTest, JobName) throws -> Void
    ) throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "@every 10m", overlap: .allow, catchUp: CatchUpPolicy(mode: mode))
            try body(store, job)
            #expect(try store.ledger().faults == [])
        }
    }

    private func pass(_ store: StoreUnderTest, minutes: Int64) { store.clock.advance(by: .seconds(minutes * 60)) }

    private func told(_ store: StoreUnderTest, _ job: JobName) throws -> [String] {
        let start = try store.progress(job).anchor
        return try store.runs(of: job).map { run in
            let minute = start.duration(to: try #require(run.scheduledFor)).components.seconds / 60
            return "\(minute)+\(run.coalesced) " + (run.state == .skipped ? "\(run.reason)" : "runs")
        }
    }

    @Test func `is missed and not paused, where pauses before and after it ended before anyone looked`() throws {
        try withJob { store, job in
            _ = try store.jobs.setPaused(true, job, now: store.now)
            store.clock.advance(by: .seconds(50))
            _ = try store.jobs.setPaused(false, job, now: store.now)
            pass(store, minutes: 132)
            _ = try store.jobs.setPaused(true, job, now: store.now)
            store.clock.advance(by: .seconds(10))
            _ = try store.jobs.setPaused(false, job, now: store.now)
            try store.fire()
            #expect(try told(store, job) == ["10+11 downtime", "130+0 runs"])
        }
    }

    @Test func `is told from those of two pauses before any pass, and the policy sees it alone`() throws {
        try withJob(.all) { store, job in
            for _ in 0..<2 {
                pass(store, minutes: 15)
                _ = try store.jobs.setPaused(true, job, now: store.now)
                pass(store, minutes: 20)
                _ = try store.jobs.setPaused(false, job, now: store.now)
            }
            pass(store, minutes: 20)
            try store.fire()
            #expect(
                try told(store, job)
                    == ["20+1 paused", "60+1 paused", "10+0 runs", "40+0 runs", "50+0 runs", "80+0 runs", "90+0 runs"])
            #expect(try store.progress(job).pausedTimes.isEmpty)
        }
    }

    @Test func `is made up for while the pause goes on, as for a job that none has paused`() throws {
        try withJob { store, job in
            pass(store, minutes: 12)
            _ = try store.jobs.setPaused(true, job, now: store.now)
            pass(store, minutes: 20)
            try store.fire()
            #expect(try told(store, job) == ["20+1 paused", "10+0 runs"])
        }
    }

    @Test func `is made up for when the pause ends before anyone looked`() throws {
        try withJob(.all) { store, job in
            pass(store, minutes: 12)
            _ = try store.jobs.setPaused(true, job, now: store.now)
            pass(store, minutes: 10)
            let resumption = try store.jobs.resume(job, catchingUpIn: store.zones, now: store.now)
            #expect(resumption?.dispatched == 2)
            #expect(try told(store, job) == ["10+0 runs", "20+0 runs"])
        }
    }

    @Test func `stays missed, and what is left out of a pause before that ended stays paused`() throws {
        try withJob(.latest) { store, job in
            _ = try store.jobs.setPaused(true, job, now: store.now)
            pass(store, minutes: 25)
            _ = try store.jobs.setPaused(false, job, now: store.now)
            pass(store, minutes: 20)
            _ = try store.jobs.setPaused(true, job, now: store.now)
            pass(store, minutes: 20)
            let resumption = try store.jobs.resume(job, catchingUpIn: store.zones, now: store.now)
            #expect(resumption?.dispatched == 1)
            #expect(try told(store, job) == ["10+1 paused", "30+1 downtime", "50+0 paused", "60+0 runs"])
        }
    }

    @Test func `is the policy's again, though so many pauses went by that not all are remembered`() throws {
        try withJob { store, job in
            for _ in 0...PausedTime.limit {
                _ = try store.jobs.setPaused(true, job, now: store.now)
                pass(store, minutes: 15)
                _ = try store.jobs.setPaused(false, job, now: store.now)
            }
            #expect(try store.progress(job).pausedTimes.count == PausedTime.limit)
            pass(store, minutes: 10)
            #expect(try store.fire().dispatched == 1)
        }
    }
}

@Suite struct `Resuming an interval job with what was missed, after the clock was set` {
    /// Ten minutes apart, paused for an hour; the clock is set in the middle of it.
    @Test(arguments: [1800, -1800] as [Int64], [true, false])
    func `makes up for each due time of the pause once`(step: Int64, watched: Bool) throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define(
                "job", "@every 10m", overlap: .allow, catchUp: CatchUpPolicy(mode: .all))
            _ = try store.jobs.setPaused(true, job, now: store.now)
            for minute in 1...62 {
                if minute == 35 { store.clock.stepWall(by: .seconds(step)) }
                store.clock.advance(by: .seconds(60))
                if watched { try store.fire() }
            }
            let resumption = try store.jobs.resume(job, catchingUpIn: store.zones, now: store.now)
            #expect(resumption?.dispatched == 6)
            let runs = try store.runs(of: job)
            let made = runs.filter { $0.state == .pending }
            #expect(made.count == 6 && Set(made.map(\.scheduledFor)).count == 6)
            let skipped = runs.filter { $0.state == .skipped }.map(\.id)
            #expect(skipped.count == (watched ? 6 : 0))
            #expect(made.compactMap(\.parent) == skipped)
            #expect(try store.fire() == FirePass.nothing && store.ledger().faults == [])
        }
    }
}

@Suite struct `Resuming with thousands of runs missed` {
    /// Aim: no transaction makes more than a pass may, and none reads all that was skipped for each run. Method: the
    /// transactions and the reads are counted, on an engine that counts them.
    @Test func `makes them in several transactions, and finds the record of each without going through all`() throws {
        let counting = CountingEngine(buckets: Buckets.all)
        try withTestStore(on: { _, buckets in
            buckets.count == Buckets.all.count ? counting : CountingEngine(buckets: buckets)
        }) { store in
            let definition = JobDefinition(
                name: try JobName("job"), schedule: .every(.seconds(1)), command: .shell("true"), overlap: .allow,
                catchUp: CatchUpPolicy(mode: .all, maximum: 10_000))
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            _ = try store.jobs.pause(definition.name, by: "ann", reason: nil, now: store.now)
            for _ in 0..<1_030 {
                store.clock.advance(by: .seconds(1))
                _ = try store.jobs.fire(now: store.now, zones: store.zones)
            }
            counting.reset()
            let sequence = try store.jobs.sequence()
            let resumption = try store.jobs.resume(definition.name, catchingUpIn: store.zones, now: store.now)
            #expect(resumption?.dispatched == 1_030)
            #expect(try store.jobs.sequence() == sequence + 2)
            #expect(counting.reads < 20 * 1_030)
            let made = try store.jobs.dispatches(DispatchFilter(job: definition.name, limit: .max)).map(\.dispatch)
            #expect(Set(made.compactMap(\.parent)).count == 1_030)
        }
    }
}

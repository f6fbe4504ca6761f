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

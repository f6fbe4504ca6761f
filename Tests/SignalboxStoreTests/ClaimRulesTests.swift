import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

extension StoreUnderTest {
    fileprivate func minute() throws {
        clock.advance(by: .seconds(60))
        try fire()
    }

    fileprivate func run(_ job: JobName, _ mode: RunMode = .policy) throws -> DispatchID {
        try jobs.run(job, mode: mode, input: nil, now: now)
    }
}

/// Aim: what was decided when a dispatch was made is not all: when a worker takes it, the job may be busy. Method: a
/// second dispatch of a job gets there by each way there is: forced, made again, given back, waiting for a retry.
@Suite struct `A claim of a job's dispatch` {
    @Test(arguments: EngineKind.allCases)
    func `lets a forced run go beside whatever runs`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .skip)
            try store.minute()
            let occurrence = try #require(try store.runs(of: job).first)
            let forced = try store.run(job, .force)
            let worker = try store.worker(slots: 2)
            #expect(try store.claim(worker, slots: 2).map(\.dispatch.id) == [occurrence.id, forced])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `names the run that the skipped occurrence met`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .skip)
            try store.minute()
            let occurrence = try #require(try store.runs(of: job).first)
            var urgent = try store.definition(overlap: .skip)
            urgent.priority = 0
            _ = try store.jobs.apply([urgent], prune: false, zones: store.zones, now: store.now)
            let forced = try store.run(job, .force)
            #expect(try store.claimOne(try store.worker()).id == forced)
            #expect(try store.claim(try store.worker()).isEmpty)
            let skipped = try store.dispatch(occurrence.id)
            #expect(skipped.state == .skipped && skipped.reason == .overlap && skipped.blocker == forced)
            #expect(skipped.attempt == 0)
        }
    }

    /// Two PENDING of one job, the second by `requeue`.
    @Test(arguments: EngineKind.allCases, [OverlapRule.skip, .queueOne, .queueAll, .replace])
    func `holds back one that was made again until the other has ended`(engine: EngineKind, rule: OverlapRule) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: rule)
            try store.minute()
            let worker = try store.worker(slots: 2)
            try store.finish(try store.claimOne(worker))
            let ended = try #require(try store.runs(of: job).first).id
            let copies = try (0..<2).map { _ in try store.jobs.requeue(ended, now: store.now) }
            let running = try store.claim(worker, slots: 2)
            #expect(running.map(\.dispatch.id) == [copies[0]])
            let waiting = try store.dispatch(copies[1])
            #expect(waiting.state == .blocked && waiting.reason == .overlap && waiting.blocker == copies[0])
            try store.finish(running[0].dispatch, .ended(.exited(1)))
            #expect(try store.claimOne(worker).id == copies[1])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `lets as many run side by side as the limit says`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: OverlapRule(.allow, limit: 2), catchUp: CatchUpPolicy(mode: .all))
            let worker = try store.worker(slots: 9)
            store.clock.advance(by: .seconds(180))
            #expect(try store.fire().dispatched == 2)
            #expect(try store.runs(of: job).map(\.state) == [.pending, .pending, .skipped])
            let two = try store.claim(worker, slots: 9).map(\.dispatch)
            #expect(two.count == 2)
            #expect(code { _ = try store.run(job) } == .refused)
            let behind = try store.run(job, .queue)
            #expect(try store.claim(worker, slots: 9).isEmpty)
            try store.finish(two[1])
            #expect(try store.state(behind) == .blocked, "--queue waits for all")
            try store.finish(two[0])
            let copies = try (0..<3).map { _ in try store.jobs.requeue(two[0].id, now: store.now) }
            let running = try store.claim(worker, slots: 9).map(\.dispatch)
            #expect(running.map(\.id) == [behind, copies[0]])
            #expect(try copies.map { try store.state($0) } == [.inProgress, .blocked, .blocked])
            try store.finish(running[0])
            #expect(try store.claim(worker, slots: 9).map(\.dispatch.id) == [copies[1]])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `lets no more wait than the limit of queue-all says`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: OverlapRule(.queueAll, limit: 2))
            try store.minute()
            let running = try store.claimOne(try store.worker())
            for _ in 0..<3 { try store.minute() }
            #expect(try store.runs(of: job).map(\.state) == [.inProgress, .blocked, .blocked, .skipped])
            #expect(try store.runs(of: job).last?.blocker == running.id)
            #expect(code { _ = try store.run(job) } == .refused)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `finds the place of its job held by one that waits for its retry`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .queueAll, attempts: 3)
            let worker = try store.worker(slots: 2)
            let first = try store.run(job)
            let beside = try store.run(job, .force)
            let both = try store.claim(worker, slots: 2).map(\.dispatch)
            #expect(both.map(\.id) == [first, beside])
            try store.finish(both[1])
            try store.finish(both[0], .ended(.exited(1)))
            let copy = try store.jobs.requeue(beside, now: store.now)
            let running = try store.claim(worker, slots: 2)
            #expect(running.map(\.dispatch.id) == [copy], "what was forced obeys nothing, and its copy neither")
            let after = try store.run(job, .queue)
            #expect(try store.state(after) == .blocked)
            try store.finish(running[0].dispatch)
            #expect(try store.claim(worker, slots: 2).isEmpty)
            store.clock.advance(by: .seconds(20))
            #expect(try store.claim(worker, slots: 2).map(\.dispatch.id) == [first])
            #expect(try store.dispatch(after).blocker == first)
        }
    }

    /// Aim: no wedge. Method: an older one waits for a younger one, which is given back by a dead worker meanwhile and
    /// held back in its turn; in the end all have run.
    @Test(arguments: EngineKind.allCases)
    func `never makes two wait for each other`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .queueAll, attempts: 5)
            let first = try store.run(job)
            let (one, two) = (try store.worker("one"), try store.worker("two", slots: 9))
            try store.finish(try store.claimOne(one))
            let older = try store.jobs.requeue(first, now: store.now)
            var urgent = try store.definition(overlap: .queueAll, attempts: 5)
            urgent.priority = 0
            _ = try store.jobs.apply([urgent], prune: false, zones: store.zones, now: store.now)
            let younger = try store.jobs.requeue(first, now: store.now)
            let forced = try store.run(job, .force)
            #expect(try store.claimOne(one).id == forced)
            #expect(try store.claim(two, slots: 9).isEmpty)
            #expect(try [older, younger].map { try store.dispatch($0).blocker } == [forced, forced])
            _ = try store.jobs.rescue(one, output: [:], now: store.now)
            for _ in 0..<20 { for claimed in try store.claim(two, slots: 9) { try store.finish(claimed.dispatch) } }
            #expect(try [older, younger, forced].map { try store.state($0) } == [.success, .success, .success])
        }
    }

    /// Method: the requests of storage are counted.
    @Test func `costs nothing where there is nothing to judge`() throws {
        let counting = CountingEngine(buckets: Buckets.all)
        try withTestStore(on: { _, buckets in
            buckets.count == Buckets.all.count ? counting : CountingEngine(buckets: buckets)
        }) { store in
            let store = StoreUnderTest(store)
            func readsOfAClaim() throws -> Int {
                let worker = try store.worker()
                counting.reset()
                #expect(try store.claim(worker).count == 1)
                return counting.reads
            }
            let job = try store.define(overlap: .allow)
            _ = try store.run(job)
            let alone = try readsOfAClaim()
            for _ in 0..<50 { _ = try store.run(job) }
            #expect(try readsOfAClaim() == alone, "others of the job are not looked at")
            try store.enqueue(priority: 0)
            #expect(try readsOfAClaim() < alone, "nor is anything of a job that there is not")
        }
    }
}

@Suite struct `A run of a dead worker that nobody has settled yet` {
    /// A store whose first worker is dead, and holds a run of a job with this policy.
    private func withLostRun(
        _ overlap: OverlapRule, rescue: RescuePolicy,
        _ body: (StoreUnderTest, JobStore<MemoryEngine>, _ job: JobName, _ lost: Dispatch) throws -> Void
    ) throws {
        try withMemoryStore { memory in
            let store = StoreUnderTest(memory)
            let dead = try store.worker("dead")
            let jobs = try JobStore(engine: memory.jobs.engine, live: nil) { $0 != dead }
            var definition = try store.definition(overlap: overlap)
            definition.rescue = rescue
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            try store.minute()
            let lost = try store.claimOne(dead)
            store.clock.advance(by: .seconds(60))
            try body(store, jobs, definition.name, lost)
            let living = try store.worker("living", slots: 9)
            for _ in 0..<9 {
                for claimed in try store.claim(living, slots: 9) { try store.finish(claimed.dispatch) }
            }
            #expect(try store.runs(of: definition.name).allSatisfy(\.state.isTerminal), "it is wedged")
        }
    }

    @Test(arguments: [OverlapRule.skip, OverlapRule(.allow, limit: 1)])
    func `makes a due time wait, and lets it run when that was its end`(rule: OverlapRule) throws {
        try withLostRun(rule, rescue: .fail) { store, jobs, job, lost in
            #expect(try jobs.fire(now: store.now, zones: store.zones).dispatched == 1)
            let waiting = try #require(try store.runs(of: job).last)
            #expect(waiting.state == .blocked && waiting.blocker == lost.id)
            _ = try jobs.rescue(try #require(lost.claim).worker, output: [:], now: store.now)
            #expect(try store.runs(of: job).map(\.state) == [.failed, .pending])
        }
    }

    @Test(arguments: [OverlapRule.skip, OverlapRule(.allow, limit: 1)])
    func `makes a due time wait, and skips it when the run goes on`(rule: OverlapRule) throws {
        try withLostRun(rule, rescue: .retry) { store, jobs, job, lost in
            _ = try jobs.fire(now: store.now, zones: store.zones)
            _ = try jobs.rescue(try #require(lost.claim).worker, output: [:], now: store.now)
            let runs = try store.runs(of: job)
            #expect(runs.map(\.state) == [.pending, .skipped] && runs[1].blocker == lost.id)
        }
    }

    @Test func `refuses no run now`() throws {
        try withLostRun(.skip, rescue: .fail) { store, jobs, job, lost in
            #expect(code { _ = try store.run(job) } == .refused)
            let waiting = try jobs.run(job, mode: .policy, input: nil, now: store.now)
            #expect(try store.dispatch(waiting).blocker == lost.id)
            _ = try jobs.rescue(try #require(lost.claim).worker, output: [:], now: store.now)
        }
    }
}

@Suite struct `A job with start_by` {
    @Test(arguments: EngineKind.allCases)
    func `has a claim that comes too late become SKIPPED`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "@every 1h", startBy: .seconds(600))
            store.clock.advance(by: .seconds(3600))
            try store.fire()
            store.clock.advance(by: .seconds(600) + .microseconds(1))
            #expect(try store.claim(try store.worker()).isEmpty)
            let skipped = try #require(try store.runs(of: job).first)
            #expect(skipped.state == .skipped && skipped.reason == .startDeadline && skipped.attempt == 0)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is started up to the last instant, and retried after it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "@every 1h", attempts: 2, startBy: .seconds(600))
            store.clock.advance(by: .seconds(3600))
            try store.fire()
            let id = try #require(try store.runs(of: job).first).id
            #expect(try store.dispatch(id).latestStart == store.now.wall + .seconds(600))
            store.clock.advance(by: .seconds(600))
            try store.finish(try store.claimOne(try store.worker()), .ended(.exited(1)))
            store.clock.advance(by: .seconds(60))
            #expect(try store.claimOne(try store.worker()).attempt == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `does not make up for a time that is too long ago`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "@every 1h", catchUp: CatchUpPolicy(mode: .all), startBy: .seconds(5400))
            store.clock.advance(by: .seconds(3 * 3600 + 1800))
            #expect(try store.fire() == FirePass(dispatched: 1, skipped: 2, withoutZone: []))
            #expect(try store.runs(of: job).map(\.reason) == [.startDeadline, .none, .overlap])
        }
    }

    /// What can never run must not be what the next due time is skipped for.
    @Test(arguments: EngineKind.allCases)
    func `has its next due time find the place free`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "@every 1h", startBy: .seconds(600))
            for _ in 0..<2 {
                store.clock.advance(by: .seconds(3600))
                #expect(try store.fire().dispatched == 1)
            }
            #expect(try store.runs(of: job).map(\.state) == [.skipped, .pending])
            #expect(try store.runs(of: job).map(\.reason) == [.startDeadline, .none])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `lets those behind go on when one is too late`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "@every 1h", overlap: .queueAll, startBy: .seconds(5400))
            for _ in 0..<3 {
                store.clock.advance(by: .seconds(3600))
                try store.fire()
            }
            #expect(try store.runs(of: job).map(\.state) == [.skipped, .pending, .blocked])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `counts from the newest due time that a run stands for`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "@every 1h", overlap: .queueOne, startBy: .seconds(5400))
            store.clock.advance(by: .seconds(3600))
            try store.fire()
            store.clock.advance(by: .seconds(3600))
            try store.fire()
            let run = try #require(try store.runs(of: job).first)
            #expect(run.coalesced == 1 && run.latestStart == store.now.wall + .seconds(5400))
            store.clock.advance(by: .seconds(3000))
            #expect(try store.claimOne(try store.worker()).id == run.id)
        }
    }

    /// Method: the clock is set by far more than the time to begin, before a claim and before a pass of the scheduler.
    @Test(arguments: ["@every 1h", "0 * * * *"], [Duration.seconds(7200), .seconds(-7200)])
    func `has the same real time to begin in, however the wall clock is set`(schedule: String, step: Duration) throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", schedule, overlap: .queueAll, startBy: .seconds(600))
            store.clock.advance(by: .seconds(3600))
            try store.pass()
            store.clock.stepWall(by: step)
            store.clock.advance(by: .seconds(599))
            try store.pass()
            let first = try #require(try store.runs(of: job).first)
            #expect(first.state == .pending && first.latestStart != nil)
            let shown = try #require(try store.jobs.dispatch(first.id, attempt: nil, now: store.now)).view.dispatch
            #expect(shown.latestStart == store.now.wall + .seconds(1))
            let worker = try store.worker()
            #expect(try store.claimOne(worker).id == first.id)
            try store.finish(try store.dispatch(first.id))
            let asked = try store.jobs.run(job, mode: .force, input: nil, now: store.now)
            #expect(try store.dispatch(asked).latestStart == nil, "what somebody asks for is no occurrence")
        }
    }

    @Test(arguments: [Duration.seconds(3600), .seconds(-3600)])
    func `is too late by real time, however the wall clock is set`(step: Duration) throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "@every 1h", startBy: .seconds(600))
            store.clock.advance(by: .seconds(3600))
            try store.fire()
            store.clock.advance(by: .seconds(601))
            store.clock.stepWall(by: step)
            #expect(try store.claim(try store.worker()).isEmpty)
            #expect(try store.runs(of: job).map(\.reason) == [.startDeadline])
        }
    }
}

@Suite struct `A job that is removed` {
    @Test(arguments: EngineKind.allCases)
    func `has nothing of it started again`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(attempts: 5)
            let (one, two) = (try store.worker("one"), try store.worker("two"))
            let retried = try store.run(job)
            #expect(try store.claimOne(one).id == retried)
            let lost = try store.run(job, .force)
            #expect(try store.claimOne(two).id == lost)
            let drained = try store.run(job, .force)
            let claimed = try store.claimOne(try store.worker("three"))
            #expect(claimed.id == drained)
            try store.jobs.remove(job, now: store.now)
            try store.finish(try store.dispatch(retried), .ended(.exited(1)))
            _ = try store.jobs.rescue(two, output: [:], now: store.now)
            try store.finish(claimed, .drained(.signalled(15)))
            let runs = try store.runs(of: job)
            #expect(runs.allSatisfy { $0.state == .skipped && $0.reason == .jobRemoved })
            #expect(try #require(try store.jobs.dispatch(retried, attempt: nil)).attempts.count == 1)
        }
    }
}

@Suite struct `A job of the name of one that was removed` {
    /// Method: the clock goes back far enough that the new one comes to the same instant as the old one did.
    @Test(arguments: EngineKind.allCases)
    func `has due times of its own`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            try store.minute()
            try store.jobs.remove(job, now: store.now)
            store.clock.stepWall(by: .seconds(-60))
            try store.define()
            #expect(try store.progress(job).revision == 2)
            try store.minute()
            #expect(try store.runs(of: job).map(\.state) == [.skipped, .pending])
            #expect(try store.jobs.verifySchedule(after: nil, through: nil, job: nil, zones: store.zones).faults == [])
        }
    }
}

@Suite struct `A run outside the schedule` {
    @Test(arguments: EngineKind.allCases, [RunMode.policy, .queue, .force])
    func `moves neither the cursor nor the next due time`(engine: EngineKind, mode: RunMode) throws {
        try engine.withStore { store in
            let job = try store.define()
            store.clock.advance(by: .seconds(30))
            let before = try store.progress(job)
            _ = try store.run(job, mode)
            #expect(try store.progress(job) == before)
            store.clock.advance(by: .seconds(30))
            try store.fire()
            #expect(try store.runs(of: job).count == 2)
            #expect(try store.progress(job).cursor == before.cursor + .seconds(60))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is refused while one waits for its retry`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(attempts: 3)
            _ = try store.run(job)
            try store.finish(try store.claimOne(try store.worker()), .ended(.exited(1)))
            #expect(code { _ = try store.run(job) } == .refused)
            let behind = try store.run(job, .queue)
            #expect(try store.state(behind) == .blocked)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `holds the place that a due time then finds taken`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            let asked = try store.run(job)
            try store.minute()
            #expect(try store.runs(of: job).last?.blocker == asked)
            #expect(try store.runs(of: job).map(\.state) == [.pending, .skipped])
        }
    }
}

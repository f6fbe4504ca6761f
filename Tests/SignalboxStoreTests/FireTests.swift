import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `A due time` {
    @Test(arguments: EngineKind.allCases)
    func `becomes a dispatch once, and the cursor moves with it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let job = try store.define()
            #expect(try store.fire() == FirePass(dispatched: 0, skipped: 0, withoutZone: []))
            store.clock.advance(by: .seconds(60))
            #expect(try store.jobs.schedulerView(now: store.now, except: []).hasDueJobs)
            #expect(try store.fire().dispatched == 1)
            let run = try #require(try store.runs(of: job).first)
            #expect(run.state == .pending && run.scheduledFor == start + .seconds(60) && run.job == job)
            let progress = try store.progress(job)
            #expect(progress.cursor == start + .seconds(60) && progress.nextDue == start + .seconds(120))

            let sequence = try store.jobs.sequence()
            #expect(try store.fire().dispatched == 0)
            #expect(try store.jobs.sequence() == sequence)
            let view = try store.jobs.schedulerView(now: store.now, except: [])
            #expect(!view.hasDueJobs && view.nextBoot == store.now.boot + .seconds(60))
        }
    }

    /// Method: nothing of the pass is kept when its last step fails, so cursor and occurrence are one transaction.
    @Test func `is not half dealt with when its transaction fails`() throws {
        struct Stop: Error {}
        try withMemoryStore { store in
            let definition = JobDefinition(
                name: try JobName("job"), schedule: .every(.seconds(60)), command: .shell("true"))
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            store.clock.advance(by: .seconds(60))
            let before = try store.jobs.jobs().map(\.job)
            #expect(throws: Stop.self) {
                try store.jobs.write(store.now) { writer in
                    let id = writer.newDispatchID()
                    let dispatch = Dispatch(
                        id: id, origin: DispatchOrigin(maxAttempts: 1), birth: .pending, now: store.now)
                    try writer.insert(dispatch, request: Request(command: .shell("true")))
                    throw Stop()
                }
            }
            #expect(try store.jobs.jobs().map(\.job) == before)
            #expect(try store.jobs.dispatches(DispatchFilter()).isEmpty)
        }
    }

    /// Aim: exactly one dispatch per due time, whoever is quicker. Method: two schedulers on threads of their own, each
    /// with a clock that walks over the same 20 due times of 50 jobs in its own steps.
    @Test(arguments: EngineKind.allCases)
    func `is never doubled and never lost by two schedulers at once`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now
            for number in 0..<50 { try store.define("job-\(number)", "@every 1m", overlap: .allow) }
            try onThreads(2) { thread in
                for step in 1...40 {
                    let passed = Duration.seconds(min(30 * step + thread * 7, 1200))
                    let now = Now(wall: start.wall + passed, boot: start.boot + passed, bootID: start.bootID)
                    while try store.jobs.schedulerView(now: now, except: []).hasDueJobs {
                        _ = try store.jobs.fire(now: now, zones: store.zones, except: [])
                    }
                }
            }
            for number in 0..<50 {
                let due = try store.runs(of: try JobName("job-\(number)")).compactMap(\.scheduledFor)
                #expect(due == (1...20).map { start.wall + .seconds(60 * $0) }, "job-\(number)")
            }
            #expect(try store.jobs.status().count(.pending) == 1000)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is left for later when its zone was not read`(engine: EngineKind) throws {
        try engine.withStore { store in
            var definition = try store.definition("job", "* * * * *")
            definition.zone = "Europe/Berlin"
            #expect(code { try store.jobs.add(definition, zones: store.zones, now: store.now) } == .invalid)
            let zones = ZoneTable(machine: .utc, named: ["Europe/Berlin": .utc])
            try store.jobs.add(definition, zones: zones, now: store.now)
            store.clock.advance(by: .seconds(60))
            let pass = try store.fire()
            #expect(pass.withoutZone == [definition.name] && pass.missingZones == ["Europe/Berlin"])
            #expect(try store.jobs.schedulerView(now: store.now, except: []).hasDueJobs)
            #expect(try store.jobs.fire(now: store.now, zones: zones, except: []).dispatched == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is not in the way of others while it is held`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.boot
            let held = try store.define("held", "@every 1m")
            _ = try store.define("other", "@every 90s")
            store.clock.advance(by: .seconds(60))
            let view = try store.jobs.schedulerView(now: store.now, except: [held])
            #expect(!view.hasDueJobs && view.nextBoot == start + .seconds(90))
            store.clock.advance(by: .seconds(30))
            let pass = try store.jobs.fire(now: store.now, zones: store.zones, except: [held])
            #expect(pass.dispatched == 1)
            #expect(try store.runs(of: held).isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `of once is the last`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("once", "@at \(store.now.wall + .seconds(60))")
            store.clock.advance(by: .seconds(61))
            #expect(try store.fire().dispatched == 1)
            #expect(try store.progress(job).nextDue == nil)
            let view = try store.jobs.schedulerView(now: store.now, except: [])
            #expect(view.nextWall == nil && view.nextBoot == nil)
        }
    }
}

@Suite struct `Missed due times` {
    @Test(arguments: EngineKind.allCases)
    func `leave the newest run and one record of the others`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let job = try store.define()
            try store.fire()
            store.clock.sleep(for: .seconds(3600 + 30))
            #expect(try store.fire() == FirePass(dispatched: 1, skipped: 1, withoutZone: []))
            let runs = try store.runs(of: job)
            let skipped = try #require(runs.first { $0.state == .skipped })
            #expect(skipped.reason == .suspended && skipped.coalesced == 58 && skipped.finished != nil)
            #expect(skipped.scheduledFor == start + .seconds(60) && skipped.lastScheduledFor == start + .seconds(3540))
            let run = try #require(runs.first { $0.state == .pending })
            #expect(run.scheduledFor == start + .seconds(3600))
            #expect(try store.progress(job).cursor == start + .seconds(3600))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `are only recorded where the policy makes up for none`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "* * * * *", catchUp: CatchUpPolicy(mode: .none))
            try store.fire()
            store.clock.stepWall(by: .seconds(3600))
            store.clock.advance(by: .seconds(59))
            let late = CatchUp.punctual + .seconds(1)
            store.clock.advance(by: late)
            let pass = try store.fire()
            let runs = try store.runs(of: job)
            #expect(pass.skipped == 1 && runs.filter { $0.state == .skipped }.map(\.reason) == [.clockForward])
            let covered = runs.reduce(0) { $0 + 1 + $1.coalesced }
            #expect(covered == 62, "each due time is in a run or in the record")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `all run, in order, where the policy says so and overlap allows it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let job = try store.define(overlap: .queueAll, catchUp: CatchUpPolicy(mode: .all, maximum: 3))
            store.clock.advance(by: .seconds(300))
            #expect(try store.fire() == FirePass(dispatched: 3, skipped: 1, withoutZone: []))
            let runs = try store.runs(of: job)
            #expect(runs.map(\.state) == [.skipped, .pending, .blocked, .blocked])
            #expect(runs.map(\.scheduledFor) == [60, 180, 240, 300].map { start + .seconds($0) })
            #expect(runs[2].blocker == runs[1].id && runs[3].blocker == runs[2].id)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `that are made up for together obey the overlap policy among themselves`(engine: EngineKind) throws {
        try engine.withStore { store in
            let all = CatchUpPolicy(mode: .all)
            let skip = try store.define("skip", overlap: .skip, catchUp: all)
            let one = try store.define("one", overlap: .queueOne, catchUp: all)
            let newest = try store.define("newest", overlap: .replace, catchUp: all)
            store.clock.advance(by: .seconds(180))
            try store.fire()
            #expect(try store.runs(of: skip).map(\.state) == [.pending, .skipped, .skipped])
            #expect(try store.runs(of: one).map(\.coalesced) == [2])
            #expect(try store.runs(of: newest).map(\.state) == [.cancelled, .cancelled, .pending])
        }
    }
}

@Suite struct `An occurrence that meets another` {
    private func firing(
        _ engine: EngineKind, _ overlap: OverlapRule,
        _ body: (StoreUnderTest, JobName, _ running: Dispatch) throws -> Void
    ) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: overlap)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            let running = try store.claimOne(try store.worker())
            store.clock.advance(by: .seconds(60))
            try store.fire()
            try body(store, job, running)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is skipped, and says which it met`(engine: EngineKind) throws {
        try firing(engine, .skip) { store, job, running in
            let skipped = try #require(try store.runs(of: job).last)
            #expect(skipped.state == .skipped && skipped.reason == .overlap && skipped.blocker == running.id)
            try store.finish(running)
            store.clock.advance(by: .seconds(60))
            #expect(try store.fire().dispatched == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `waits, and later ones coalesce into it`(engine: EngineKind) throws {
        try firing(engine, .queueOne) { store, job, running in
            let waiting = try #require(try store.runs(of: job).last)
            #expect(waiting.state == .blocked && waiting.blocker == running.id && waiting.reason == .overlap)
            for _ in 0..<2 {
                store.clock.advance(by: .seconds(60))
                #expect(try store.fire().dispatched == 0)
            }
            let coalesced = try #require(try store.runs(of: job).last)
            #expect(coalesced.id == waiting.id && coalesced.coalesced == 2)
            #expect(coalesced.lastScheduledFor == store.now.wall)
            try store.finish(running)
            #expect(try store.state(waiting.id) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `waits its turn with all others`(engine: EngineKind) throws {
        try firing(engine, .queueAll) { store, job, running in
            store.clock.advance(by: .seconds(60))
            try store.fire()
            var current = running
            for waiting in try store.runs(of: job).dropFirst() {
                #expect(try store.state(waiting.id) == .blocked)
                try store.finish(current, .ended(.exited(64)))
                current = try store.claimOne(try store.worker())
                #expect(current.id == waiting.id)
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `waits for all that run, whichever ends first`(engine: EngineKind) throws {
        try firing(engine, .allow) { store, job, running in
            let beside = try store.claimOne(try store.worker())
            let behind = try store.jobs.run(job, mode: .queue, input: nil, now: store.now)
            #expect(try store.dispatch(behind).blocker == beside.id)
            try store.finish(beside)
            #expect(try store.dispatch(behind).blocker == running.id)
            try store.finish(running)
            #expect(try store.state(behind) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `runs beside it`(engine: EngineKind) throws {
        try firing(engine, .allow) { store, _, running in
            let beside = try store.claimOne(try store.worker())
            #expect(beside.state == .inProgress && beside.id != running.id)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `takes its place as soon as it has ended`(engine: EngineKind) throws {
        try firing(engine, .replace) { store, job, running in
            let second = try #require(try store.runs(of: job).last)
            #expect(try store.dispatch(running.id).cancelRequested)
            #expect(second.state == .blocked && second.blocker == running.id)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            let third = try #require(try store.runs(of: job).last)
            let replaced = try store.dispatch(second.id)
            #expect(replaced.reason == .replaced && replaced.state == .cancelled)
            #expect(third.blocker == running.id)
            try store.finish(running, .cancelled(.signalled(15)))
            #expect(try store.dispatch(running.id).reason == .replaced)
            #expect(try store.state(third.id) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `finds the place held by a run that waits for its retry`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(attempts: 3)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            store.clock.advance(by: .seconds(59))
            try store.finish(try store.claimOne(try store.worker()), .ended(.exited(1)))
            store.clock.advance(by: .seconds(1))
            try store.fire()
            #expect(try store.runs(of: job).map(\.state) == [.scheduled, .skipped])
        }
    }

    /// Aim: a long run costs the same at the ten-thousandth due time that meets it. Method: the reads of a pass are
    /// counted, on an engine that counts them.
    @Test func `is decided without reading those that met it before`() throws {
        let counting = CountingEngine(buckets: Buckets.all)
        try withTestStore(on: { _, buckets in
            buckets.count == Buckets.all.count ? counting : CountingEngine(buckets: buckets)
        }) { store in
            let name = try JobName("long")
            let definition = JobDefinition(name: name, schedule: .every(.seconds(1)), command: .shell("sleep"))
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            func readsOfOnePass() throws -> Int {
                store.clock.advance(by: .seconds(1))
                counting.reset()
                _ = try store.jobs.fire(now: store.now, zones: store.zones)
                return counting.reads
            }
            _ = try readsOfOnePass()
            let early = try readsOfOnePass()
            for _ in 0..<500 { _ = try readsOfOnePass() }
            #expect(try readsOfOnePass() <= early + 2)
            #expect(try store.jobs.status().count(.skipped) == 502)
        }
    }
}

@Suite struct `A job that makes up for thousands of runs` {
    /// Aim: what is read grows with the runs, not with their square. Method: the reads of a pass that makes 1,024 runs are
    /// counted, on an engine that counts them.
    @Test(arguments: [OverlapRule.queueAll, OverlapRule(.allow, limit: 100_000)])
    func `reads what is active once in a pass`(overlap: OverlapRule) throws {
        let counting = CountingEngine(buckets: Buckets.all)
        try withTestStore(on: { _, buckets in
            buckets.count == Buckets.all.count ? counting : CountingEngine(buckets: buckets)
        }) { store in
            let definition = JobDefinition(
                name: try JobName("behind"), schedule: .every(.seconds(1)), command: .shell("true"), overlap: overlap,
                catchUp: CatchUpPolicy(mode: .all, maximum: 10_000))
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            store.clock.advance(by: .seconds(3_000))
            var reads: [Int] = []
            for _ in 0..<2 {
                counting.reset()
                let pass = try store.jobs.fire(now: store.now, zones: store.zones)
                #expect(pass.dispatched == 1_024)
                reads.append(counting.reads)
            }
            #expect(reads[0] < 10 * 1_024)
            #expect(reads[1] < reads[0] + 3 * 1_024, "the 1,024 that wait by now are read once")
        }
    }
}

@Suite struct `A paused job` {
    @Test(arguments: EngineKind.allCases)
    func `skips its due times, with a record of why`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            #expect(try store.jobs.setPaused(true, job, now: store.now))
            #expect(try !store.jobs.setPaused(true, job, now: store.now))
            store.clock.advance(by: .seconds(60))
            #expect(try store.fire() == FirePass(dispatched: 0, skipped: 1, withoutZone: []))
            #expect(try store.runs(of: job).map(\.reason) == [.paused])
            #expect(try store.jobs.setPaused(false, job, now: store.now))
            store.clock.advance(by: .seconds(60))
            #expect(try store.fire().dispatched == 1)
            #expect(code { _ = try store.jobs.setPaused(true, try JobName("none"), now: store.now) } == .notFound)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `starts from the time it is resumed, though no scheduler saw the pause`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let job = try store.define()
            _ = try store.jobs.setPaused(true, job, now: store.now)
            store.clock.advance(by: .seconds(630))
            _ = try store.jobs.setPaused(false, job, now: store.now)
            #expect(try store.fire() == FirePass(dispatched: 0, skipped: 1, withoutZone: []))
            let skipped = try #require(try store.runs(of: job).first)
            #expect(skipped.reason == .paused && skipped.coalesced == 9 && skipped.scheduledFor == start + .seconds(60))
            #expect(try store.progress(job).nextDue == start + .seconds(660))
            store.clock.advance(by: .seconds(30))
            #expect(try store.fire() == FirePass(dispatched: 1, skipped: 0, withoutZone: []))
        }
    }
}

@Suite struct `A boot job` {
    @Test(arguments: EngineKind.allCases)
    func `that is paused is skipped, and one that became it waits for the next boot`(engine: EngineKind) throws {
        try engine.withStore { store in
            let paused = try store.define("paused", "@boot")
            _ = try store.jobs.setPaused(true, paused, now: store.now)
            let changed = try store.define("changed", "@every 1h")
            store.clock.reboot(after: .seconds(60))
            let definition = try store.definition("changed", "@boot")
            _ = try store.jobs.apply([definition], prune: false, zones: store.zones, now: store.now)
            #expect(try store.jobs.fireBootJobs(now: store.now) == FirePass(dispatched: 0, skipped: 1, withoutZone: []))
            #expect(try store.runs(of: paused).map(\.reason) == [.paused])
            #expect(try store.runs(of: changed).isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `runs once in every boot, not in the one it was added in`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("hello", "@boot")
            #expect(try store.jobs.fireBootJobs(now: store.now).dispatched == 0)
            for boot in 1...2 {
                store.clock.reboot()
                #expect(try store.jobs.fireBootJobs(now: store.now).dispatched == 1)
                #expect(try store.jobs.fireBootJobs(now: store.now).dispatched == 0)
                #expect(try store.runs(of: job).count == boot)
                try store.finish(try store.claimOne(try store.worker()))
            }
            #expect(try store.fire().dispatched == 0)
        }
    }
}

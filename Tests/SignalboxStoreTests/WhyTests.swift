import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

/// A verdict by its word and what matters of it.
private func words(_ past: WhyPast?) -> String {
    guard let past else { return "nothing" }
    switch past.verdict {
    case .dispatch(let found): return words(found)
    case .notDue(let before, let after): return "not due: \(before == nil ? "–" : "b")\(after == nil ? "–" : "a")"
    case .otherOfTwo: return "other of two"
    case .leftOutInGap: return "left out"
    case .notByClock: return "not by clock"
    case .notYet: return "not yet"
    case .beforeSchedule: return "before schedule"
    case .passedWhilePaused: return "passed while paused"
    case .paused(let pause): return "paused by \(pause.by)"
    case .clockHeld: return "clock"
    case .notLookedAt: return "not looked at"
    case .noRecord: return "no record"
    }
}

private func words(_ present: WhyPresent?) -> String {
    switch present {
    case nil: "nothing"
    case .running(let found): "running \(words(found))"
    case .waiting(let found): "waiting \(words(found))"
    case .paused(let pause): "paused by \(pause.by)"
    case .clockHeld: "clock"
    case .notLookedAt: "not looked at"
    case .notDue: "not due"
    case .manual: "manual"
    case .bootDone: "boot done"
    case .bootNotLookedAt: "boot not looked at"
    case .over: "over"
    }
}

private func words(_ found: WhyDispatch) -> String {
    let dispatch = found.view.dispatch
    let relation =
        switch found.relation {
        case .itself: ""
        case .oneOf(let count, _, _): " of \(count)"
        case .coalesced: " coalesced"
        }
    let wait =
        switch found.wait {
        case nil: ""
        case .time: " for its time"
        case .dispatch: " for \(found.blocker?.id.number ?? 0)"
        case .worker(let queue, let draining): " for a worker of \(queue), \(draining) draining"
        case .handler(let handler, let queue, let draining):
            " for a worker of \(queue) with \(handler), \(draining) draining"
        case .slot(_, let others, let running, let slots): " for a slot: \(others) before, \(running)/\(slots)"
        case .place(let key, let running, let max): " for a place of \(key): \(running)/\(max)"
        case .start(let key, let rate, let opens):
            " for a start of \(key), \(rate.text), \(opens == nil ? "open" : "closed")"
        case .pausedQueue(let queue, let pause): " for \(queue), paused by \(pause.by)"
        case .queueRate(let queue, let rate, _): " for the rate \(rate.text) of \(queue)"
        case .nothing: " for nothing"
        }
    return "\(dispatch.state.name)\(dispatch.reason.word.map { " \($0)" } ?? "")\(relation)\(wait)"
}

extension StoreUnderTest {
    fileprivate func past(_ job: JobName, _ asked: Instant? = nil) throws -> String {
        words(try #require(try jobs.why(job, at: asked, zones: zones, now: now)).past)
    }

    fileprivate func present(_ job: JobName) throws -> String {
        words(try #require(try jobs.why(job, at: nil, zones: zones, now: now)).present)
    }
}

@Suite struct `Why a job did not run at a time` {
    @Test(arguments: EngineKind.allCases)
    func `is answered with the run, where it did`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            store.clock.advance(by: .seconds(60))
            let due = store.now.wall
            try store.fire()
            try store.finish(try store.claimOne(try store.worker("one")))
            #expect(try store.past(job) == "SUCCESS")
            #expect(try store.past(job, due) == "SUCCESS")
            let report = try store.jobs.why(job, at: due, zones: store.zones, now: store.now)
            #expect(report?.present == nil && report?.past?.occurrence?.due == due)
            guard case .dispatch(let found)? = report?.past?.verdict else { throw NoAnswer() }
            #expect(found.worker == "one" && found.view.dispatch.exitCode == 0)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            try store.finish(try store.claimOne(try store.worker()), .ended(.exited(3)))
            #expect(try store.past(job) == "FAILED exit")
        }
    }

    @Test func `is answered with the nearest times, where the schedule names none`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "@hourly")
            let once = try store.define("once", "@at 2026-12-01T00:00:00Z")
            store.clock.advance(by: .seconds(86_400))
            let asked = try Instant(text: "2026-11-23T02:30:00Z")
            guard
                case .notDue(let before, let after)? = try store.jobs.why(
                    job, at: asked, zones: store.zones, now: store.now)?.past?.verdict
            else { throw NoAnswer() }
            #expect(before?.due == asked - .seconds(1800) && after?.due == asked + .seconds(1800))
            #expect(try store.past(once, asked) == "not due: –a")
            #expect(try store.past(job, asked + .seconds(1800)) != "not due: ba")
            #expect(try store.past(try store.define("asked", "@manual"), asked) == "not by clock")
            #expect(try store.past(try store.define("boot", "@boot"), asked) == "not by clock")
        }
    }

    @Test func `means the whole minute, unless seconds are given`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "30 5 * * * *")
            let asked = try Instant(text: "2026-11-23T02:05:00Z")
            #expect(try store.past(job, asked) == "not yet")
            #expect(try store.past(job, asked + .seconds(30)) == "not yet")
            #expect(try store.past(job, asked + .seconds(1)) == "not due: ba")
            #expect(try store.past(job, asked + .seconds(31)) == "not due: ba")
        }
    }

    @Test func `tells a time to come, and one before the job was there or had this schedule`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "@hourly")
            store.clock.advance(by: .seconds(2 * 3_600))
            let hour = Instant(seconds: store.now.wall.wholeSeconds / 3_600 * 3_600)
            #expect(try store.past(job, hour + .seconds(3_600)) == "not yet")
            #expect(try store.past(job, hour - .seconds(86_400)) == "before schedule")
            #expect(
                try store.past(job, hour - .seconds(86_400 + 1800)) == "before schedule", "not between two of its times"
            )
            let edited = try store.definition("job", "@every 10m")
            _ = try store.jobs.apply([edited], prune: false, zones: store.zones, now: store.now)
            #expect(try store.past(job, store.now.wall - .seconds(600)) == "before schedule")
            #expect(try store.past(job) == "nothing")
        }
    }

    @Test func `finds what an earlier schedule made`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define()
            store.clock.advance(by: .seconds(60))
            let due = store.now.wall
            try store.fire()
            store.clock.advance(by: .seconds(60))
            let edited = try store.definition("job", "@every 7h")
            _ = try store.jobs.apply([edited], prune: false, zones: store.zones, now: store.now)
            #expect(try store.past(job, due) == "PENDING for a worker of default, 0 draining")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `tells what it was skipped for, and together with which`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let job = try store.define("job", "@every 2m", catchUp: CatchUpPolicy(mode: .none))
            store.clock.advance(by: .seconds(690))
            try store.fire()
            #expect(try store.past(job) == "SKIPPED downtime of 5")
            #expect(try store.past(job, start + .seconds(120)) == "SKIPPED downtime of 5")
            #expect(try store.past(job, start + .seconds(150)) == "not due: ba")
            store.clock.advance(by: .seconds(30))
            try store.fire()
            let first = try store.claimOne(try store.worker())
            store.clock.advance(by: .seconds(120))
            try store.fire()
            #expect(try store.past(job) == "SKIPPED overlap")
            let report = try store.jobs.why(job, at: nil, zones: store.zones, now: store.now)
            guard case .dispatch(let found)? = report?.past?.verdict else { throw NoAnswer() }
            #expect(found.blocker?.id == first.id && found.blocker?.state == .inProgress)
        }
    }

    @Test func `tells that a later run stands for it too`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define(overlap: .queueOne)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            _ = try store.claimOne(try store.worker())
            for relation in ["", " coalesced", " coalesced"] {
                store.clock.advance(by: .seconds(60))
                try store.fire()
                #expect(try store.past(job) == "BLOCKED overlap\(relation) for 1")
            }
            #expect(try store.past(job, store.now.wall - .seconds(120)) == "BLOCKED overlap for 1")
        }
    }

    @Test func `tells a pause, whether a scheduler has looked at it or not`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define()
            _ = try store.jobs.pause(job, by: "ann@box", reason: "new disk", now: store.now)
            store.clock.advance(by: .seconds(60))
            #expect(try store.past(job) == "paused by ann@box")
            try store.fire()
            #expect(try store.past(job) == "SKIPPED paused")
            store.clock.advance(by: .seconds(60))
            _ = try store.jobs.resume(job, catchingUpIn: nil, now: store.now)
            #expect(try store.past(job) == "passed while paused")
            try store.fire()
            #expect(try store.past(job) == "SKIPPED paused")
        }
    }

    @Test func `tells that no scheduler has looked, and that nothing is kept of it`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define()
            store.clock.advance(by: .seconds(60))
            let due = store.now.wall
            #expect(try store.past(job) == "not looked at")
            try store.fire()
            _ = try store.jobs.cancel(try #require(try store.runs(of: job).first).id, now: store.now)
            #expect(try store.past(job, due) == "CANCELLED requested")
        }
        // As after a record was removed: a cursor that nothing stands behind.
        try EngineKind.memory.withStore { store in
            let job = try store.define()
            store.clock.advance(by: .seconds(60))
            try store.raw.change(JobProgress.self, .name(job.text), in: Buckets.jobProgress) {
                $0.cursor = store.now.wall
            }
            try store.raw.change(JobProgress.self, .name(job.text), in: Buckets.jobProgress) { $0.nextDue = nil }
            let definition = try #require(try store.jobs.job(job, recent: 0)).view.job.definition
            try store.raw.delete(Key.jobDue(store.now.wall, definition).bytes, Buckets.jobDue)
            #expect(try store.past(job) == "no record")
        }
    }

    @Test func `needs a job of that name, and its zone`() throws {
        try EngineKind.memory.withStore { store in
            let nobody = try JobName("nobody")
            #expect(try store.jobs.why(nobody, at: nil, zones: store.zones, now: store.now) == nil)
            var definition = try store.definition("job")
            definition.zone = "Europe/Berlin"
            let zones = ZoneTable(machine: .utc, named: ["Europe/Berlin": .utc])
            try store.jobs.add(definition, zones: zones, now: store.now)
            let name = definition.name
            #expect(code { _ = try store.jobs.why(name, at: nil, zones: store.zones, now: store.now) } == .invalid)
        }
    }
}

@Suite struct `Why a job does not run now` {
    @Test func `is that it is not due, or never is by itself`() throws {
        try EngineKind.memory.withStore { store in
            #expect(try store.present(try store.define("hourly", "@hourly")) == "not due")
            #expect(try store.present(try store.define("asked", "@manual")) == "manual")
            #expect(try store.present(try store.define("past", "@at 2020-01-01T00:00:00Z")) == "over")
            let boot = try store.define("boot", "@boot")
            #expect(try store.present(boot) == "boot done")
            store.clock.reboot()
            #expect(try store.present(boot) == "boot not looked at")
        }
    }

    @Test func `is that it is paused, or that no scheduler looks`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define()
            store.clock.advance(by: .seconds(60))
            #expect(try store.present(job) == "not looked at")
            _ = try store.jobs.pause(job, by: "ann@box", reason: nil, now: store.now)
            #expect(try store.present(job) == "paused by ann@box")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is what its run waits for`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "@every 1m", overlap: .queueAll, attempts: 3)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            #expect(try store.present(job) == "waiting PENDING for a worker of default, 0 draining")
            _ = try store.worker("other", queues: [try QueueName("heavy")])
            try store.jobs.setState(.stopped, of: try store.worker("gone"), now: store.now)
            #expect(try store.present(job) == "waiting PENDING for a worker of default, 0 draining")
            let worker = try store.worker("one", slots: 2)
            #expect(try store.present(job) == "waiting PENDING for nothing")
            for _ in 0..<3 { _ = try store.offer(priority: 0) }
            #expect(try store.present(job) == "waiting PENDING for a slot: 3 before, 0/2")
            _ = try store.claim(worker, slots: 2)
            #expect(try store.present(job) == "waiting PENDING for a slot: 1 before, 2/2")
            try store.jobs.setState(.draining, of: worker, now: store.now)
            #expect(try store.present(job) == "waiting PENDING for a worker of default, 1 draining")
        }
    }

    @Test func `is that it runs, or waits before another attempt, or for an earlier run`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "@every 1m", overlap: .queueAll, attempts: 3)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            let worker = try store.worker()
            let running = try store.claimOne(worker)
            #expect(try store.present(job) == "running IN_PROGRESS")
            store.clock.advance(by: .seconds(60))
            try store.fire()
            #expect(try store.present(job) == "running IN_PROGRESS")
            #expect(try store.past(job) == "BLOCKED overlap for \(running.id)")
            try store.finish(running, .ended(.exited(1)))
            #expect(try store.present(job) == "waiting SCHEDULED retry for its time")
        }
    }
}

@Suite struct `A clock that is not trusted` {
    @Test(arguments: EngineKind.allCases)
    func `is why a due time was not dealt with, and comes after a pause`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "* * * * *")
            let interval = try store.define("interval", "@every 1m")
            try store.fire()
            store.clock.reboot()
            let nothing = ClockEvidence(isSynchronised: false, hasTimesyncMark: false, hasHardwareClock: false)
            let trust = try store.jobs.judgeClock(nothing, limit: .seconds(120), now: store.now)
            #expect(trust == .held(.unsynchronised, since: store.now.boot, until: store.now.boot + .seconds(120)))
            store.clock.advance(by: .seconds(90))
            #expect(try store.past(job) == "clock" && store.present(job) == "clock")
            #expect(try store.past(interval) == "not looked at", "it goes by no wall clock")
            _ = try store.jobs.pause(job, by: "ann@box", reason: nil, now: store.now)
            #expect(try store.present(job) == "paused by ann@box")
            _ = try store.jobs.resume(job, catchingUpIn: nil, now: store.now)
            store.clock.advance(by: .seconds(30))
            #expect(try store.past(job) == "not looked at", "the wait is over, and no scheduler has come")
        }
    }
}

private struct NoAnswer: Error {}

import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

extension StoreUnderTest {
    /// What a scheduler does when it wakes; returns what it made.
    @discardableResult
    func pass(zones: ZoneTable? = nil) throws -> FirePass {
        let zones = zones ?? self.zones
        var total = FirePass.nothing
        while let step = try jobs.schedulerView(now: now, except: []).step {
            switch step {
            case .fire:
                let pass = try jobs.fire(now: now, zones: zones, except: [])
                total.dispatched += pass.dispatched
                total.skipped += pass.skipped
            case .rewind:
                let pass = try jobs.rewind(zones: zones, unreadable: [], now: now)
                #expect(pass.missingZones.isEmpty)
            case .promote: try jobs.promote(now: now)
            }
        }
        return total
    }

    /// Claims all that can be claimed, and ends it well.
    @discardableResult
    func work() throws -> [DispatchID] {
        let worker = try worker(slots: 100)
        let claimed = try claim(worker, slots: 100).map(\.dispatch)
        for dispatch in claimed { try finish(dispatch) }
        return claimed.map(\.id)
    }

    /// Lets time pass in steps, each with a pass of a scheduler and a worker behind it.
    func live(_ duration: Duration, step: Duration = .seconds(30)) throws {
        var left = duration
        while left > .zero {
            clock.advance(by: min(step, left))
            left -= step
            try pass()
            try work()
        }
    }

    func ran(_ job: JobName) throws -> [Instant] {
        try runs(of: job).filter { $0.state == .success }.compactMap(\.scheduledFor)
    }
}

extension Instant {
    fileprivate static func text(_ text: String) -> Instant { try! Instant(text: text) }
}

/// How somebody sets the wall clock: by seconds, hours and decades, both ways.
private let jumps: [Duration] = [
    .seconds(-1), .seconds(5), .seconds(-5), .seconds(2 * 3600), .seconds(-2 * 3600), .seconds(5 * 3600),
    .seconds(-5 * 3600), .seconds(400 * 86_400), .seconds(-400 * 86_400), .seconds(15 * 365 * 86_400),
    .seconds(-56 * 365 * 86_400),
]

@Suite struct `However the wall clock is set` {
    @Test(arguments: jumps)
    func `an interval keeps its beat`(jump: Duration) throws {
        try EngineKind.memory.withStore { store in
            let start = store.now.boot
            let job = try store.define("beat", "@every 1m")
            for _ in 0..<3 {
                try store.live(.seconds(90))
                store.clock.stepWall(by: jump)
                try store.live(.seconds(90))
            }
            let runs = try store.runs(of: job)
            #expect(runs.count == 9 && runs.allSatisfy { $0.state == .success })
            let starts = runs.compactMap { $0.started.map { start.duration(to: $0.boot) } }
            #expect(starts == (1...9).map { .seconds(60 * $0) })
        }
    }

    @Test(arguments: jumps)
    func `a delay and the wait for a retry take their time`(jump: Duration) throws {
        try EngineKind.memory.withStore { store in
            let delayed = try store.enqueue(delay: .seconds(60))
            let failing = try store.enqueue("false")
            let worker = try store.worker()
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            let wait = RetryPolicy().delay(after: 1, of: failing)
            let begin = store.now.wall
            store.clock.stepWall(by: jump)
            try store.pass()
            if jump.components.seconds.magnitude > 1 {
                #expect(try store.dispatch(failing).dueAt == begin + jump + wait, "shown as the clock shows it now")
            }
            let hair = Duration.milliseconds(1)
            store.clock.advance(by: wait - hair)
            #expect(try store.claim(worker).isEmpty)
            store.clock.advance(by: hair * 2)
            #expect(try store.claimOne(worker).id == failing)
            store.clock.advance(by: .seconds(60) - wait - hair * 2)
            #expect(try store.claim(worker).isEmpty)
            store.clock.advance(by: hair * 2)
            #expect(try store.jobs.workerView(queues: [.standard], now: store.now).hasWork)
            let claimed = try store.claimOne(worker)
            #expect(claimed.id == delayed)
            let late = claimed.dueAt.duration(to: store.now.wall)
            #expect((.zero - ClockStep.slew...ClockStep.slew).contains(late), "it is due at a wall time again")
        }
    }

    /// Aim: also while no scheduler runs that would notice.
    @Test(arguments: jumps)
    func `what takes its time is shown by the clock as it is now`(jump: Duration) throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("beat", "@every 1h")
            let delayed = try store.enqueue(delay: .seconds(60))
            let begin = store.now.wall
            store.clock.stepWall(by: jump)
            let ahead = ClockStep(jump: jump, slept: .zero) == .even ? Duration.zero : jump
            let view = try #require(try store.jobs.jobs(recent: 0, now: store.now).first)
            #expect(view.job.progress.nextDue == begin + ahead + .seconds(3600))
            let detail = try #require(try store.jobs.dispatch(delayed, attempt: nil, now: store.now))
            #expect(detail.view.dispatch.dueAt == begin + ahead + .seconds(60))
            let ledger = try store.jobs.verifySchedule(
                after: nil, through: nil, job: job, zones: store.zones, now: store.now)
            #expect(ledger.ok && ledger.jobs.first?.after == begin + ahead)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `what was asked for at a time of day waits for that`(engine: EngineKind) throws {
        try engine.withStore { store in
            let due = store.now.wall + .seconds(7200)
            let id = try store.jobs.enqueue(
                Enqueuing(request: Request(command: .shell("true")), due: due), now: store.now
            ).id
            let job = try store.define("once", "@at \(due)")
            store.clock.stepWall(by: .seconds(-3600))
            try store.live(.seconds(7200), step: .seconds(600))
            #expect(try store.state(id) == .scheduled && store.runs(of: job).isEmpty)
            store.clock.stepWall(by: .seconds(3600))
            try store.live(.seconds(30))
            #expect(try store.state(id) == .success && store.ran(job) == [due])
            store.clock.stepWall(by: .seconds(-86_400))
            try store.live(.seconds(2 * 86_400), step: .seconds(43_200))
            #expect(try store.runs(of: job).count == 1, "once is once, also where the clock comes to its time again")
        }
    }
}

@Suite struct `A wall clock that is set back` {
    /// 2026-11-22T12:00:00Z, the virtual clock's beginning.
    @Test(arguments: EngineKind.allCases)
    func `a little lets fixed jobs rest and others go on`(engine: EngineKind) throws {
        try engine.withStore { store in
            let fixed = try store.define("fixed", "30 12 * * *")
            let wildcard = try store.define("wildcard", "*/10 * * * *")
            try store.live(.seconds(45 * 60), step: .seconds(300))
            #expect(try store.ran(fixed) == [.text("2026-11-22T12:30:00Z")])
            #expect(try store.ran(wildcard).count == 4)
            store.clock.stepWall(by: .seconds(-1800))
            try store.pass()
            try store.live(.seconds(30 * 60), step: .seconds(300))
            #expect(try store.ran(fixed).count == 1, "what ran at a fixed time does not run at it again")
            let times = try store.ran(wildcard)
            #expect(times.suffix(3) == [20, 30, 40].map { .text("2026-11-22T12:\($0):00Z") }, "its beat goes on")
            #expect(times.count == 7)
            #expect(try store.runs(of: wildcard).allSatisfy { $0.state == .success })
            store.clock.advance(by: .seconds(86_400))
            try store.pass()
            #expect(try store.runs(of: fixed).filter { $0.state != .skipped }.count == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `by hours was wrong before, and every job goes by it anew`(engine: EngineKind) throws {
        try engine.withStore { store in
            let fixed = try store.define("fixed", "30 12 * * *")
            let wildcard = try store.define("wildcard", "0 * * * *")
            try store.live(.seconds(3600), step: .seconds(600))
            store.clock.stepWall(by: .seconds(-30 * 365 * 86_400))
            try store.live(.seconds(25 * 3600), step: .seconds(600))
            #expect(try store.ran(fixed).count == 2 && store.ran(wildcard).count == 26)
            store.clock.stepWall(by: .seconds(30 * 365 * 86_400 - 25 * 3600))
            try store.live(.seconds(3600), step: .seconds(600))
            #expect(try store.ran(fixed).filter { $0 == .text("2026-11-22T12:30:00Z") }.count <= 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `comes to the same instant again, and a job runs at it again`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("daily", "30 12 * * *")
            for _ in 0..<3 {
                try store.live(.seconds(3600), step: .seconds(600))
                store.clock.stepWall(by: .seconds(-5 * 3600))
                try store.live(.seconds(4 * 3600), step: .seconds(600))
            }
            let expected = [Instant](repeating: .text("2026-11-22T12:30:00Z"), count: 3)
            #expect(try store.ran(job) == expected)
        }
    }

    @Test func `leaves what is overdue to be dealt with`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("wildcard", "*/10 * * * *")
            try store.pass()
            store.clock.advance(by: .seconds(25 * 60))
            store.clock.stepWall(by: .seconds(-600))
            try store.pass()
            let runs = try store.runs(of: job)
            #expect(runs.map(\.scheduledFor) == [.text("2026-11-22T12:10:00Z")])
        }
    }

    /// Aim: thousands of jobs are taken back in slices, and none is forgotten when the clock is set again between two.
    @Test func `is taken in for many jobs in several transactions, also when it is set again between two`() throws {
        try EngineKind.memory.withStore { store in
            let names = try (0..<520).map { try store.define("job-\($0)", "*/10 * * * *") }
            store.clock.advance(by: .seconds(1800))
            try store.pass()
            store.clock.stepWall(by: .seconds(-1200))
            _ = try store.jobs.fire(now: store.now, zones: store.zones, except: [])
            let first = try store.jobs.rewind(zones: store.zones, unreadable: [], now: store.now)
            #expect(first.changed == 512 && first.last != nil)
            #expect(try store.jobs.schedulerView(now: store.now, except: []).mustRewind)
            store.clock.stepWall(by: .seconds(-6 * 3600))
            try store.pass()
            for name in names {
                let progress = try store.progress(name)
                #expect(progress.cursor == store.now.wall && progress.nextDue == .text("2026-11-22T06:20:00Z"))
            }
        }
    }

    @Test func `is taken in before a job that has much to make up for is done`() throws {
        try EngineKind.memory.withStore { store in
            let policy = CatchUpPolicy(mode: .all, maximum: 5000)
            let busy = try store.define("busy", "@every 1m", overlap: .allow, catchUp: policy)
            let wildcard = try store.define("wildcard", "*/10 * * * *")
            store.clock.advance(by: .seconds(1800))
            try store.pass()
            store.clock.advance(by: .seconds(5000 * 60))
            store.clock.stepWall(by: .seconds(-5000 * 60 - 1200))
            #expect(try store.jobs.schedulerView(now: store.now, except: []).step == .fire)
            _ = try store.jobs.fire(now: store.now, zones: store.zones, except: [])
            let view = try store.jobs.schedulerView(now: store.now, except: [])
            #expect(view.hasDueJobs && view.step == .rewind)
            try store.pass()
            #expect(try store.progress(wildcard).nextDue == .text("2026-11-22T12:20:00Z"))
            #expect(try store.runs(of: busy).count == 5030)
        }
    }

    @Test func `is taken in for a job whose zone is missing as soon as there is one`() throws {
        try EngineKind.memory.withStore { store in
            var definition = try store.definition("job", "0 * * * *")
            definition.zone = "Mars/Olympus"
            let zones = ZoneTable(machine: .utc, named: ["Mars/Olympus": .utc])
            try store.jobs.add(definition, zones: zones, now: store.now)
            store.clock.advance(by: .seconds(3600))
            try store.pass(zones: zones)
            store.clock.stepWall(by: .seconds(-365 * 86_400))
            _ = try store.jobs.fire(now: store.now, zones: store.zones, except: [])
            let asked = try store.jobs.rewind(zones: store.zones, unreadable: [], now: store.now)
            #expect(asked.missingZones == ["Mars/Olympus"])
            let unreadable: Set<String> = ["Mars/Olympus"]
            let done = try store.jobs.rewind(zones: store.zones, unreadable: unreadable, now: store.now)
            #expect(done.changed == 1 && done.last == nil)
            store.clock.advance(by: .seconds(60))
            #expect(try store.fire().withoutZone == [definition.name])
            try store.pass(zones: zones)
            #expect(try store.progress(definition.name).nextDue == .text("2025-11-22T14:00:00Z"))
            #expect(try store.runs(of: definition.name).count == 1)
        }
    }
}

@Suite struct `A wall clock that is set forward` {
    @Test(arguments: EngineKind.allCases)
    func `passes over times, of which the newest runs and the others leave a record`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("job", "0 * * * *")
            let beat = try store.define("beat", "@every 1h")
            try store.live(.seconds(60))
            store.clock.stepWall(by: .seconds(12 * 3600))
            try store.live(.seconds(60))
            let runs = try store.runs(of: job)
            #expect(runs.map(\.state) == [.skipped, .success])
            #expect(runs[0].reason == .clockForward && runs[0].coalesced == 10)
            #expect(runs[0].scheduledFor == .text("2026-11-22T13:00:00Z"))
            #expect(runs[0].lastScheduledFor == .text("2026-11-22T23:00:00Z"))
            #expect(runs[1].scheduledFor == .text("2026-11-23T00:00:00Z"))
            #expect(try store.runs(of: beat).isEmpty)
        }
    }

    @Test(arguments: [Instant.text("2045-01-01T00:00:00Z"), .text("2350-06-01T12:00:00Z")])
    func `by decades, and back again, ends where it was`(far: Instant) throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "0 * * * *")
            try store.live(.seconds(3660), step: .seconds(600))
            let away = store.now.wall.duration(to: far)
            store.clock.stepWall(by: away)
            try store.live(.seconds(7200), step: .seconds(600))
            store.clock.stepWall(by: .zero - away)
            try store.live(.seconds(7200), step: .seconds(600))
            let times = try store.ran(job)
            #expect(times.suffix(2) == [.text("2026-11-22T16:00:00Z"), .text("2026-11-22T17:00:00Z")])
            #expect(times.count == 1 + 3 + 2, "one before, one made up for and two there, two behind: \(times)")
        }
    }
}

@Suite struct `A boot` {
    private let nothing = ClockEvidence(isSynchronised: false, hasTimesyncMark: false, hasHardwareClock: false)
    private let synchronised = ClockEvidence(isSynchronised: true, hasTimesyncMark: false, hasHardwareClock: false)

    /// Sets the wall clock to `instant` as it would be after a reboot.
    private func reboot(_ store: StoreUnderTest, at instant: Instant) {
        store.clock.reboot(after: store.now.wall.duration(to: instant))
    }

    @Test(arguments: EngineKind.allCases)
    func `lets delays and intervals go on by as much as the wall clock did`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("beat", "@every 10m")
            let delayed = try store.enqueue(delay: .seconds(3600))
            try store.live(.seconds(60))
            store.clock.reboot(after: .seconds(3600))
            try store.pass()
            #expect(try store.work().contains(delayed))
            let runs = try store.runs(of: job)
            #expect(runs.map(\.state) == [.skipped, .success] && runs[0].coalesced == 4 && runs[0].reason == .downtime)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `in 1970 keeps calendar jobs waiting, and runs all others, until the clock is set`(engine: EngineKind) throws {
        try engine.withStore { store in
            let daily = try store.define("daily", "0 13 * * *")
            let beat = try store.define("beat", "@every 1m")
            let boot = try store.define("boot", "@boot")
            let delayed = try store.enqueue(delay: .seconds(150))
            let at = Enqueuing(request: Request(command: .shell("true")), due: store.now.wall + .seconds(3600))
            let atTime = try store.jobs.enqueue(at, now: store.now).id
            try store.live(.seconds(60))
            let right = store.now.wall + .seconds(30 * 3600)
            reboot(store, at: .epoch + .seconds(20))

            let trust = try store.jobs.judgeClock(nothing, limit: .seconds(120), now: store.now)
            #expect(trust == .held(.behindStore, since: store.now.boot, until: store.now.boot + .seconds(120)))
            let hold = try #require(try store.jobs.status().clockHold)
            #expect(hold.doubt == .behindStore && hold.remaining(at: store.now) == .seconds(120))
            _ = try store.jobs.fireBootJobs(now: store.now)
            try store.live(.seconds(90))
            #expect(try store.state(delayed) == .success)
            #expect(try store.runs(of: beat).count == 2 && store.runs(of: boot).count == 1)
            #expect(try store.runs(of: daily).isEmpty && store.state(atTime) == .scheduled)

            store.clock.stepWall(by: store.now.wall.duration(to: right))
            #expect(try store.jobs.judgeClock(synchronised, limit: .seconds(120), now: store.now) == .trusted)
            #expect(try store.jobs.status().clockHold == nil)
            try store.live(.seconds(60))
            #expect(try store.ran(daily) == [.text("2026-11-23T13:00:00Z")], "the newest of two")
            #expect(try store.runs(of: daily).first?.reason == .untrustedClock)
            #expect(try store.state(atTime) == .success)
            #expect(try store.runs(of: beat).count == 3, "set by decades, and the interval did not notice")
            try store.live(.seconds(86_400), step: .seconds(3600))
            #expect(try store.ran(daily).count == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `in 1970 lets jobs that are added then begin when the clock is set`(engine: EngineKind) throws {
        try engine.withStore { store in
            let right = store.now.wall
            reboot(store, at: .epoch + .seconds(20))
            let early = try store.define("early", "* * * * *")
            _ = try store.jobs.judgeClock(nothing, limit: .seconds(120), now: store.now)
            let minute = try store.define("minute", "* * * * *")
            let daily = try store.define("daily", "0 3 * * *")
            let once = try store.define("once", "@at 2026-11-22T11:00:00Z")
            let dropped = try store.define("dropped", "* * * * *")
            try store.live(.seconds(30))
            store.clock.stepWall(by: store.now.wall.duration(to: right + .seconds(10)))
            _ = try store.jobs.judgeClock(synchronised, limit: .seconds(120), now: store.now)
            try store.jobs.remove(dropped, now: store.now)
            #expect(try store.runs(of: dropped).isEmpty)
            try store.pass()
            for job in [early, minute, daily] {
                #expect(try store.runs(of: job).isEmpty && store.progress(job).anchor == right + .seconds(10))
            }
            #expect(try store.runs(of: once).count == 1, "it names the year, and was to come when it was added")
            try store.live(.seconds(60))
            #expect(try store.ran(minute) == [right + .seconds(60)] && store.ran(early) == [right + .seconds(60)])
            #expect(try store.progress(daily).nextDue == .text("2026-11-23T03:00:00Z"))
            #expect(try !store.progress(daily).isUndated)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `in 2038 by mistake does not take for past what is to run once`(engine: EngineKind) throws {
        try engine.withStore { store in
            let right = store.now.wall
            reboot(store, at: .text("2038-01-19T03:14:00Z"))
            let once = try store.define("once", "@at 2026-11-22T13:00:00Z")
            try store.live(.seconds(60))
            #expect(try store.runs(of: once).isEmpty)
            store.clock.stepWall(by: store.now.wall.duration(to: right))
            try store.live(.seconds(7200), step: .seconds(600))
            #expect(try store.ran(once) == [.text("2026-11-22T13:00:00Z")])
            store.clock.stepWall(by: .seconds(-6 * 3600))
            try store.live(.seconds(8 * 3600), step: .seconds(600))
            #expect(try store.ran(once).count == 1)
        }
    }

    @Test func `whose clock nobody sets lets calendar jobs wait no longer than asked`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "* * * * *")
            try store.live(.seconds(60))
            reboot(store, at: .epoch)
            _ = try store.jobs.judgeClock(nothing, limit: .seconds(120), now: store.now)
            let view = try store.jobs.schedulerView(now: store.now, except: [])
            #expect(!view.clockHasMoved && !view.hasDueJobs && view.nextWall == nil)
            #expect(view.nextBoot == store.now.boot + .seconds(120), "a scheduler need not look before")
            store.clock.advance(by: .seconds(119))
            try store.pass()
            #expect(try store.runs(of: job).count == 1)
            store.clock.advance(by: .seconds(1))
            try store.pass()
            try store.live(.seconds(60))
            #expect(try store.ran(job).suffix(1) == [.text("1970-01-01T00:03:00Z")])
            #expect(try store.jobs.status().clockHold == nil)
        }
    }

    /// Aim: what is due by a clock that may be wrong waits too. Method: the clock has gone on, nothing says that it is
    /// right, and the machine has just been started.
    @Test(arguments: EngineKind.allCases)
    func `whose clock may be right keeps what is due by it waiting all the same`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("hourly", "0 * * * *")
            let at = Enqueuing(request: Request(command: .shell("true")), due: store.now.wall + .seconds(600))
            let atTime = try store.jobs.enqueue(at, now: store.now).id
            let delayed = try store.enqueue(delay: .seconds(600))
            try store.live(.seconds(60))
            store.clock.reboot(after: .seconds(7200))
            let trust = try store.jobs.judgeClock(nothing, limit: .seconds(120), now: store.now)
            #expect(trust == .held(.unsynchronised, since: store.now.boot, until: store.now.boot + .seconds(120)))
            try store.live(.seconds(119))
            #expect(try store.state(delayed) == .success)
            #expect(try store.state(atTime) == .scheduled && store.runs(of: job).isEmpty)
            let view = try store.jobs.workerView(queues: [.standard], now: store.now)
            #expect(!view.hasWork && view.nextWall == nil && view.nextBoot == store.now.boot + .seconds(1))
            try store.live(.seconds(1))
            #expect(try store.state(atTime) == .success)
            #expect(try store.ran(job) == [.text("2026-11-22T14:00:00Z")], "the newest of two")
        }
    }

    @Test func `that was believed at once goes by 1970, and is set right later`() throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "0 * * * *")
            try store.live(.seconds(3600), step: .seconds(600))
            reboot(store, at: .epoch)
            #expect(try store.jobs.judgeClock(nothing, limit: .zero, now: store.now) == .trusted)
            try store.live(.seconds(7200), step: .seconds(600))
            #expect(try store.ran(job).count == 3)
            store.clock.stepWall(by: store.now.wall.duration(to: .text("2026-11-22T20:30:00Z")))
            try store.live(.seconds(3600), step: .seconds(600))
            let runs = try store.runs(of: job)
            #expect(try store.ran(job).suffix(2) == [.text("2026-11-22T20:00:00Z"), .text("2026-11-22T21:00:00Z")])
            #expect(runs.filter { $0.state == .skipped }.map(\.reason) == [.clockForward])
        }
    }

    @Test func `in 2038 by mistake does not poison the store`() throws {
        try EngineKind.memory.withStore { store in
            let fixed = try store.define("fixed", "0 13 * * *")
            let beat = try store.define("beat", "@every 1h")
            try store.live(.seconds(60))
            reboot(store, at: .text("2038-01-19T03:14:00Z"))
            try store.live(.seconds(600))
            reboot(store, at: .text("2026-11-22T12:30:00Z"))
            #expect(try store.jobs.judgeClock(synchronised, limit: .seconds(120), now: store.now) == .trusted)
            let beats = try store.ran(beat).count
            try store.live(.seconds(3600), step: .seconds(600))
            #expect(try store.ran(fixed).suffix(1) == [.text("2026-11-22T13:00:00Z")])
            #expect(try store.ran(beat).count == beats + 1)
        }
    }

    /// Aim: what went by steady time does not wait for the clock of a boot that began in the past. The newest look is
    /// written down at most a minute late, and when a scheduler ends.
    @Test func `with a clock behind lets a delay wait no longer than was left of it`() throws {
        try EngineKind.memory.withStore { store in
            let delayed = try store.enqueue(delay: .seconds(3600))
            store.clock.advance(by: .seconds(3000))
            try store.jobs.noteClock(now: store.now)
            reboot(store, at: .epoch)
            store.clock.advance(by: .seconds(599))
            #expect(try store.work().isEmpty)
            store.clock.advance(by: .seconds(1))
            #expect(try store.work() == [delayed])
        }
    }
}

@Suite struct `Ten thousand missed minutes` {
    /// Aim: what is made up for costs what is made, not what was missed. Method: operations on the store are counted.
    @Test(arguments: ["* * * * *", "@every 1m"])
    func `are dealt with in as few steps as one`(schedule: String) throws {
        let counting = CountingEngine(buckets: Buckets.all)
        try withTestStore(on: { _, buckets in
            buckets.count == Buckets.all.count ? counting : CountingEngine(buckets: buckets)
        }) { store in
            let definition = JobDefinition(
                name: try JobName("job"), schedule: try Schedule(text: schedule), command: .shell("true"),
                overlap: .allow)
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            func operations(missing minutes: Int) throws -> Int {
                store.clock.advance(by: .seconds(60 * minutes))
                counting.reset()
                let pass = try store.jobs.fire(now: store.now, zones: store.zones)
                #expect(pass.dispatched == 1 && pass.skipped == (minutes > 1 ? 1 : 0))
                #expect(try !store.jobs.schedulerView(now: store.now).hasDueJobs)
                return counting.reads
            }
            _ = try operations(missing: 1)
            let two = try operations(missing: 2)
            #expect(try operations(missing: 10_000) <= two + 2)
            let record = try #require(
                try store.jobs.dispatches(DispatchFilter(state: .skipped)).first?.dispatch)
            #expect(record.coalesced == 9_998 && record.reason == .downtime)
        }
    }

    @Test func `run all, in order and in passes of a bounded size, where the policy says so`() throws {
        try EngineKind.memory.withStore { store in
            let start = store.now.wall
            let policy = CatchUpPolicy(mode: .all, maximum: 1500)
            let job = try store.define("job", "* * * * *", overlap: .allow, catchUp: policy)
            store.clock.advance(by: .seconds(60 * 10_000))
            let first = try store.jobs.fire(now: store.now, zones: store.zones, except: [])
            #expect(first.dispatched == JobStore<MemoryEngine>.jobsPerPass && first.skipped == 1)
            let rest = try store.pass()
            #expect(first.dispatched + rest.dispatched == 1500 && rest.skipped == 0)
            let runs = try store.runs(of: job)
            #expect(runs[0].state == .skipped && runs[0].coalesced == 8_499)
            #expect(runs.dropFirst().map(\.scheduledFor) == (8_501...10_000).map { start + .seconds(60 * $0) })
        }
    }
}

@Suite struct `Zone data that change` {
    private func table(_ name: String) throws -> ZoneTable {
        ZoneTable(machine: .utc, named: ["Test/Zone": try Zone(name: "Test/Zone", tzif: zoneFile(name))])
    }

    /// A file without changes: UTC and so many hours.
    private func zoneFile(_ rule: String) -> [UInt8] {
        var bytes = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
        func counts(_ types: UInt8) -> [UInt8] {
            [0, 0, 0].flatMap { [UInt8](arrayLiteral: 0, 0, 0, $0) } + [0, 0, 0, 0, 0, 0, 0, types, 0, 0, 0, 4]
        }
        let block = counts(1) + [0, 0, 0, 0, 0, 0] + Array("XXX\0".utf8)
        bytes += block
        bytes += Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15) + block
        return bytes + Array("\n\(rule)\n".utf8)
    }

    @Test(arguments: EngineKind.allCases)
    func `keep in each dispatch what was special about its local time`(engine: EngineKind) throws {
        try engine.withStore { store in
            var definition = try store.definition("job", "30 2 * * *", overlap: .allow)
            definition.zone = "Test/Zone"
            let zones = try table("CET-1CEST,M3.5.0,M10.5.0/3")
            try store.jobs.add(definition, zones: zones, now: store.now)
            for (day, due, reason) in [
                ("2027-03-27", "2027-03-27T01:30:00Z", .regular), ("2027-03-28", "2027-03-28T01:00:00Z", .daylightGap),
                ("2027-10-31", "2027-10-31T00:30:00Z", .fold),
            ] as [(String, String, Occurrence.Reason)] {
                store.clock.advance(by: store.now.wall.duration(to: .text("\(day)T02:00:00Z")))
                try store.pass(zones: zones)
                let run = try #require(try store.runs(of: definition.name).last)
                #expect(run.scheduledFor == .text(due) && run.occurrence == reason)
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `move the next time of the jobs they concern, and of no other`(engine: EngineKind) throws {
        try engine.withStore { store in
            var definition = try store.definition("job", "0 15 * * *")
            definition.zone = "Test/Zone"
            let (before, after) = (try table("XXX0"), try table("XXX-2"))
            try store.jobs.add(definition, zones: before, now: store.now)
            let other = try store.define("other", "0 15 * * *")
            let otherProgress = try store.progress(other)
            #expect(try store.progress(definition.name).nextDue == .text("2026-11-22T15:00:00Z"))

            let same = try store.jobs.planAgain(after: nil, zones: before, unreadable: [], now: store.now)
            #expect(same == PlanAgainPass(last: nil, changed: 0, missingZones: []))
            let asked = try store.jobs.planAgain(after: nil, zones: store.zones, unreadable: [], now: store.now)
            #expect(asked.missingZones == ["Test/Zone"])
            let unreadable: Set<String> = ["Test/Zone"]
            let kept = try store.jobs.planAgain(after: nil, zones: store.zones, unreadable: unreadable, now: store.now)
            #expect(kept.changed == 0 && kept.last == nil)

            let pass = try store.jobs.planAgain(after: nil, zones: after, unreadable: [], now: store.now)
            #expect(pass == PlanAgainPass(last: nil, changed: 1, missingZones: []))
            #expect(try store.progress(definition.name).nextDue == .text("2026-11-22T13:00:00Z"))
            #expect(try store.progress(other) == otherProgress)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `do not tell of a run missed before they came`(engine: EngineKind) throws {
        try engine.withStore { store in
            var definition = try store.definition("job", "0 14 * * *")
            definition.zone = "Test/Zone"
            let (before, after) = (try table("XXX0"), try table("XXX-1:30"))
            try store.jobs.add(definition, zones: before, now: store.now)
            store.clock.advance(by: .seconds(3600))
            try store.pass(zones: before)
            _ = try store.jobs.planAgain(after: nil, zones: after, unreadable: [], now: store.now)
            #expect(try store.pass(zones: after) == FirePass.nothing)
            #expect(try store.progress(definition.name).nextDue == .text("2026-11-23T12:30:00Z"))
            store.clock.advance(by: .seconds(86_400))
            #expect(try store.pass(zones: after).dispatched == 1)
            let ledger = try store.jobs.verifySchedule(after: nil, through: nil, job: nil, zones: after)
            #expect(ledger.faults.isEmpty)
        }
    }
}

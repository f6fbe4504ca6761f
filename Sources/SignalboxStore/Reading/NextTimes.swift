internal import OrderedStore
internal import SignalboxCore

/// When something next falls due, on the clock that wakes a sleeper for it.
struct NextTimes: Hashable {
    /// Something is due now.
    var isDue = false
    var wall: Instant?
    var boot: BootInstant?

    /// Takes in the next time on one of the clocks; nothing falls due by a wall clock that is not trusted, before its
    /// time of trial is over.
    mutating func add(_ time: Instant?, on kind: DueClock, _ clock: StoreClock, at now: Now) {
        guard let time else { return }
        if kind == .wall, clock.isHeld(at: now), case .held(_, _, let until) = clock.trust {
            boot = min(boot ?? until, until)
            return
        }
        isDue = isDue || time <= clock.time(on: kind, at: now)
        switch kind {
        case .wall: wall = min(wall ?? time, time)
        case .steady: boot = min(boot ?? .distantFuture, clock.boot(ofSteady: time))
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// When a SCHEDULED dispatch next falls due, or a rate key opens for one that waits.
    func nextDispatches(_ clock: StoreClock, at now: Now) throws -> NextTimes {
        var next = NextTimes()
        next.add(try nextOpening(), on: .steady, clock, at: now)
        for kind in DueClock.allCases { next.add(try nextScheduled(on: kind), on: kind, clock, at: now) }
        return next
    }

    /// When a job that is not `held` next falls due.
    func nextJobs(_ clock: StoreClock, at now: Now, except held: Set<JobName>) throws -> NextTimes {
        var next = NextTimes()
        for kind in DueClock.allCases { next.add(try nextJobDue(on: kind, except: held), on: kind, clock, at: now) }
        return next
    }
}

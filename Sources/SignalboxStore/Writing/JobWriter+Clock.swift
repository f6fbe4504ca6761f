internal import OrderedStore
internal import SignalboxCore

extension JobWriter where Transaction: ~Copyable {
    /// Steady time goes on from the newest look that was written down, where a boot's clock stands behind: no look that
    /// something depends on is older.
    private static var oldestLook: Duration { .seconds(60) }

    /// What the store knows of the clocks, as it stands in this boot; written down when that is new.
    mutating func clock() throws -> StoreClock {
        if let knownClock { return knownClock }
        var clock = try transaction.storedClock() ?? StoreClock(first: now)
        let isNew = try clock.bootID != now.bootID || !transaction.contains(StoreClock.key, in: Buckets.meta)
        guard isNew || clock.lastLook + Self.oldestLook < now.boot else {
            knownClock = clock
            return clock
        }
        let before = clock.displacement
        clock.enter(now)
        clock.lastLook = now.boot
        try keep(clock, displacementBefore: before)
        return clock
    }

    /// The same, when calendar times are about to be acted upon: what became of the wall clock is written down first.
    mutating func plannedClock() throws -> StoreClock {
        var clock = try clock()
        guard !clock.isHeld(at: now) else { return clock }
        let before = clock
        clock.plan(at: now)
        if clock.trust != before.trust { notify([.schedule, .anyChange]) }
        try keep(clock, displacementBefore: before.displacement)
        if !before.isPlanned || before.trust != clock.trust { try beginUndated() }
        return clock
    }

    /// Writes it down. After every step back of the wall clock, in a boot or from one to the next, wall time is less far
    /// ahead of steady time than before, and may come to the same instant again: the epoch tells the two apart.
    mutating func keep(_ clock: StoreClock, displacementBefore: Duration) throws {
        if clock.displacement < displacementBefore { state.clockEpoch += 1 }
        knownClock = clock
        try put(clock, StoreClock.key, in: Buckets.meta)
    }

    /// What the clock of `schedule` shows.
    mutating func time(of schedule: Schedule) throws -> Instant {
        schedule.clock == .wall ? now.wall : try clock().time(on: schedule.clock, at: now)
    }

    /// `moved` with its due time on the clock that it names: events and requests speak of wall time.
    mutating func onItsClock(_ moved: Dispatch, from before: DueClock) throws -> Dispatch {
        guard moved.dueClock != before else { return moved }
        let wall = try clock().wall(of: moved.dueAt, on: before)
        return moved.due(at: try clock().time(on: moved.dueClock, ofWall: wall), on: moved.dueClock)
    }
}

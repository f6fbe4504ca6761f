internal import OrderedStore
internal import SignalboxCore

extension ReadTransaction where Self: ~Copyable {
    /// What the store knows of the clocks, as it stands in the boot of `now`.
    func clock(at now: Now) throws -> StoreClock {
        guard var clock = try storedClock() else { return StoreClock(first: now) }
        clock.enter(now)
        return clock
    }

    /// As it was written down; nil when nothing has gone by it yet.
    func storedClock() throws -> StoreClock? {
        try fetch(StoreClock.self, StoreClock.key, in: Buckets.meta)
    }

    /// The clock by which people are shown what goes by another than the wall's: that clock may have been set since it
    /// was written down. Nil when nothing has gone by it yet.
    /// - Parameter now: nil: as it was written down.
    func shownClock(at now: Now?) throws -> StoreClock? {
        try storedClock().map { clock in now.map(clock.seen) ?? clock }
    }

    /// A dispatch as people see it at `now`: due at a wall time.
    func shown(_ dispatch: Dispatch, at now: Now?) throws -> Dispatch {
        guard dispatch.dueClock != .wall || dispatch.startDeadline != nil, let clock = try shownClock(at: now) else {
            return dispatch
        }
        return dispatch.due(at: clock.wall(of: dispatch.dueAt, on: dispatch.dueClock), on: .wall)
            .startable(until: dispatch.startDeadline.map { clock.wall(of: $0, on: .steady) })
    }

    /// A job as people see it at `now`: its progress in wall time.
    func shown(_ job: Job, at now: Now?) throws -> Job {
        let kind = job.definition.schedule.clock
        guard kind != .wall, let clock = try shownClock(at: now) else { return job }
        var shown = job
        shown.progress.cursor = clock.wall(of: job.progress.cursor, on: kind)
        shown.progress.anchor = clock.wall(of: job.progress.anchor, on: kind)
        shown.progress.nextDue = job.progress.nextDue.map { clock.wall(of: $0, on: kind) }
        if let pause = job.progress.pause { shown.progress.pause?.since = clock.wall(of: pause.since, on: kind) }
        shown.progress.pausedTimes = job.progress.pausedTimes.map {
            PausedTime(after: clock.wall(of: $0.after, on: kind), through: clock.wall(of: $0.through, on: kind))
        }
        return shown
    }

    // MARK: What is due

    /// The next time on `clock` that a SCHEDULED dispatch falls due.
    func nextScheduled(on clock: DueClock) throws -> Instant? {
        let range = KeyRange(prefix: Key().with(clock).bytes)
        guard let key = try keys(Buckets.scheduled, range, limit: 1).first else { return nil }
        var reader = KeyReader(key)
        guard reader.byte() != nil, let time = reader.instant() else {
            throw StoreError(.damaged, "the key \(hexadecimal(key)) in dispatch.scheduled has another shape")
        }
        return time
    }

    /// The next time on `clock` that a job falls due which is not `held`.
    func nextJobDue(on clock: DueClock, except held: Set<JobName>) throws -> Instant? {
        let range = KeyRange(prefix: Key().with(clock).bytes)
        for key in try keys(Buckets.jobDue, range, limit: held.count + 1) {
            let (due, job) = try jobDue(ofKey: key)
            if !held.contains(job) { return due }
        }
        return nil
    }

    /// The SCHEDULED dispatches whose time has come, at most `limit` of them.
    func dueDispatches(_ clock: StoreClock, at now: Now, limit: Int) throws -> [DispatchID] {
        var due: [DispatchID] = []
        for kind in clock.readable(at: now) {
            let range = KeyRange.due(on: kind, through: clock.time(on: kind, at: now))
            due += try ids(Buckets.scheduled, range, limit: limit - due.count)
        }
        return due
    }

    /// The jobs whose next due time has come, at most `limit` of them, those of a clock the longest due first.
    func dueJobs(_ clock: StoreClock, at now: Now, limit: Int, except held: Set<JobName>) throws -> [JobName] {
        var due: [JobName] = []
        for kind in clock.readable(at: now) {
            let range = KeyRange.due(on: kind, through: clock.time(on: kind, at: now))
            let names = try keys(Buckets.jobDue, range, limit: limit + held.count).map { try jobDue(ofKey: $0).job }
            due += names.filter { !held.contains($0) }.prefix(limit - due.count)
        }
        return due
    }

    private func jobDue(ofKey key: [UInt8]) throws -> (due: Instant, job: JobName) {
        var reader = KeyReader(key)
        guard reader.byte() != nil, let due = reader.instant(), let text = reader.text(), let job = try? JobName(text)
        else { throw StoreError(.damaged, "the key \(hexadecimal(key)) in job.due has another shape") }
        return (due, job)
    }
}

extension StoreClock {
    /// The clocks by which things may fall due at `now`.
    func readable(at now: Now) -> [DueClock] { isHeld(at: now) ? [.steady] : [.steady, .wall] }
}

extension KeyRange {
    /// All that is due on `clock` up to `time`.
    fileprivate static func due(on clock: DueClock, through time: Instant) -> KeyRange {
        KeyRange(from: Key().with(clock).bytes, to: Key().with(clock).with(time + .microseconds(1)).bytes)
    }
}

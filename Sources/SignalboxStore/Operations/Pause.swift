internal import OrderedStore
public import SignalboxCore

/// What resuming a job did.
public struct Resumption: Hashable, Sendable {
    /// The pause that it ended.
    public var pause: JobPause
    /// Runs made for due times of the pause.
    public var dispatched: Int
}

extension JobStore {
    /// Pauses a job: due times that pass meanwhile are SKIPPED(paused). Those that passed before, though no scheduler has
    /// seen them yet, are not.
    /// - Parameters:
    ///   - by: a person and a machine.
    ///   - reason: what for, at most ``JobPause/reasonLimit`` bytes; nil when nothing was said.
    /// - Returns: the pause before, which stays as it is; nil when there was none.
    /// - Throws: `notFound`; `invalid` for a reason that is too long.
    public func pause(_ name: JobName, by: String, reason: String?, now: Now) throws -> JobPause? {
        try JobPause.checkReason(reason)
        return try write(now) { writer in
            guard var job = try writer.transaction.job(name) else { throw StoreError.noJob(name) }
            if let pause = job.progress.pause { return pause }
            let since = try writer.time(of: job.definition.schedule)
            job.progress.pause = JobPause(at: now.wall, since: since, by: by, reason: reason)
            try writer.put(job.progress, .name(name.text), in: Buckets.jobProgress)
            writer.notify([.schedule, .anyChange])
            return nil
        }
    }

    /// Ends a pause. Without `zones` the job goes on from now; with them, its catch-up policy decides which due times
    /// of the pause are run after all. Those that a scheduler has recorded as SKIPPED meanwhile stay recorded; their
    /// runs name them as `parent`.
    ///
    /// Many runs are made in several transactions: the job stays paused, from the last of those made on, until all are.
    /// - Parameter zones: the job's zone; nil: nothing is made up for.
    /// - Returns: nil when the job was not paused.
    /// - Throws: `notFound`; `invalid` when the job's zone is not in `zones`.
    public func resume(_ name: JobName, catchingUpIn zones: ZoneTable? = nil, now: Now) throws -> Resumption? {
        guard let zones else { return try write(now) { try $0.resume(name) } }
        var resumption: Resumption?
        while let step = try write(now, { try $0.catchUp(name, zones, room: Self.jobsPerPass) }) {
            resumption = Resumption(
                pause: resumption?.pause ?? step.done.pause,
                dispatched: (resumption?.dispatched ?? 0) + step.done.dispatched)
            guard step.hasMore else { break }
        }
        return resumption
    }
}

/// What one transaction made up for, and whether another has to follow.
private struct CatchUpStep {
    let done: Resumption
    let hasMore: Bool
}

extension JobWriter where Transaction: ~Copyable {
    fileprivate mutating func resume(_ name: JobName) throws -> Resumption? {
        guard var job = try transaction.job(name) else { throw StoreError.noJob(name) }
        guard let pause = job.progress.pause else { return nil }
        job.progress.endPause(at: try time(of: job.definition.schedule))
        try put(job.progress, .name(name.text), in: Buckets.jobProgress)
        notify([.schedule, .anyChange])
        return Resumption(pause: pause, dispatched: 0)
    }

    /// Runs what the policy chooses of the due times since the pause began, or since the cursor where that stands before
    /// it, and accounts for those nobody has looked at.
    /// - Parameter room: the most runs to make.
    fileprivate mutating func catchUp(_ name: JobName, _ zones: ZoneTable, room: Int) throws -> CatchUpStep? {
        guard let job = try transaction.job(name) else { throw StoreError.noJob(name) }
        guard let pause = job.progress.pause else { return nil }
        guard let zone = zones[job.definition.zone] else { throw StoreError.zoneNotRead(job) }
        let (clock, kind) = (try plannedClock(), job.definition.schedule.clock)
        let time = clock.time(on: kind, at: now)
        var plan = CatchUp.plan(
            job.definition.schedule, zone: zone, anchor: job.progress.anchor,
            cursor: min(pause.since, job.progress.cursor), now: time, policy: job.definition.catchUp,
            reason: .downtime, punctual: nil, paused: job.progress.pausedTimes)
        let hasMore = plan.runs.count > room
        plan.limit(to: room)
        var pass = FirePass(dispatched: 0, skipped: 0, withoutZone: [])
        try account(for: plan, of: job, zone, through: time, clock, &pass)
        var moved = job
        moved.progress.move(to: max(job.progress.cursor, plan.cursor))
        moved.progress.pause = hasMore ? pause.going(on: plan.cursor) : nil
        try schedule(moved, previously: job, zones)
        try makeUp(plan.runs, of: job, clock, &pass)
        notify([.schedule, .anyChange])
        return CatchUpStep(done: Resumption(pause: pause, dispatched: pass.dispatched), hasMore: hasMore)
    }

    /// Records the due times that nobody has looked at and that are not among the runs of `plan`.
    private mutating func account(
        for plan: CatchUpPlan, of job: Job, _ zone: Zone, through time: Instant, _ clock: StoreClock,
        _ pass: inout FirePass
    ) throws {
        let unseen = CatchUp.skipped(
            job.definition.schedule, zone: zone, anchor: job.progress.anchor, cursor: job.progress.cursor,
            now: plan.cursor, without: plan.runs, reason: .downtime, paused: job.progress.pausedTimes(through: time))
        for skipped in unseen { try record(skipped, of: job, clock, &pass) }
    }

    private mutating func makeUp(
        _ runs: [Occurrence], of job: Job, _ clock: StoreClock, _ pass: inout FirePass
    ) throws {
        let (lines, kind) = (try transaction.occurrenceLines(of: job.name), job.definition.schedule.clock)
        var active: ActiveDispatches?
        for run in runs {
            let isRecorded = run.due <= job.progress.cursor
            let parent = isRecorded ? try transaction.pauseRecord(of: run.due, in: lines) : nil
            try dispatch(job, clock.wall(of: run.due, on: kind), run.reason, makingUpFor: parent, &active, &pass)
        }
    }
}

extension JobPause {
    /// The same pause, of which the due times up to `instant` are dealt with.
    fileprivate func going(on instant: Instant) -> JobPause {
        JobPause(at: at, since: instant, by: by, reason: reason)
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// The record that a due time on the schedule's own clock was SKIPPED for a pause, by itself or together with others;
    /// nil when it is not kept any more.
    fileprivate func pauseRecord(of due: Instant, in lines: [OccurrenceLine]) throws -> DispatchID? {
        for line in lines.reversed() {
            let range = KeyRange(from: line.start, to: line.key(after: due))
            // At most one run lies between the ends of a record that stands for several.
            for key in try keys(Buckets.occurrences, range, .descending, limit: 2) {
                var reader = KeyReader(Array(key.suffix(8)))
                guard let first = reader.instant(),
                    let id = try fetch(Counter.self, key.span, in: Buckets.occurrences).map({ DispatchID($0.value) }),
                    let dispatch = try dispatchRecord(id)?.dispatch, dispatch.state == .skipped,
                    dispatch.reason == .paused, let times = dispatch.dueTimes
                else { continue }
                if due <= first + times.lowerBound.duration(to: times.upperBound) { return id }
            }
        }
        return nil
    }
}

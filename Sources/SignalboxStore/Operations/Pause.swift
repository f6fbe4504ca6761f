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
    /// Pauses a job: due times that pass meanwhile are SKIPPED(paused).
    /// - Parameters:
    ///   - by: a person and a machine.
    ///   - reason: what for, at most ``JobPause/reasonLimit`` bytes; nil when nothing was said.
    /// - Returns: the pause before, which stays as it is; nil when there was none.
    /// - Throws: `notFound`; `invalid` for a reason that is too long.
    public func pause(_ name: JobName, by: String, reason: String?, now: Now) throws -> JobPause? {
        if let reason, reason.utf8.count > JobPause.reasonLimit {
            throw StoreError(
                .invalid, "the reason has \(reason.utf8.count) bytes; at most \(JobPause.reasonLimit) are kept")
        }
        return try write(now) { writer in
            guard var job = try writer.transaction.job(name) else { throw StoreError.noJob(name) }
            if let pause = job.progress.pause { return pause }
            job.progress.pause = JobPause(at: now.wall, by: by, reason: reason)
            try writer.put(job.progress, .name(name.text), in: Buckets.jobProgress)
            writer.notify([.schedule, .anyChange])
            return nil
        }
    }

    /// Ends a pause. Without `zones` the job goes on from now; with them, its catch-up policy decides which due times
    /// of the pause are run after all. Those that a scheduler has recorded as SKIPPED meanwhile stay recorded; their
    /// runs name them as `parent`.
    /// - Parameter zones: the job's zone; nil: nothing is made up for.
    /// - Returns: nil when the job was not paused.
    /// - Throws: `notFound`; `invalid` when the job's zone is not in `zones`.
    public func resume(_ name: JobName, catchingUpIn zones: ZoneTable? = nil, now: Now) throws -> Resumption? {
        try write(now) { writer in
            guard let job = try writer.transaction.job(name) else { throw StoreError.noJob(name) }
            guard let pause = job.progress.pause else { return nil }
            var resumed = job
            resumed.progress.pause = nil
            writer.notify([.schedule, .anyChange])
            if let zones {
                return Resumption(pause: pause, dispatched: try writer.catchUp(resumed, since: pause.at, zones))
            }
            resumed.progress.cursor = max(job.progress.cursor, try writer.time(of: job.definition.schedule))
            try writer.put(resumed.progress, .name(name.text), in: Buckets.jobProgress)
            return Resumption(pause: pause, dispatched: 0)
        }
    }
}

extension JobWriter where Transaction: ~Copyable {
    /// Runs what the policy chooses of the due times since `paused`, and accounts for those nobody has looked at.
    /// - Returns: how many dispatches were made.
    fileprivate mutating func catchUp(_ job: Job, since paused: Instant, _ zones: ZoneTable) throws -> Int {
        guard let zone = zones[job.definition.zone] else { throw StoreError.zoneNotRead(job) }
        var pass = FirePass(dispatched: 0, skipped: 0, withoutZone: [])
        let clock = try clock()
        if let skipped = passedWhilePaused(job, zone) { try record(skipped, of: job, clock, &pass) }
        let (schedule, progress) = (job.definition.schedule, job.progress)
        let (start, end) = (clock.time(on: schedule.clock, ofWall: paused), clock.time(on: schedule.clock, at: now))
        // Due times of an earlier schedule, before the anchor, are none of this one's.
        let plan = CatchUp.plan(
            schedule, zone: zone, anchor: progress.anchor, cursor: max(min(start, progress.cursor), progress.anchor),
            now: end, policy: job.definition.catchUp, reason: .paused, punctual: nil)
        let unseen = CatchUp.skipped(
            schedule, zone: zone, anchor: progress.anchor, cursor: progress.cursor, now: end,
            without: plan.runs.filter { $0.due > progress.cursor }, reason: .paused)
        if let unseen { try record(unseen, of: job, clock, &pass) }
        var moved = job
        moved.progress.cursor = max(progress.cursor, plan.cursor)
        try self.schedule(moved, previously: job, zones)
        for run in plan.runs {
            let due = clock.wall(of: run.due, on: schedule.clock)
            let parent = run.due > progress.cursor ? nil : try skippedRecord(of: job.name, at: due)
            try dispatch(moved, due, run.reason, makingUpFor: parent, &pass)
        }
        return pass.dispatched
    }

    private func skippedRecord(of job: JobName, at due: Instant) throws -> DispatchID? {
        try transaction.dispatch(of: job, standingFor: due...due) { $0.state == .skipped && $0.reason == .paused }?.id
    }
}

internal import OrderedStore
public import SignalboxCore

/// What a pass of the scheduler did.
public struct FirePass: Hashable, Sendable {
    /// Dispatches made, SKIPPED records not counted.
    public var dispatched: Int
    /// SKIPPED records made.
    public var skipped: Int
    /// Jobs that stay as they are, because their zone was not among those read.
    public var withoutZone: [JobName]
}

extension JobStore {
    /// The most jobs that one pass looks at, so that other writers need not wait long.
    public static var jobsPerPass: Int { 256 }

    /// What a pass at `now` would find, and when the next one is due.
    /// - Parameter held: jobs to leave alone, because their zone cannot be read.
    public func schedulerView(now: Now, except held: Set<JobName> = []) throws -> SchedulerView {
        try engine.read { transaction in
            let due = try transaction.dueJobs(through: now.wall, limit: Self.jobsPerPass, except: held)
            let zones = try due.compactMap { try transaction.job($0)?.definition.zone }
            return SchedulerView(
                zones: Set(zones), hasDueJobs: !due.isEmpty, nextJob: try transaction.nextJobDue(after: now.wall),
                nextDispatch: try transaction.nextScheduled())
        }
    }

    /// Turns due times into dispatches, or into records of why not, and moves the cursors of their jobs with them: any
    /// number of schedulers may do this at once, and each due time is dealt with exactly once.
    /// - Parameters:
    ///   - held: jobs to leave alone, because their zone cannot be read.
    ///   - reason: why due times may have been missed, as far as the caller can tell.
    public func fire(
        now: Now, zones: ZoneTable, except held: Set<JobName> = [], reason: DispatchReason
    ) throws -> FirePass {
        try write(now) { writer in
            let due = try writer.transaction.dueJobs(through: now.wall, limit: Self.jobsPerPass, except: held)
            var pass = FirePass(dispatched: 0, skipped: 0, withoutZone: [])
            for name in due {
                guard let job = try writer.transaction.job(name) else {
                    throw StoreError(.damaged, "job.due names the job \(name), which has no record")
                }
                try writer.fire(job, zones, reason, &pass)
            }
            return pass
        }
    }

    /// Dispatches each `@boot` job that has not run in this boot.
    public func fireBootJobs(now: Now) throws -> FirePass {
        try write(now) { writer in
            var pass = FirePass(dispatched: 0, skipped: 0, withoutZone: [])
            for var job in try writer.transaction.jobs() {
                guard job.definition.schedule == .boot, job.progress.lastBoot != now.bootID else { continue }
                job.progress.lastBoot = now.bootID
                try writer.put(job.progress, .name(job.name.text), in: Buckets.jobProgress)
                guard try !job.progress.paused && !writer.isFinishingOnly() else {
                    try writer.insert(job, now.wall, .skipped(job.progress.paused ? .paused : .storeFull))
                    pass.skipped += 1
                    continue
                }
                try writer.dispatch(job, now.wall, &pass)
            }
            return pass
        }
    }
}

/// What a scheduler needs to know before it acts or sleeps.
public struct SchedulerView: Hashable, Sendable {
    public var zones: Set<String>
    public var hasDueJobs: Bool
    /// The next time after now that a job falls due.
    public var nextJob: Instant?
    public var nextDispatch: Instant?
}

extension JobWriter where Transaction: ~Copyable {
    fileprivate mutating func fire(
        _ job: Job, _ zones: ZoneTable, _ reason: DispatchReason, _ pass: inout FirePass
    ) throws {
        guard let zone = zones[job.definition.zone] else { return pass.withoutZone.append(job.name) }
        if let skipped = passedWhilePaused(job, zone) { try record(skipped, of: job, &pass) }
        let paused = job.progress.paused
        let heldBack = try paused ? DispatchReason.paused : isFinishingOnly() ? .storeFull : nil
        let plan = CatchUp.plan(
            job.definition.schedule, zone: zone, anchor: job.progress.anchor, cursor: job.progress.cursor,
            now: now.wall,
            policy: heldBack == nil ? job.definition.catchUp : CatchUpPolicy(mode: .none), reason: heldBack ?? reason,
            punctual: heldBack == nil ? CatchUp.punctual : nil)
        if let skipped = plan.skipped { try record(skipped, of: job, &pass) }
        var moved = job
        moved.progress.cursor = plan.cursor
        try schedule(moved, previously: job.progress.nextDue, zones)
        for occurrence in plan.runs { try dispatch(job, occurrence.due, &pass) }
    }

    /// Due times between the next one expected and a cursor that stands behind it: a pause ended before any scheduler
    /// saw them.
    func passedWhilePaused(_ job: Job, _ zone: Zone) -> SkippedSummary? {
        guard let due = job.progress.nextDue, due <= job.progress.cursor else { return nil }
        return CatchUp.plan(
            job.definition.schedule, zone: zone, anchor: job.progress.anchor, cursor: due - .microseconds(1),
            now: job.progress.cursor, policy: CatchUpPolicy(mode: .none), reason: .paused, punctual: nil
        ).skipped
    }

    mutating func record(_ skipped: SkippedSummary, of job: Job, _ pass: inout FirePass) throws {
        let birth = DispatchBirth.skipped(
            skipped.reason, further: skipped.count - 1, last: skipped.count > 1 ? skipped.last : nil)
        try insert(job, skipped.first, birth)
        pass.skipped += 1
    }

    /// Makes what the job's overlap policy says of a due time: a dispatch, a wait, or a SKIPPED record.
    /// - Parameter parent: the SKIPPED record that this due time has already, and that it is made up for.
    mutating func dispatch(
        _ job: Job, _ due: Instant, makingUpFor parent: DispatchID? = nil, _ pass: inout FirePass
    ) throws {
        let active = try transaction.active(of: job.name)
        switch job.definition.overlap.decision(active: active) {
        case .run: try insert(job, due, .pending, makingUpFor: parent)
        case .wait(let other): try insert(job, due, .blocked(by: other, .overlap), makingUpFor: parent)
        case .replace(let others):
            let running = try replace(others)
            try insert(job, due, running.map { .blocked(by: $0, .overlap) } ?? .pending, makingUpFor: parent)
        case .coalesce(let other):
            let record = try transaction.indexed(other, by: Buckets.byJob)
            try apply(.coalesce(scheduledFor: due), to: record)
            return
        case .skip(let other):
            // What is recorded as skipped already, for the pause, stays so.
            guard parent == nil else { return }
            try insert(job, due, .skipped(.overlap, met: other))
            pass.skipped += 1
            return
        }
        pass.dispatched += 1
    }

    fileprivate mutating func insert(
        _ job: Job, _ due: Instant, _ birth: DispatchBirth, makingUpFor parent: DispatchID? = nil
    ) throws {
        let key = Key.occurrence(
            job.name, revision: job.progress.revision, epoch: state.clockEpoch, due)
        guard try parent != nil || !transaction.contains(key, in: Buckets.occurrences) else { return }
        let origin = DispatchOrigin(
            job: job.name, queue: job.definition.queue, priority: job.definition.priority,
            maxAttempts: job.definition.maxAttempts, scheduledFor: due, parent: parent)
        let dispatch = Dispatch(id: newDispatchID(), origin: origin, birth: birth, now: now)
        if parent == nil { try put(Counter(value: dispatch.id.number), key, in: Buckets.occurrences) }
        try insert(dispatch, request: Request(of: job))
    }

    /// Cancels `others`; returns the last of them that is still running, for the new one to wait for.
    mutating func replace(_ others: [DispatchID]) throws -> DispatchID? {
        var running: DispatchID?
        for other in others {
            let record = try transaction.indexed(other, by: Buckets.byJob)
            guard !record.dispatch.state.isTerminal else { continue }
            if try apply(.cancel(.replaced), to: record).state == .inProgress { running = other }
        }
        return running
    }
}

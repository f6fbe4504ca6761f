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
    /// The zones of these.
    public var missingZones: Set<String> = []
}

extension JobStore {
    /// The most jobs that one pass looks at, and the most records that it makes, so that other writers need not wait
    /// long. (A job that makes up for many runs goes on in the next pass.)
    public static var jobsPerPass: Int { 1024 }

    /// What a pass at `now` would find, and when the next one is due.
    /// - Parameter held: jobs to leave alone, because their zone cannot be read.
    public func schedulerView(now: Now, except held: Set<JobName> = []) throws -> SchedulerView {
        try engine.read { transaction in
            let clock = try transaction.clock(at: now)
            let jobs = try transaction.nextJobs(clock, at: now, except: held)
            let dispatches = try transaction.nextDispatches(clock, at: now)
            return SchedulerView(
                clockHasMoved: clock.hasMoved(at: now), mustRewind: clock.rewind != nil, hasDueJobs: jobs.isDue,
                hasDueDispatches: dispatches.isDue,
                nextWall: [jobs.wall, dispatches.wall].compactMap { $0 }.min(),
                nextBoot: [jobs.boot, dispatches.boot].compactMap { $0 }.min(),
                newestRetention: try transaction.storeState().newestRetention)
        }
    }

    /// Turns due times into dispatches, or into records of why not, and moves the cursors of their jobs with them: any
    /// number of schedulers may do this at once, and each due time is dealt with exactly once. What became of the wall
    /// clock since the pass before is written down first.
    /// - Parameter held: jobs to leave alone, because their zone cannot be read.
    public func fire(now: Now, zones: ZoneTable, except held: Set<JobName> = []) throws -> FirePass {
        try write(now) { writer in
            let clock = try writer.plannedClock()
            var pass = FirePass(dispatched: 0, skipped: 0, withoutZone: [])
            for name in try writer.transaction.dueJobs(clock, at: now, limit: Self.jobsPerPass, except: held) {
                guard pass.dispatched + pass.skipped < Self.jobsPerPass else { break }
                guard let job = try writer.transaction.job(name) else {
                    throw StoreError(.damaged, "job.due names the job \(name), which has no record")
                }
                try writer.fire(job, clock, zones, room: Self.jobsPerPass - pass.dispatched - pass.skipped, &pass)
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
                var active: ActiveDispatches?
                try writer.dispatch(job, now.wall, .regular, &active, &pass)
            }
            return pass
        }
    }
}

/// What is active of a job while one pass goes through its due times.
struct ActiveDispatches {
    /// Oldest first; those that the pass makes are added.
    var dispatches: [Dispatch]
    /// Those whose worker is dead, and that nobody has settled yet.
    var lost: Set<DispatchID>
}

/// What a scheduler needs to know before it acts or sleeps.
public struct SchedulerView: Hashable, Sendable {
    /// A pass has to write down what became of the wall clock, even if nothing is due.
    public var clockHasMoved: Bool
    /// The clock was set back, and not every job knows yet.
    public var mustRewind: Bool
    public var hasDueJobs: Bool
    public var hasDueDispatches: Bool
    /// The next time of day that something falls due; it may have passed.
    public var nextWall: Instant?
    /// The next point of this boot that something falls due, or that calendar jobs wait no longer for a clock they can
    /// trust.
    public var nextBoot: BootInstant?
    /// The number of the newest transaction that changed what is kept.
    public var newestRetention: UInt64
}

extension JobWriter where Transaction: ~Copyable {
    /// - Parameter room: the most dispatches to make; the rest is left for the next pass.
    fileprivate mutating func fire(
        _ job: Job, _ clock: StoreClock, _ zones: ZoneTable, room: Int, _ pass: inout FirePass
    ) throws {
        guard let zone = zones[job.definition.zone] else {
            pass.withoutZone.append(job.name)
            if let name = job.definition.zone { pass.missingZones.insert(name) }
            return
        }
        let kind = job.definition.schedule.clock
        var plan = try plan(job, zone, at: clock.time(on: kind, at: now))
        plan.limit(to: room)
        for skipped in plan.skipped { try record(skipped, of: job, clock, &pass) }
        var moved = job
        moved.progress.move(to: plan.cursor)
        try schedule(moved, previously: job, zones)
        var active: ActiveDispatches?
        for run in plan.runs { try dispatch(job, clock.wall(of: run.due, on: kind), run.reason, &active, &pass) }
    }

    /// What came while the job was paused is skipped; of the rest the policy chooses, whether the job is paused now or
    /// not. Where the store is too full, nothing runs.
    private mutating func plan(_ job: Job, _ zone: Zone, at time: Instant) throws -> CatchUpPlan {
        let isHeldBack = try isFinishingOnly()
        return CatchUp.plan(
            job.definition.schedule, zone: zone, anchor: job.progress.anchor, cursor: job.progress.cursor, now: time,
            policy: isHeldBack ? CatchUpPolicy(mode: .none) : job.definition.catchUp,
            reason: isHeldBack ? .storeFull : .downtime, punctual: isHeldBack ? nil : CatchUp.punctual,
            paused: job.progress.pausedTimes(through: time))
    }

    /// Records what was skipped; where nobody looked, as far as the clocks can tell why.
    mutating func record(
        _ skipped: SkippedSummary, of job: Job, _ clock: StoreClock, _ pass: inout FirePass
    ) throws {
        let kind = job.definition.schedule.clock
        guard try skipped.reason != .storeFull || !extend(by: skipped, of: job, clock) else { return }
        let isMissed = skipped.reason == .downtime
        let reason = isMissed ? clock.missReason(of: clock.wall(of: skipped.last, on: kind), on: kind) : skipped.reason
        let birth = DispatchBirth.skipped(
            reason, further: skipped.count - 1,
            last: skipped.count > 1 ? clock.wall(of: skipped.last, on: kind) : nil)
        try insert(job, clock.wall(of: skipped.first, on: kind), birth)
        pass.skipped += 1
    }

    /// Adds to the job's newest record of why not, in a store that has no room for another; false when the due times
    /// before these became something else, or were due by another schedule or clock.
    private mutating func extend(by skipped: SkippedSummary, of job: Job, _ clock: StoreClock) throws -> Bool {
        let kind = job.definition.schedule.clock
        let range = KeyRange(prefix: Key().with(job.name.text).bytes)
        guard let id = try transaction.ids(Buckets.byJob, range, .descending, limit: 1).first else { return false }
        let record = try transaction.indexed(id, by: Buckets.byJob)
        guard record.dispatch.state == .skipped, record.dispatch.reason == .storeFull,
            let first = record.dispatch.scheduledFor
        else { return false }
        let key = Key.occurrence(
            job.name, revision: job.progress.revision, epoch: state.clockEpoch, clock.time(on: kind, ofWall: first))
        guard try transaction.contains(key, in: Buckets.occurrences) else { return false }
        try extend(record, by: skipped.count, last: clock.wall(of: skipped.last, on: kind))
        return true
    }

    /// Makes what the job's overlap policy says of a due time: a dispatch, a wait, or a SKIPPED record.
    /// - Parameters:
    ///   - due: in wall time.
    ///   - parent: the SKIPPED record that this due time has already, and that it is made up for.
    ///   - active: what is active of the job, as far as this pass has read it.
    mutating func dispatch(
        _ job: Job, _ due: Instant, _ reason: Occurrence.Reason, makingUpFor parent: DispatchID? = nil,
        _ active: inout ActiveDispatches?, _ pass: inout FirePass
    ) throws {
        let deadline = try startDeadline(of: due, job, job.definition.startBy)
        guard try deadline.map({ try $0 >= clock().steady(at: now.boot) }) ?? true else {
            guard parent == nil else { return }
            if try insert(job, due, .skipped(.startDeadline), reason) != nil { pass.skipped += 1 }
            return
        }
        if job.definition.retry.endsAtNext, active == nil { try giveUpRetries(of: job) }
        let birth: DispatchBirth
        switch try decision(job, &active) {
        case .run: birth = .pending
        case .wait(let other): birth = .blocked(by: other, .overlap)
        case .replace(let others):
            birth = try replace(others).map { .blocked(by: $0, .overlap) } ?? .pending
            active = nil
        case .coalesce(let other):
            guard try parent == nil && account(for: due, of: job, by: other) else { return }
            try apply(.coalesce(scheduledFor: due), to: try renewed(other, for: due, of: job))
            return
        case .skip(let other):
            // What is recorded as skipped already, for the pause, stays so.
            guard parent == nil else { return }
            if try insert(job, due, .skipped(.overlap, met: other), reason) != nil { pass.skipped += 1 }
            return
        }
        guard let made = try insert(job, due, birth, reason, makingUpFor: parent) else { return }
        active?.dispatches.append(made)
        pass.dispatched += 1
    }

    /// Where nothing can be in the way, nothing is read; where something can, it is read once for all the due times of a
    /// pass: a job that makes up for thousands of runs meets them all.
    private mutating func decision(_ job: Job, _ active: inout ActiveDispatches?) throws -> OverlapDecision {
        guard !job.definition.overlap.allowsAll else { return .run }
        let known: ActiveDispatches
        if let active {
            known = active
        } else {
            let dispatches = try activeInTime(of: job)
            known = ActiveDispatches(dispatches: dispatches, lost: lost(dispatches))
            active = known
        }
        return job.definition.overlap.decision(active: known.dispatches, lost: known.lost)
    }

    /// - Returns: nil when the due time is accounted for already: then nothing was made.
    @discardableResult
    fileprivate mutating func insert(
        _ job: Job, _ due: Instant, _ birth: DispatchBirth, _ reason: Occurrence.Reason = .regular,
        makingUpFor parent: DispatchID? = nil
    ) throws -> Dispatch? {
        let id = DispatchID(state.nextDispatch)
        guard try parent != nil || account(for: due, of: job, by: id) else { return nil }
        let origin = DispatchOrigin(
            job: job.name, queue: job.definition.queue, priority: job.definition.priority,
            maxAttempts: job.definition.maxAttempts, scheduledFor: due, occurrence: reason,
            startDeadline: try startDeadline(of: due, job, job.definition.startBy), parent: parent)
        let dispatch = Dispatch(id: newDispatchID(), origin: origin, birth: birth, now: now)
        try insert(dispatch, request: Request(of: job))
        return dispatch
    }

    /// Notes which dispatch a due time has become, or was taken in by; false when that is known already. It is kept on
    /// the schedule's own clock, so that it can be recounted whatever became of the wall's.
    private mutating func account(for due: Instant, of job: Job, by id: DispatchID) throws -> Bool {
        let kind = job.definition.schedule.clock
        let time = kind == .wall ? due : try clock().time(on: kind, ofWall: due)
        let key = Key.occurrence(job.name, revision: job.progress.revision, epoch: state.clockEpoch, time)
        guard try !transaction.contains(key, in: Buckets.occurrences) else { return false }
        try put(Counter(value: id.number), key, in: Buckets.occurrences)
        try mark(
            .dueTime(id, revision: job.progress.revision, epoch: state.clockEpoch, time), in: Buckets.dueTimes)
        return true
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

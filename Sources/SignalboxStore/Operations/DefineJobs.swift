internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// Adds a job that must be new.
    /// - Throws: `refused` when there is another of that name; `full`.
    public func add(_ definition: JobDefinition, zones: ZoneTable, now: Now) throws {
        try write(now) { writer in
            guard try writer.transaction.job(definition.name) == nil else {
                throw StoreError(
                    .refused,
                    "there is a job \(quoted(definition.name.text)) already: change it with `signalbox apply FILE`, "
                        + "or take it away first with `signalbox remove \(definition.name)`")
            }
            try writer.define(definition, before: nil, zones: zones)
        }
    }

    /// Makes the jobs and handlers of the store what `definitions` and `handlers` say, all in one transaction; with `prune`, removes every other.
    /// - Parameter replacePending: cancels what waits of these jobs and was made from an older definition.
    /// - Parameter zones: those that the definitions name. With those of the jobs that they change, there is a record of
    ///   what fell due by the old schedules and nobody dealt with.
    /// - Returns: what changed, the handlers first.
    /// - Throws: `invalid` when a name is there twice, or a job names a zone that was not read; `full` when there is a
    ///   job to add or change, and no room for it.
    public func apply(
        _ definitions: [JobDefinition], handlers: [HandlerDefinition] = [], prune: Bool, replacePending: Bool = false,
        zones: ZoneTable, now: Now
    ) throws -> [JobChange] {
        try write(now) { writer in
            let handlers = try writer.transaction.plan(handlers: handlers, prune: prune)
            for step in handlers { try writer.carryOut(step) }
            let plan = try writer.transaction.plan(definitions, prune: prune, replacePending: replacePending)
            for step in plan { try writer.carryOut(step, zones: zones) }
            return handlers.map(\.change) + plan.map(\.change)
        }
    }

    /// What ``apply(_:handlers:prune:replacePending:zones:now:)`` would do.
    public func plan(
        _ definitions: [JobDefinition], handlers: [HandlerDefinition] = [], prune: Bool, replacePending: Bool = false
    ) throws -> [JobChange] {
        try engine.read { transaction in
            try transaction.plan(handlers: handlers, prune: prune).map(\.change)
                + transaction.plan(definitions, prune: prune, replacePending: replacePending).map(\.change)
        }
    }

    /// Takes a job away. Attempts that run go on to their end, and no other of it begins: what waits is SKIPPED, and so
    /// is what would be started again. What has ended stays to be read.
    /// - Parameter zones: the job's zone, for the record of what fell due and nobody dealt with; where it cannot be had,
    ///   there is none.
    public func remove(_ name: JobName, zones: ZoneTable, now: Now) throws {
        try write(now) { writer in
            guard let job = try writer.transaction.job(name) else { throw StoreError.noJob(name) }
            try writer.remove(job, zones)
        }
    }

    /// The zones that the jobs name.
    public func zoneNames() throws -> Set<String> {
        try engine.read { Set(try $0.jobs().compactMap(\.definition.zone)) }
    }
}

/// One job of a plan: how it stands, what it is to be, and what that changes.
struct JobStep {
    let before: Job?
    /// Nil where the job is removed.
    let after: JobDefinition?
    /// Waiting dispatches of older revisions, which go too.
    let outdated: [DispatchID]
    let change: JobChange
}

extension ReadTransaction where Self: ~Copyable {
    /// What has to be done for the jobs to be what `definitions` say: in their order, the removed ones last.
    func plan(_ definitions: [JobDefinition], prune: Bool, replacePending: Bool) throws -> [JobStep] {
        let names = Set(definitions.map(\.name))
        guard names.count == definitions.count else { throw StoreError.definedTwice(definitions) }
        var steps = try definitions.map { definition in
            let before = try job(definition.name)
            let outdated = replacePending ? try before.map { try waiting(of: $0, outdatedBy: definition) } ?? [] : []
            return JobStep(
                before: before, after: definition, outdated: outdated,
                change: JobChange(
                    name: definition.name, from: before?.definition, to: definition, cancelled: outdated.count))
        }
        guard prune else { return steps }
        steps += try jobs().filter { !names.contains($0.name) }.map {
            JobStep(
                before: $0, after: nil, outdated: [], change: JobChange(name: $0.name, from: $0.definition, to: nil))
        }
        return steps
    }

    /// What fell due for `job`, waits, and was made from another definition than `definition`. What was asked for by
    /// hand stays.
    private func waiting(of job: Job, outdatedBy definition: JobDefinition) throws -> [DispatchID] {
        let isChanged = job.definition != definition
        let due = try active(of: job.name).filter { $0.state != .inProgress && $0.scheduledFor != nil }
        return try due.map(\.id).filter {
            try isChanged || request(of: $0).revision != job.progress.revision
        }
    }
}

extension StoreError {
    fileprivate static func definedTwice(_ definitions: [JobDefinition]) -> StoreError {
        let counts = definitions.reduce(into: [JobName: Int]()) { $0[$1.name, default: 0] += 1 }
        let name = counts.filter { $0.value > 1 }.keys.min()?.text ?? ""
        return StoreError(.invalid, "the job \(quoted(name)) is defined twice: give each a name of its own")
    }

    static func zoneNotRead(_ job: Job) -> StoreError {
        StoreError(
            .invalid, "the job \(job.name) names the zone \(quoted(job.definition.zone ?? "")), which was not read")
    }
}

extension JobWriter where Transaction: ~Copyable {
    fileprivate mutating func carryOut(_ step: JobStep, zones: ZoneTable) throws {
        switch step.change.change {
        case .added, .changed: if let after = step.after { try define(after, before: step.before, zones: zones) }
        case .removed: if let before = step.before { try remove(before, zones) }
        case .unchanged: break
        }
        for id in step.outdated {
            let record = try transaction.indexed(id, by: Buckets.byJob)
            // The end of one may have ended others that waited for it.
            guard !record.dispatch.state.isTerminal else { continue }
            try apply(.cancel(.redefined), to: record)
        }
    }

    /// Writes a definition that is new, or differs from `before`.
    fileprivate mutating func define(_ definition: JobDefinition, before: Job?, zones: ZoneTable) throws {
        let start = try time(of: definition.schedule)
        var progress = JobProgress(revision: 1, cursor: start, anchor: start)
        let request = Request(of: Job(definition: definition, progress: progress))
        try request.checkSize()
        try admit(request)
        progress.lastBoot = now.bootID
        guard let before else {
            // One of that name may have been removed, and its occurrences must not be taken for ours.
            progress.revision += try transaction.newestRevision(ofOccurrences: definition.name) ?? 0
            try begin(&progress, with: definition.schedule, at: start)
            return try keep(definition, progress, before: nil, zones)
        }
        let isRescheduled =
            before.definition.schedule != definition.schedule || before.definition.zone != definition.zone
        if isRescheduled { try recordUnseen(of: before, zones) }
        if definition.keep != before.definition.keep { noteRetentionChange() }
        progress = before.progress
        progress.revision += 1
        if isRescheduled {
            try begin(&progress, with: definition.schedule, at: start)
            progress.lastBoot = now.bootID
        }
        try keep(definition, progress, before: before, zones)
    }

    /// What names no year cannot begin by a clock that shows the wrong one.
    private mutating func begin(_ progress: inout JobProgress, with schedule: Schedule, at start: Instant) throws {
        progress.begin(at: start, epoch: state.clockEpoch)
        guard case .cron = schedule else { return progress.isUndated = false }
        progress.isUndated = try clock().isDoubtful(at: now)
    }

    private mutating func keep(
        _ definition: JobDefinition, _ progress: JobProgress, before: Job?, _ zones: ZoneTable
    ) throws {
        try put(definition, .name(definition.name.text), in: Buckets.jobs)
        try schedule(Job(definition: definition, progress: progress), previously: before, zones)
        notify([.schedule, .anyChange])
    }

    /// Leaves a record of what fell due by a schedule that ends now and that nobody has dealt with.
    private mutating func recordUnseen(of job: Job, _ zones: ZoneTable) throws {
        // What has not begun has missed nothing.
        guard !job.progress.isUndated else { return }
        let (clock, kind) = (try clock(), job.definition.schedule.clock)
        guard let zone = zones[job.definition.zone], kind != .wall || !clock.isHeld(at: now) else { return }
        var pass = FirePass(dispatched: 0, skipped: 0, withoutZone: [])
        let time = clock.time(on: kind, at: now)
        let unseen = CatchUp.skipped(
            job.definition.schedule, zone: zone, anchor: job.progress.anchor, cursor: job.progress.cursor, now: time,
            without: [], reason: .downtime, paused: job.progress.pausedTimes(through: time))
        for skipped in unseen { try record(skipped, of: job, clock, &pass) }
    }

    mutating func remove(_ job: Job, _ zones: ZoneTable) throws {
        try recordUnseen(of: job, zones)
        for dispatch in try transaction.active(of: job.name) where dispatch.state != .inProgress {
            try apply(.skip(.jobRemoved), to: try transaction.indexed(dispatch.id, by: Buckets.byJob))
        }
        try moveDue(of: job, to: nil)
        try delete(.name(job.name.text), in: Buckets.jobs)
        try delete(.name(job.name.text), in: Buckets.jobProgress)
        try delete(.totals(.job(job.name)), in: Buckets.totals)
        noteRetentionChange()
        notify([.schedule, .anyChange])
    }

    /// Writes a job's progress with its next due time, and moves its entry among those that fall due.
    mutating func schedule(_ job: Job, previously before: Job?, _ zones: ZoneTable) throws {
        guard let zone = zones[job.definition.zone] else { throw StoreError.zoneNotRead(job) }
        var progress = job.progress
        let next = job.definition.schedule.next(after: progress.cursor, in: zone, anchor: progress.anchor)
        progress.nextDue = next?.due
        progress.zoneFingerprint = job.definition.schedule.clock == .wall ? zone.fingerprint : 0
        if let before, before.progress.zoneFingerprint != progress.zoneFingerprint,
            before.progress.spans == progress.spans
        {
            // What was worked out with the old data cannot be recounted with the new.
            progress.forgetSpans(through: before.progress.cursor)
        }
        try keep(progress, of: job.definition, previously: before)
    }

    /// Writes a job's progress, and moves its entry among those that fall due.
    mutating func keep(_ progress: JobProgress, of definition: JobDefinition, previously before: Job?) throws {
        try moveDue(of: before, to: progress.nextDue.map { Key.jobDue($0, definition) })
        try put(progress, .name(definition.name.text), in: Buckets.jobProgress)
    }

    private mutating func moveDue(of before: Job?, to key: Key?) throws {
        if let before, let due = before.progress.nextDue {
            try delete(.jobDue(due, before.definition), in: Buckets.jobDue)
        }
        if let key { try mark(key, in: Buckets.jobDue) }
    }
}

internal import OrderedStore
public import SignalboxCore

/// What a definition did to the store.
public struct JobChange: Hashable, Sendable, Encodable {
    public enum Kind: String, Sendable, Encodable { case added, changed, unchanged, removed }
    public var name: String
    public var change: Kind

    public init(name: String, change: Kind) {
        self.name = name
        self.change = change
    }
}

extension JobStore {
    /// Adds a job that must be new.
    /// - Throws: `refused` when there is another of that name.
    public func add(_ definition: JobDefinition, zones: ZoneTable, now: Now) throws {
        try write(now) { writer in
            guard try writer.transaction.job(definition.name) == nil else {
                throw StoreError(
                    .refused,
                    "there is a job \(quoted(definition.name.text)) already: change it with `signalbox apply FILE`, "
                        + "or take it away first with `signalbox remove \(definition.name)`")
            }
            try writer.define(definition, zones: zones)
        }
    }

    /// Makes the jobs of the store what `definitions` say, all in one transaction; with `prune`, removes every other.
    public func apply(
        _ definitions: [JobDefinition], prune: Bool, zones: ZoneTable, now: Now
    ) throws -> [JobChange] {
        try write(now) { writer in
            var changes: [JobChange] = []
            for definition in definitions {
                let kind = try writer.define(definition, zones: zones)
                changes.append(JobChange(name: definition.name.text, change: kind))
            }
            guard prune else { return changes }
            let kept = Set(definitions.map(\.name))
            for job in try writer.transaction.jobs() where !kept.contains(job.name) {
                try writer.remove(job)
                changes.append(JobChange(name: job.name.text, change: .removed))
            }
            return changes
        }
    }

    /// What ``apply(_:prune:zones:now:)`` would do.
    public func plan(_ definitions: [JobDefinition], prune: Bool) throws -> [JobChange] {
        try engine.read { transaction in
            var changes = try definitions.map { definition in
                let before = try transaction.job(definition.name)?.definition
                let kind: JobChange.Kind = before == nil ? .added : before == definition ? .unchanged : .changed
                return JobChange(name: definition.name.text, change: kind)
            }
            guard prune else { return changes }
            let kept = Set(definitions.map(\.name))
            changes += try transaction.jobs().filter { !kept.contains($0.name) }
                .map { JobChange(name: $0.name.text, change: .removed) }
            return changes
        }
    }

    /// Takes a job away. What of it runs goes on; what waits is SKIPPED; what has ended stays to be read.
    public func remove(_ name: JobName, now: Now) throws {
        try write(now) { writer in
            guard let job = try writer.transaction.job(name) else { throw StoreError.noJob(name) }
            try writer.remove(job)
        }
    }

    /// Pauses or resumes a job. Due times that pass meanwhile are SKIPPED; resuming starts from now.
    /// - Returns: whether that changed anything.
    public func setPaused(_ paused: Bool, _ name: JobName, now: Now) throws -> Bool {
        try write(now) { writer in
            guard var job = try writer.transaction.job(name) else { throw StoreError.noJob(name) }
            guard job.progress.paused != paused else { return false }
            job.progress.paused = paused
            if !paused { job.progress.cursor = max(job.progress.cursor, now.wall) }
            try writer.put(job.progress, .name(name.text), in: Buckets.jobProgress)
            writer.notify([.schedule, .anyChange])
            return true
        }
    }
}

extension JobWriter where Transaction: ~Copyable {
    @discardableResult
    mutating func define(_ definition: JobDefinition, zones: ZoneTable) throws -> JobChange.Kind {
        var progress = JobProgress(revision: 1, cursor: now.wall, anchor: now.wall)
        try Request(of: Job(definition: definition, progress: progress)).checkSize()
        guard let before = try transaction.job(definition.name) else {
            progress.lastBoot = now.bootID
            try keep(definition, progress, before: nil, zones)
            return .added
        }
        guard before.definition != definition else { return .unchanged }
        progress = before.progress
        progress.revision += 1
        if before.definition.schedule != definition.schedule || before.definition.zone != definition.zone {
            progress.cursor = now.wall
            progress.anchor = now.wall
            progress.lastBoot = now.bootID
        }
        try keep(definition, progress, before: before, zones)
        return .changed
    }

    private mutating func keep(
        _ definition: JobDefinition, _ progress: JobProgress, before: Job?, _ zones: ZoneTable
    ) throws {
        try put(definition, .name(definition.name.text), in: Buckets.jobs)
        try schedule(Job(definition: definition, progress: progress), previously: before?.progress.nextDue, zones)
        notify([.schedule, .anyChange])
    }

    mutating func remove(_ job: Job) throws {
        for dispatch in try transaction.active(of: job.name) where dispatch.state != .inProgress {
            try apply(.skip(.jobRemoved), to: try transaction.indexed(dispatch.id, by: Buckets.byJob))
        }
        if let due = job.progress.nextDue { try delete(.jobDue(due, job.name), in: Buckets.jobDue) }
        try delete(.name(job.name.text), in: Buckets.jobs)
        try delete(.name(job.name.text), in: Buckets.jobProgress)
        notify([.schedule, .anyChange])
    }

    /// Writes a job's progress with its next due time, and moves its entry among those that fall due.
    mutating func schedule(_ job: Job, previously: Instant?, _ zones: ZoneTable) throws {
        guard let zone = zones[job.definition.zone] else {
            throw StoreError(
                .invalid, "the job \(job.name) names the zone \(quoted(job.definition.zone ?? "")), which was not read")
        }
        var progress = job.progress
        let next = job.definition.schedule.next(after: progress.cursor, in: zone, anchor: progress.anchor)
        progress.nextDue = next?.due
        if let previously { try delete(.jobDue(previously, job.name), in: Buckets.jobDue) }
        if let next { try mark(.jobDue(next.due, job.name), in: Buckets.jobDue) }
        try put(progress, .name(job.name.text), in: Buckets.jobProgress)
    }
}

internal import OrderedStore
public import SignalboxCore

/// How far a walk over the jobs has come that works out their next due times anew.
public struct PlanAgainPass: Hashable, Sendable {
    /// The last job that was looked at; nil when all were.
    public var last: JobName?
    /// Jobs whose next due time is another now.
    public var changed: Int
    /// Zones to read first; then nothing was done.
    public var missingZones: Set<String>
}

extension JobStore {
    /// Works out anew the next due times of the jobs behind `name` that were worked out with other zone data.
    /// - Parameter unreadable: zones that cannot be had: their jobs keep the time they have.
    public func planAgain(
        after name: JobName?, zones: ZoneTable, unreadable: Set<String> = [], now: Now
    ) throws -> PlanAgainPass {
        try write(now) { writer in
            try writer.walk(after: name, zones, unreadable) { writer, job in
                guard let zone = zones[job.definition.zone], job.definition.schedule.clock == .wall,
                    job.progress.zoneFingerprint != zone.fingerprint,
                    // What is overdue is worked out anew when it is dealt with.
                    job.progress.nextDue.map({ $0 > job.progress.cursor }) ?? true
                else { return false }
                let before = job.progress.nextDue
                try writer.schedule(writer.followed(job), previously: job, zones)
                return try writer.transaction.job(job.name)?.progress.nextDue != before
            }
        }
    }

    /// Does what a step back of the clock asks of some more jobs.
    /// - Parameter unreadable: zones that cannot be had: their jobs are taken back, and wait for their zone.
    public func rewind(zones: ZoneTable, unreadable: Set<String> = [], now: Now) throws -> PlanAgainPass {
        try write(now) { writer in
            var clock = try writer.clock()
            guard let rewind = clock.rewind else { return PlanAgainPass(last: nil, changed: 0, missingZones: []) }
            let pass = try writer.walk(after: rewind.done, zones, unreadable) { writer, job in
                let cursor = try rewind.cursor(
                    of: job.definition.schedule, at: job.progress.cursor,
                    hasOccurred: writer.transaction.hasOccurred(job))
                guard cursor != job.progress.cursor else { return false }
                try writer.takeBack(job, to: cursor, zones)
                return true
            }
            guard pass.missingZones.isEmpty else { return pass }
            clock.rewind = pass.last.map { ClockRewind(rewind.scope, to: rewind.to, done: $0) }
            try writer.keep(clock, displacementBefore: clock.displacement)
            return pass
        }
    }
}

extension JobWriter where Transaction: ~Copyable {
    /// The most jobs that one transaction of a walk looks at.
    private static var jobsPerWalk: Int { 512 }

    /// Looks at the next jobs behind `name`; `change` says whether it changed one.
    fileprivate mutating func walk(
        after name: JobName?, _ zones: ZoneTable, _ unreadable: Set<String>,
        _ change: (inout JobWriter, Job) throws -> Bool
    ) throws -> PlanAgainPass {
        let from = name.map { Key.name($0.text).bytes + [0] } ?? []
        let keys = try transaction.keys(Buckets.jobs, KeyRange(from: from, to: nil), limit: Self.jobsPerWalk)
        let jobs = try keys.map { try transaction.job(ofKey: $0) }
        let missing = Set(jobs.compactMap(\.definition.zone)).subtracting(unreadable)
            .filter { zones[$0] == nil }
        guard missing.isEmpty else { return PlanAgainPass(last: name, changed: 0, missingZones: missing) }
        var pass = PlanAgainPass(
            last: jobs.count < Self.jobsPerWalk ? nil : jobs.last?.name, changed: 0, missingZones: [])
        for job in jobs where try change(&self, job) { pass.changed += 1 }
        if pass.changed > 0 { notify([.schedule, .anyChange]) }
        return pass
    }

    /// `job` as it stands before its next due time is worked out with other zone data: where nothing was due by those in
    /// force until now, the new ones must not tell of a run missed in the past.
    fileprivate mutating func followed(_ job: Job) throws -> Job {
        guard case .cron = job.definition.schedule, try !clock().isHeld(at: now),
            job.progress.nextDue.map({ $0 > now.wall }) ?? true
        else { return job }
        var followed = job
        followed.progress.cursor = max(job.progress.cursor, now.wall)
        followed.progress.forgetSpans(through: followed.progress.cursor)
        return followed
    }

    /// Without its zone it cannot be said when the job is due next: it is looked at again as soon as there is one.
    fileprivate mutating func takeBack(_ job: Job, to cursor: Instant, _ zones: ZoneTable) throws {
        var moved = job
        moved.progress.restart(at: cursor, epoch: state.clockEpoch)
        guard zones[job.definition.zone] == nil else { return try schedule(moved, previously: job, zones) }
        try lookSoon(at: moved, previously: job)
    }

    /// Writes a job's progress, whose next due time is worked out when it is next dealt with.
    private mutating func lookSoon(at job: Job, previously before: Job) throws {
        var progress = job.progress
        progress.nextDue = progress.cursor + .microseconds(1)
        try keep(progress, of: job.definition, previously: before)
    }

    /// Jobs that were defined by a clock that could not be trusted begin now, as calendar times are planned.
    mutating func beginUndated() throws {
        for job in try transaction.jobs() where job.progress.isUndated {
            var begun = job
            begun.progress.isUndated = false
            begun.progress.zoneFingerprint = 0
            begun.progress.begin(at: now.wall, epoch: state.clockEpoch)
            try lookSoon(at: begun, previously: job)
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// Whether a due time of the job's schedule, as it is now, was dealt with.
    fileprivate func hasOccurred(_ job: Job) throws -> Bool {
        try newestRevision(ofOccurrences: job.name).map { $0 >= job.progress.spans[0].revision } ?? false
    }
}

public import SignalboxCore

/// A job as lists, pages and JSON show it.
public struct JobView: Sendable, Encodable {
    public var job: Job
    /// Dispatches of it that are IN_PROGRESS.
    public var running: Int
    /// Dispatches of it that are SCHEDULED, BLOCKED or PENDING.
    public var waiting: Int
    /// Its newest dispatches, newest first; only where a page asked for them.
    public var recent: [Dispatch]
    /// What is kept of its dispatches, by what it says itself and by the store's settings.
    public var keep = Retention.standard

    public var name: JobName { job.name }

    private enum CodingKeys: String, CodingKey {
        case name, schedule, zone, paused, next_at, last_run_at, last_state, running, waiting, queue, priority, command
        case paused_at, paused_by, pause_reason, revision, max_attempts, timeout_seconds, overlap, start_by_seconds
        case concurrency, rate, settings, keep
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(job.name.text, forKey: .name)
        try fields.encode(job.definition.schedule.description, forKey: .schedule)
        try fields.encode(job.definition.zone, forKey: .zone)
        try fields.encode(job.progress.paused, forKey: .paused)
        try fields.encode(job.progress.pause?.at.description, forKey: .paused_at)
        try fields.encode(job.progress.pause?.by, forKey: .paused_by)
        try fields.encode(job.progress.pause?.reason, forKey: .pause_reason)
        try fields.encode(job.progress.nextDue?.description, forKey: .next_at)
        try fields.encode(job.progress.lastRun?.finishedAt.description, forKey: .last_run_at)
        try fields.encode(job.progress.lastRun?.state.name, forKey: .last_state)
        try fields.encode(running, forKey: .running)
        try fields.encode(waiting, forKey: .waiting)
        try fields.encode(job.definition.queue.text, forKey: .queue)
        try fields.encode(job.definition.priority, forKey: .priority)
        try fields.encode(job.definition.command.redacted.text, forKey: .command)
        try fields.encode(job.progress.revision, forKey: .revision)
        try fields.encode(job.definition.maxAttempts, forKey: .max_attempts)
        try fields.encode(job.definition.timeout?.components.seconds, forKey: .timeout_seconds)
        try fields.encode(job.definition.overlap.word, forKey: .overlap)
        try fields.encode(job.definition.concurrency?.text, forKey: .concurrency)
        try fields.encode(job.definition.rate?.text, forKey: .rate)
        try fields.encode(job.definition.startBy?.components.seconds, forKey: .start_by_seconds)
        try fields.encode(WorkSettings(work: job.definition.work), forKey: .settings)
        try fields.encode(keep, forKey: .keep)
    }
}

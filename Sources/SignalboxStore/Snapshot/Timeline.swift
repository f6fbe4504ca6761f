public import SignalboxCore

/// The day that was and the day that comes, job by job: what ran and when, and what falls due.
public struct Timeline: Sendable {
    /// In the order of names, at most ``rowLimit`` of them.
    public var rows: [TimelineRow]
    /// Dispatches of no job that wait for their time within ``reach``, the first one first; at most ``markLimit``.
    public var waiting: [Dispatch]
    /// The last job looked at, to go on after it; nil when there are no more.
    public var next: JobName?
    public var stamp: StoreStamp

    public init(rows: [TimelineRow], waiting: [Dispatch] = [], next: JobName? = nil, stamp: StoreStamp) {
        self.rows = rows
        self.waiting = waiting
        self.next = next
        self.stamp = stamp
    }

    /// How far it reaches into the past, and into the future.
    public static let reach: Duration = .seconds(86_400)
    /// So many jobs are drawn at once.
    public static let rowLimit = 40
    /// So many runs of a job, and so many of its coming due times, are drawn one by one.
    public static let markLimit = 60
}

/// One job on a ``Timeline``.
public struct TimelineRow: Sendable {
    public var job: Job
    /// The newest ones that reach into the past day, newest first, at most ``Timeline/markLimit``.
    public var runs: [Dispatch]
    /// The hours before those of ``runs``, of which there are too many to be told one by one; empty when all of the day
    /// are there.
    public var olderHours: [RunHistory.Hour]
    /// The first due times to come within a day, at most ``Timeline/markLimit``.
    public var due: [Instant]
    /// How many due times there are within a day.
    public var dueCount: Int

    public init(
        job: Job, runs: [Dispatch], olderHours: [RunHistory.Hour] = [], due: [Instant] = [], dueCount: Int? = nil
    ) {
        self.job = job
        self.runs = runs
        self.olderHours = olderHours
        self.due = due
        self.dueCount = dueCount ?? due.count
    }
}

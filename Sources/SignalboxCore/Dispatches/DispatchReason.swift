/// Why a dispatch is in its state, where the state alone does not say it.
public enum DispatchReason: UInt8, Hashable, Sendable, CaseIterable {
    case none = 0

    // While it waits
    /// SCHEDULED because its user asked for a later start.
    case delayed = 1
    /// SCHEDULED because an attempt failed and another follows.
    case retry = 2
    /// BLOCKED until the dispatch it comes after has succeeded.
    case dependency = 3
    /// BLOCKED, or SKIPPED, because of an earlier dispatch of the same job.
    case overlap = 4
    /// Waiting again because the worker that had claimed it died.
    case workerDied = 5
    /// PENDING again because the worker that had claimed it was shut down; or FAILED, where one start was all it had.
    case drained = 6
    /// SCHEDULED because it asked to be started later.
    case snoozed = 7
    /// BLOCKED because as many with its concurrency key run as may, or PENDING again because one of them has ended.
    case concurrency = 8
    /// BLOCKED because as many with its rate key were started as may be for now, or PENDING again as there may be more.
    case rate = 9
    /// BLOCKED until the dispatch has ended that ran under its unique key.
    case uniqueKey = 46

    // FAILED, or the attempt before a retry
    /// The command ended with a code that is not success.
    case exit = 10
    /// The command was ended by a signal that was not ours.
    case killed = 11
    /// The command ran past its timeout.
    case timeout = 12
    /// The command could not be started.
    case exec = 13
    /// Three workers, or processes of its handler, died while running it.
    case poison = 14
    /// The command wrote nothing for as long as its idle timeout.
    case idleTimeout = 15
    /// The command gave no sign of life for as long as its watchdog.
    case watchdog = 16
    /// Its handler said so, or its process died.
    case handler = 17
    /// It waited for another attempt, and the time for that was over (`retry_for`, `retry_until`).
    case retriesOver = 47

    // CANCELLED
    /// Somebody asked.
    case requested = 20
    /// The dispatch it comes after did not succeed.
    case parentFailed = 21
    /// A newer one took its place: an occurrence (overlap `replace`), or a request with the same unique key.
    case replaced = 22
    /// The job was changed while it waited, and what waited was to go (`apply --replace-pending`).
    case redefined = 25

    // SUCCESS
    /// Somebody asked for it to stop, and it ended by itself before it could be told.
    case cancelLate = 26

    // SKIPPED
    /// The job was removed while it waited.
    case jobRemoved = 23
    /// Nobody started it by the time that its job allows (`start_by`).
    case startDeadline = 24
    /// No scheduler ran when it was due, or none got to it in time.
    case downtime = 30
    /// The machine was suspended when it was due.
    case suspended = 31
    /// The wall clock was set forward past it.
    case clockForward = 32
    /// The job was paused.
    case paused = 33
    /// Nobody could say yet whether the wall clock was right.
    case untrustedClock = 35
    /// The store was nearly full, and what room it had left is for finishing.
    case storeFull = 40

    /// Whether it says why due times were passed over, several at once.
    public var isOfMissedTimes: Bool {
        switch self {
        case .downtime, .suspended, .clockForward, .paused, .storeFull, .untrustedClock: true
        case .none, .delayed, .retry, .dependency, .overlap, .workerDied, .drained, .snoozed, .concurrency, .rate,
            .uniqueKey, .exit, .killed, .timeout, .exec, .poison, .idleTimeout, .watchdog, .handler, .retriesOver,
            .requested, .parentFailed, .replaced, .redefined, .cancelLate, .jobRemoved, .startDeadline:
            false
        }
    }

    /// The word used in JSON and on pages; nil for ``none``.
    public var word: String? {
        switch self {
        case .none: nil
        case .delayed: "delayed"
        case .retry: "retry"
        case .dependency: "dependency"
        case .overlap: "overlap"
        case .workerDied: "worker_died"
        case .drained: "drained"
        case .snoozed: "snoozed"
        case .concurrency: "concurrency"
        case .rate: "rate"
        case .uniqueKey: "unique_key"
        case .exit: "exit"
        case .killed: "killed"
        case .timeout: "timeout"
        case .exec: "exec"
        case .poison: "poison"
        case .idleTimeout: "idle_timeout"
        case .watchdog: "watchdog"
        case .retriesOver: "retries_over"
        case .handler: "handler"
        case .requested: "requested"
        case .parentFailed: "parent_failed"
        case .replaced: "replaced"
        case .redefined: "redefined"
        case .cancelLate: "cancel_late"
        case .jobRemoved: "job_removed"
        case .startDeadline: "start_deadline"
        case .downtime: "downtime"
        case .suspended: "suspend"
        case .clockForward: "clock_forward"
        case .paused: "paused"
        case .untrustedClock: "untrusted_clock"
        case .storeFull: "store_full"
        }
    }
}

/// Where a dispatch stands. The article <doc:Lifecycle> draws the states and their transitions T1 to T16.
public enum DispatchState: UInt8, Hashable, Sendable, CaseIterable {
    /// Waits for its time: a delay, or the wait before a retry. Put there by who enqueues or by the worker whose
    /// attempt failed; leaves when due, through whoever wakes first.
    case scheduled = 0
    /// Waits for another dispatch to end: a dependency, or an earlier run of the same job. Leaves through whoever
    /// finishes that one.
    case blocked = 1
    /// Can be claimed by any worker of its queue. Leaves through a claim, or a cancellation.
    case pending = 2
    /// A worker has claimed it and is answerable for it: it finishes it, or, if that worker dies, the reaper takes it
    /// back.
    case inProgress = 3
    /// Ended well. Terminal.
    case success = 4
    /// Ended badly, and no attempt is left or none would help. Terminal.
    case failed = 5
    /// Somebody asked for it not to run, or to stop. Terminal.
    case cancelled = 6
    /// Fell due and was not run, for the reason it carries. Terminal; made so, or turned so while it waited.
    case skipped = 7

    /// The name in JSON, on pages and in options: capitals.
    public var name: String {
        switch self {
        case .scheduled: "SCHEDULED"
        case .blocked: "BLOCKED"
        case .pending: "PENDING"
        case .inProgress: "IN_PROGRESS"
        case .success: "SUCCESS"
        case .failed: "FAILED"
        case .cancelled: "CANCELLED"
        case .skipped: "SKIPPED"
        }
    }

    /// The state called `name`, in any case; nil when there is none.
    public init?(name: String) {
        guard let state = Self.allCases.first(where: { $0.name == name.uppercased() }) else { return nil }
        self = state
    }

    /// A terminal record is never changed again, only removed.
    public var isTerminal: Bool {
        switch self {
        case .scheduled, .blocked, .pending, .inProgress: false
        case .success, .failed, .cancelled, .skipped: true
        }
    }
}

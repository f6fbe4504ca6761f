/// What a dispatch runs: written once, when it is made, and never changed. The members of its ``work`` are there as its
/// own.
@dynamicMemberLookup
public struct Request: Hashable, Sendable {
    public var work: Work
    /// Keeps another with the same key from being made, or from running beside it; nil: it has none.
    public var unique: UniqueKey?
    /// Dispatches that must have succeeded before this one may run.
    public var after: [DispatchID]
    /// What becomes of it when one of those does not.
    public var onParentFail: ParentFailure
    /// The revision of the job it was made from; nil for a request by itself.
    public var revision: UInt32?
    /// What it obeys when others of its job are active; nil: it runs beside whatever is.
    public var overlap: OverlapRule?
    /// How long after its due time it may be started for the first time; nil: at any time.
    public var startBy: Duration?

    public init(
        work: Work, unique: UniqueKey? = nil, after: [DispatchID] = [], onParentFail: ParentFailure = .cancel,
        revision: UInt32? = nil, overlap: OverlapRule? = nil, startBy: Duration? = nil
    ) {
        self.work = work
        self.unique = unique
        self.after = after
        self.onParentFail = onParentFail
        self.revision = revision
        self.overlap = overlap
        self.startBy = startBy
    }

    /// A request to run a command.
    public init(
        command: Command, environment: [String: String] = [:], directory: String? = nil, input: [UInt8] = [],
        timeout: Duration? = nil, retry: RetryPolicy = RetryPolicy(), rescue: RescuePolicy = .retry,
        unique: UniqueKey? = nil, after: [DispatchID] = [], onParentFail: ParentFailure = .cancel,
        revision: UInt32? = nil, overlap: OverlapRule? = nil, startBy: Duration? = nil
    ) {
        let work = Work(
            command: command, environment: environment, directory: directory, input: input, timeout: timeout,
            retry: retry, rescue: rescue)
        self.init(
            work: work, unique: unique, after: after, onParentFail: onParentFail, revision: revision, overlap: overlap,
            startBy: startBy)
    }

    /// A run of `job`.
    public init(of job: Job) {
        self.init(
            work: job.definition.work, revision: job.progress.revision, overlap: job.definition.overlap,
            startBy: job.definition.startBy)
    }

    @inlinable
    public subscript<Member>(dynamicMember member: WritableKeyPath<Work, Member>) -> Member {
        get { work[keyPath: member] }
        set { work[keyPath: member] = newValue }
    }
}

/// One start of a dispatch, written when it has ended.
public struct Attempt: Hashable, Sendable {
    /// 1 for the first; ``Dispatch/startNumber``.
    public var number: Int
    public var worker: WorkerID
    public var started: Moment
    public var finished: Moment
    /// Nil when the worker died, or gave the dispatch back before it began.
    public var outcome: Outcome?
    public var reason: DispatchReason
    public var report: AttemptReport

    public init(
        number: Int, worker: WorkerID, started: Moment, finished: Moment, outcome: Outcome?, reason: DispatchReason,
        report: AttemptReport = AttemptReport()
    ) {
        self.number = number
        self.worker = worker
        self.started = started
        self.finished = finished
        self.outcome = outcome
        self.reason = reason
        self.report = report
    }

    /// So many are kept of one dispatch, the newest, with their output.
    public static let keptOfDispatch = 100
}

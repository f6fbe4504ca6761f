/// What a dispatch runs: written once, when it is made, and never changed.
public struct Request: Hashable, Sendable {
    public var command: Command
    /// Variables set for the command besides the standard ones.
    public var environment: [String: String]
    public var directory: String?
    /// What the command reads on its standard input; empty means /dev/null.
    public var input: [UInt8]
    /// How long an attempt may run on the boot clock; nil means without limit.
    public var timeout: Duration?
    public var retry: RetryPolicy
    public var rescue: RescuePolicy
    /// Held while the dispatch is not terminal: no other with the same key is made.
    public var uniqueKey: String?
    /// Dispatches that must have succeeded before this one may run.
    public var after: [DispatchID]
    /// The revision of the job it was made from; nil for a request by itself.
    public var revision: UInt32?
    /// What it obeys when others of its job are active; nil: it runs beside whatever is.
    public var overlap: OverlapRule?
    /// How long after its due time it may be started for the first time; nil: at any time.
    public var startBy: Duration?

    public init(
        command: Command, environment: [String: String] = [:], directory: String? = nil, input: [UInt8] = [],
        timeout: Duration? = nil, retry: RetryPolicy = RetryPolicy(), rescue: RescuePolicy = .retry,
        uniqueKey: String? = nil, after: [DispatchID] = [], revision: UInt32? = nil,
        overlap: OverlapRule? = nil, startBy: Duration? = nil
    ) {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.input = input
        self.timeout = timeout
        self.retry = retry
        self.rescue = rescue
        self.uniqueKey = uniqueKey
        self.after = after
        self.revision = revision
        self.overlap = overlap
        self.startBy = startBy
    }

    /// A run of `job`.
    public init(of job: Job) {
        let definition = job.definition
        self.init(
            command: definition.command, environment: definition.environment, directory: definition.directory,
            input: definition.input, timeout: definition.timeout, retry: definition.retry, rescue: definition.rescue,
            revision: job.progress.revision, overlap: definition.overlap, startBy: definition.startBy)
    }
}

/// One start of a dispatch, written when it has ended.
public struct Attempt: Hashable, Sendable {
    /// 1 for the first.
    public var number: Int
    public var worker: WorkerID
    public var started: Moment
    public var finished: Moment
    /// Nil when the worker died, or gave the dispatch back before it began.
    public var outcome: Outcome?
    public var reason: DispatchReason

    public init(
        number: Int, worker: WorkerID, started: Moment, finished: Moment, outcome: Outcome?, reason: DispatchReason
    ) {
        self.number = number
        self.worker = worker
        self.started = started
        self.finished = finished
        self.outcome = outcome
        self.reason = reason
    }
}

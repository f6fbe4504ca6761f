/// A job as people define it: when it runs, what it runs, and how it is treated when something goes wrong.
public struct JobDefinition: Hashable, Sendable {
    public var name: JobName
    public var schedule: Schedule
    /// The IANA name of the zone that `schedule` is read in; nil means the machine's.
    public var zone: String?
    public var queue: QueueName
    /// 0 is claimed first, 255 last.
    public var priority: UInt8
    public var command: Command
    /// Variables set for the command besides the standard ones.
    public var environment: [String: String]
    /// The working directory; nil means the worker's home directory.
    public var directory: String?
    /// What the command reads on its standard input; empty means /dev/null.
    public var input: [UInt8]
    /// How long an attempt may run on the boot clock; nil means without limit.
    public var timeout: Duration?
    /// Starts allowed before a failure is final; at least 1.
    public var maxAttempts: Int
    public var retry: RetryPolicy
    /// What becomes of a run whose worker died (`on_crash` in files). Where nobody says:
    /// ``standardRescue(maxAttempts:)``.
    public var rescue: RescuePolicy
    public var overlap: OverlapRule
    public var catchUp: CatchUpPolicy
    /// How late after its due time an occurrence may be started for the first time; nil: at any time. One that was not
    /// started by then is SKIPPED with the reason ``DispatchReason/startDeadline``.
    public var startBy: Duration?

    public init(
        name: JobName, schedule: Schedule, zone: String? = nil, queue: QueueName = .standard,
        priority: UInt8 = JobDefinition.standardPriority, command: Command, environment: [String: String] = [:],
        directory: String? = nil, input: [UInt8] = [], timeout: Duration? = nil, maxAttempts: Int = 1,
        retry: RetryPolicy = RetryPolicy(), rescue: RescuePolicy? = nil, overlap: OverlapRule = .skip,
        catchUp: CatchUpPolicy = CatchUpPolicy(), startBy: Duration? = nil
    ) {
        self.name = name
        self.schedule = schedule
        self.zone = zone
        self.queue = queue
        self.priority = priority
        self.command = command
        self.environment = environment
        self.directory = directory
        self.input = input
        self.timeout = timeout
        self.maxAttempts = maxAttempts
        self.retry = retry
        self.rescue = rescue ?? Self.standardRescue(maxAttempts: maxAttempts)
        self.overlap = overlap
        self.catchUp = catchUp
        self.startBy = startBy
    }

    /// The priority of what names none; it leaves more room below than above, where backlogs go.
    public static let standardPriority: UInt8 = 100
    /// A job that is started once only, as cron does it, is not started again after a crash; one with retries is.
    public static func standardRescue(maxAttempts: Int) -> RescuePolicy { maxAttempts > 1 ? .retry : .fail }
    /// What ``startBy`` may be.
    public static let startByLimits = Duration.seconds(1)...Duration.accepted.upperBound
    /// The most attempts that can be asked for.
    public static let maxAttemptsLimit = 1000
}

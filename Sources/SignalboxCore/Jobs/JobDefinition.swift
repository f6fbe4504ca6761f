/// A job as people define it: when it runs, what it runs, and how it is treated when something goes wrong. The members
/// of its ``work`` are there as its own.
@dynamicMemberLookup
public struct JobDefinition: Hashable, Sendable {
    public var name: JobName
    public var schedule: Schedule
    /// The IANA name of the zone that `schedule` is read in; nil means the machine's.
    public var zone: String?
    public var queue: QueueName
    /// 0 is claimed first, 255 last.
    public var priority: UInt8
    /// What each run is made of.
    public var work: Work
    /// Starts allowed before a failure is final; at least 1.
    public var maxAttempts: Int
    public var overlap: OverlapRule
    public var catchUp: CatchUpPolicy
    /// How late after its due time an occurrence may be started for the first time; nil: at any time. One that was not
    /// started by then is SKIPPED with the reason ``DispatchReason/startDeadline``.
    public var startBy: Duration?
    /// What is kept of its dispatches.
    public var keep: KeepPolicy

    public init(
        name: JobName, schedule: Schedule, zone: String? = nil, queue: QueueName = .standard,
        priority: UInt8 = JobDefinition.standardPriority, work: Work, maxAttempts: Int = 1,
        overlap: OverlapRule = .skip, catchUp: CatchUpPolicy = CatchUpPolicy(), startBy: Duration? = nil,
        keep: KeepPolicy = .unset
    ) {
        self.name = name
        self.schedule = schedule
        self.zone = zone
        self.queue = queue
        self.priority = priority
        self.work = work
        self.maxAttempts = maxAttempts
        self.overlap = overlap
        self.catchUp = catchUp
        self.startBy = startBy
        self.keep = keep
    }

    /// A job whose work is a command.
    /// - Parameter rescue: nil: ``standardRescue(maxAttempts:)``.
    public init(
        name: JobName, schedule: Schedule, zone: String? = nil, queue: QueueName = .standard,
        priority: UInt8 = JobDefinition.standardPriority, command: Command, environment: [String: String] = [:],
        directory: String? = nil, input: [UInt8] = [], timeout: Duration? = nil, maxAttempts: Int = 1,
        retry: RetryPolicy = RetryPolicy(), rescue: RescuePolicy? = nil, overlap: OverlapRule = .skip,
        catchUp: CatchUpPolicy = CatchUpPolicy(), startBy: Duration? = nil, keep: KeepPolicy = .unset
    ) {
        let work = Work(
            command: command, environment: environment, directory: directory, input: input, timeout: timeout,
            retry: retry, rescue: rescue ?? Self.standardRescue(maxAttempts: maxAttempts))
        self.init(
            name: name, schedule: schedule, zone: zone, queue: queue, priority: priority, work: work,
            maxAttempts: maxAttempts, overlap: overlap, catchUp: catchUp, startBy: startBy, keep: keep)
    }

    @inlinable
    public subscript<Member>(dynamicMember member: WritableKeyPath<Work, Member>) -> Member {
        get { work[keyPath: member] }
        set { work[keyPath: member] = newValue }
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

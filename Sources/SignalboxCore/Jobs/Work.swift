/// What is run, and how it is treated: the part that a job's definition and a dispatch's request have in common.
public struct Work: Hashable, Sendable {
    public var command: Command
    /// Variables set for the command besides the standard ones.
    public var environment: [String: String]
    /// The working directory; nil means the worker's home directory.
    public var directory: String?
    /// What the command reads on its standard input; empty means /dev/null. A handler's payload, JSON by custom.
    public var input: [UInt8]
    /// How long an attempt may run on the boot clock; nil means without limit.
    public var timeout: Duration?
    /// How long it may neither print nor write a control line; nil means without limit.
    public var idleTimeout: Duration?
    /// How long it may let pass without a control line such as `ping`, from its start on; nil means without limit.
    public var watchdog: Duration?
    /// From SIGTERM to SIGKILL, when it is to end.
    public var killGrace: Duration
    /// As whom it runs, and what the kernel keeps it to.
    public var process: ProcessSettings
    /// What the codes mean that it exits with.
    public var exitCodes: ExitCodes
    /// How long to wait before another attempt.
    public var retry: RetryPolicy
    /// What becomes of a run whose worker died (`on_crash` in files).
    public var rescue: RescuePolicy
    /// How many of its key run at once.
    public var concurrency: ConcurrencyLimit?
    /// How often something of its key is started.
    public var rate: RateLimit?

    /// Whether it has a key with a limit.
    public var isLimited: Bool { concurrency != nil || rate != nil }

    public init(
        command: Command, environment: [String: String] = [:], directory: String? = nil, input: [UInt8] = [],
        timeout: Duration? = nil, idleTimeout: Duration? = nil, watchdog: Duration? = nil,
        killGrace: Duration = standardKillGrace, process: ProcessSettings = ProcessSettings(),
        exitCodes: ExitCodes = ExitCodes(), retry: RetryPolicy = RetryPolicy(), rescue: RescuePolicy = .retry
    ) {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.input = input
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.watchdog = watchdog
        self.killGrace = killGrace
        self.process = process
        self.exitCodes = exitCodes
        self.retry = retry
        self.rescue = rescue
    }

    /// The usual ``killGrace``.
    public static let standardKillGrace: Duration = .seconds(10)
    /// What a timeout of any kind may be.
    public static let timeoutLimits = Duration.milliseconds(1)...Duration.accepted.upperBound
    /// What ``killGrace`` may be; zero: SIGKILL at once.
    public static let killGraceLimits = Duration.zero...Duration.seconds(3_600)
}

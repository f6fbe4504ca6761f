/// What is run, and how it is treated: the part that a job's definition and a dispatch's request have in common.
public struct Work: Hashable, Sendable {
    public var command: Command
    /// Variables set for the command besides the standard ones.
    public var environment: [String: String]
    /// The working directory; nil means the worker's home directory.
    public var directory: String?
    /// What the command reads on its standard input; empty means /dev/null.
    public var input: [UInt8]
    /// How long an attempt may run on the boot clock; nil means without limit.
    public var timeout: Duration?
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
        timeout: Duration? = nil, retry: RetryPolicy = RetryPolicy(), rescue: RescuePolicy = .retry
    ) {
        self.command = command
        self.environment = environment
        self.directory = directory
        self.input = input
        self.timeout = timeout
        self.retry = retry
        self.rescue = rescue
    }
}

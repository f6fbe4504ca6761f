public import SignalboxCore

/// How a worker works.
public struct WorkerOptions: Sendable {
    /// What people call it; nil means its host and process number.
    public var name: String?
    public var queues: [QueueName]
    /// How many commands it runs at once; 1 to ``slotsLimit``.
    public var slots: Int
    /// How long commands may go on after the first request to stop.
    public var drainTimeout: Duration
    public var version: String
    /// The environment that PATH, LANG and TZ are taken from.
    public var environment: [String: String]
    /// Handlers in this process. A worker that has any serves only them: neither commands nor handlers of the store.
    public var handlers: [HandlerName: any LocalHandler] = [:]

    public init(
        name: String? = nil, queues: [QueueName] = [.standard], slots: Int, drainTimeout: Duration = .seconds(25),
        version: String, environment: [String: String]
    ) {
        self.name = name
        self.queues = queues
        self.slots = slots
        self.drainTimeout = drainTimeout
        self.version = version
        self.environment = environment
    }

    public static let slotsLimit = 1024
    /// Between two looks that others get at what a command prints: the first is told at once.
    public static let tellingDistance: Duration = .milliseconds(50)
    /// How long to wait, after a command has ended, for what it started to let go of its output.
    public static let outputGrace: Duration = .seconds(2)
}

/// A worker as the durable store knows it: written when it starts, when it begins to drain, and when it ends.
public struct WorkerRegistration: Hashable, Sendable {
    public let id: WorkerID
    /// What people call it; its host and process number unless it was given a name.
    public var name: String
    public var process: ProcessIdentity
    public var bootID: BootID
    public var host: String
    /// Served in this order only by priority and time; all are equal.
    public var queues: [QueueName]
    /// What it takes from them.
    public var kinds: ServedKinds
    /// How many dispatches it runs at once.
    public var slots: Int
    public var version: String
    public var startedAt: Instant
    public var state: WorkerState

    public init(
        id: WorkerID, name: String, process: ProcessIdentity, bootID: BootID, host: String, queues: [QueueName],
        kinds: ServedKinds = .commands, slots: Int, version: String, startedAt: Instant
    ) {
        self.id = id
        self.name = name
        self.process = process
        self.bootID = bootID
        self.host = host
        self.queues = queues
        self.kinds = kinds
        self.slots = slots
        self.version = version
        self.startedAt = startedAt
        state = .online
    }
}

/// What a worker can run.
public struct ServedKinds: Hashable, Sendable {
    public var commands: Bool
    /// In the order of their names.
    public var handlers: [HandlerName]

    public init(commands: Bool, handlers: some Sequence<HandlerName>) {
        self.commands = commands
        self.handlers = handlers.sorted()
    }

    /// Commands, and no handler.
    public static let commands = ServedKinds(commands: true, handlers: [])

    /// Whether what is for `handler` can be run; nil: a command.
    public func serves(_ handler: HandlerName?) -> Bool { handler.map(handlers.contains) ?? commands }
}

/// A process that cannot be mistaken for a later one with the same number: numbers are reused, start times are not.
public struct ProcessIdentity: Hashable, Sendable {
    public var pid: Int32
    /// Clock ticks since boot, field 22 of /proc/PID/stat (proc(5)).
    public var startTicks: UInt64

    public init(pid: Int32, startTicks: UInt64) {
        self.pid = pid
        self.startTicks = startTicks
    }
}

/// Where a worker stands. Whether it lives is not written anywhere: its kernel lock says so.
public enum WorkerState: UInt8, Hashable, Sendable, CaseIterable {
    /// Claims and runs. Set by itself when it registers.
    case online = 0
    /// Finishes what it has and claims no more. Set by itself on SIGTERM.
    case draining = 1
    /// Ended in good order. Set by itself, last.
    case stopped = 2
    /// Its lock was found free though it had not stopped; what it ran has been settled. Set by the reaper.
    case dead = 3

    /// The word used in JSON and on pages.
    public var word: String {
        switch self {
        case .online: "online"
        case .draining: "draining"
        case .stopped: "stopped"
        case .dead: "dead"
        }
    }

    /// Whether it may still hold dispatches.
    public var isActive: Bool {
        switch self {
        case .online, .draining: true
        case .stopped, .dead: false
        }
    }
}

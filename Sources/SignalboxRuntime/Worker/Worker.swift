public import Logging
public import OrderedStore
import SignalboxCore
public import SignalboxStore
import Synchronization

/// Claims dispatches and runs their commands. It registers, keeps a kernel lock for as long as it lives, and does all
/// it has to do in one transaction a round.
public final class Worker<Engine: OrderedStore>: Sendable {
    private let store: JobStore<Engine>
    private let liveness: LivenessFile
    private let options: WorkerOptions
    private let clocks: any Clocks
    private let logger: Logger
    private let stopping: StopRequest
    /// Begins when it has registered.
    public let pulse: Pulse

    public init(
        store: JobStore<Engine>, liveness: LivenessFile, options: WorkerOptions, clocks: any Clocks, logger: Logger
    ) throws {
        precondition(
            (1...WorkerOptions.slotsLimit).contains(options.slots) && !options.queues.isEmpty,
            "a worker has 1 to \(WorkerOptions.slotsLimit) slots and at least one queue")
        self.store = store
        self.liveness = liveness
        self.options = options
        self.clocks = clocks
        self.logger = logger
        stopping = StopRequest(try WakeUp())
        pulse = try Pulse()
    }

    /// Runs until it has been stopped and nothing of its own is left running.
    ///
    /// The thread must last as long as the process: commands are started from it, and the kernel kills them when it
    /// ends.
    /// - Throws: ``WorkerError`` when the store counts it dead although it lives; it has ended its commands then.
    @available(*, noasync, message: "this blocks the thread; call it from a LoopThread")
    public func run() throws {
        let loop = try WorkerLoop(
            store: store, liveness: liveness, options: options, clocks: clocks, logger: logger, stopping: stopping,
            pulse: pulse)
        try loop.run()
    }

    /// For a process that is there to be a worker, before ``run()``: it takes in the orphans of its commands, so that their
    /// exits do not pile up elsewhere, and may have as many descriptors as the machine allows, for a command takes four.
    public static func prepareProcess() throws {
        try Orphans.adopt()
        KernelLimit.raiseOpenFiles()
    }

    /// Claims no more, lets commands go on for the drain timeout, then gives them back.
    public func drain() { stopping.ask(.drain) }

    /// Ends its commands at once, and gives them back.
    public func stopNow() { stopping.ask(.now) }
}

/// What a worker was asked, from another thread.
final class StopRequest: Sendable {
    enum Level: UInt8, Comparable {
        case none, drain, now
        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    let wakeUp: WakeUp
    private let asked = Mutex(Level.none)

    init(_ wakeUp: WakeUp) { self.wakeUp = wakeUp }

    var level: Level { asked.withLock { $0 } }

    func ask(_ level: Level) {
        asked.withLock { $0 = max($0, level) }
        wakeUp.raise()
    }
}

/// Why a worker ended without being asked.
public struct WorkerError: Error, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

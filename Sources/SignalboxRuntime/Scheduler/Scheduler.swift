public import Logging
public import OrderedStore
import SignalboxCore
public import SignalboxStore

/// Turns due times into dispatches. Run none, one or many: the store deals with each due time exactly once.
///
/// It sleeps until the next due time, until the bell says that this time may have moved, until somebody sets the
/// machine's clock or zone data change; never longer than an hour.
public final class Scheduler<Engine: OrderedStore>: Sendable {
    private let store: JobStore<Engine>
    private let options: SchedulerOptions
    private let clocks: any Clocks
    private let logger: Logger
    private let stopping: WakeUp
    /// Begins when all that was due has been dispatched.
    public let pulse: Pulse

    public init(
        store: JobStore<Engine>, options: SchedulerOptions = SchedulerOptions(), clocks: any Clocks, logger: Logger
    ) throws {
        self.store = store
        self.options = options
        self.clocks = clocks
        self.logger = logger
        stopping = try WakeUp()
        pulse = try Pulse()
    }

    /// Runs until ``stop()``.
    @available(*, noasync, message: "this blocks the thread; call it from a LoopThread")
    public func run() throws {
        var loop = try SchedulerLoop(
            store: store, options: options, clocks: clocks, logger: logger, stopping: stopping, pulse: pulse)
        try loop.run()
    }

    public func stop() { stopping.raise() }
}

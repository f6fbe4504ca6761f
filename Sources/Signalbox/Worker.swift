import Glibc
import LMDBEngine
public import Logging
import SignalboxCore
import SignalboxRuntime
public import SignalboxStore

/// Runs handlers in this process for dispatches of a store. It has the shape of a service of swift-service-lifecycle.
///
/// ```swift
/// let worker = Worker(store) { $0.handle(Resize.self) { job, context in … } }
/// try await worker.run()
/// ```
///
/// It takes only what its handlers are for: commands are left to `signalbox worker`.
public final class Worker: Sendable {
    private let store: Store
    private let handlers: Handlers
    private let queues: [String]
    private let slots: Int
    private let name: String?
    private let drainTimeout: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - queues: those it claims from.
    ///   - slots: how many dispatches it works on at once, 1 to 1024; nil: the number of cores.
    ///   - name: what people call it; nil: the host and the process number.
    ///   - drainTimeout: how long handlers may go on once it is to end.
    public init(
        _ store: Store, queues: [String] = ["default"], slots: Int? = nil, name: String? = nil,
        drainTimeout: Duration = .seconds(25), logger: Logger = .silent, _ register: (inout Handlers) -> Void
    ) {
        var handlers = Handlers()
        register(&handlers)
        self.store = store
        self.handlers = handlers
        self.queues = queues
        self.slots = slots ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        self.name = name
        self.drainTimeout = drainTimeout
        self.logger = logger
    }

    /// Registers with the store and works until its task is cancelled: then it claims no more, lets handlers go on for
    /// the drain timeout, cancels those that have not ended, gives their dispatches back, and returns.
    ///
    /// Meanwhile this process also takes care of workers of the store that die, unless another does.
    /// - Throws: `StoreGone` when the store is moved, deleted or replaced meanwhile; `NameError` for a name that none can have, ``WorkerSetupError``, and what makes work impossible.
    public func run() async throws {
        let worker = try SignalboxRuntime.Worker(
            store: store, liveness: store.liveness, options: try options(), clocks: try SystemClocks(), logger: logger)
        let reaper = try Reaper(
            store: store, liveness: store.liveness, clocks: try SystemClocks(), logger: logger)
        // It may wait for its lock as long as the process lives, so nobody waits for it.
        _ = try LoopThread(name: "reaper") { try reaper.run() }
        defer { reaper.stop() }
        let place = try PlaceKeeper(store.place(isRunningCommands: true))
        let keeper = try LoopThread(name: "place") {
            defer { worker.stopNow() }
            try place.run()
        }
        let thread = try LoopThread(name: "worker") {
            defer { place.stop() }
            try worker.run()
        }
        try await withTaskCancellationHandler {
            try await thread.value()
            try await keeper.value()
        } onCancel: {
            worker.drain()
        }
    }

    private func options() throws -> WorkerOptions {
        guard (1...WorkerOptions.slotsLimit).contains(slots) else {
            throw WorkerSetupError("a worker has 1 to \(WorkerOptions.slotsLimit) slots, not \(slots)")
        }
        var options = WorkerOptions(
            name: name, queues: try queues.map { try QueueName($0) }, slots: slots, drainTimeout: drainTimeout,
            version: "library", environment: [:])
        guard !queues.isEmpty, !handlers.list.isEmpty else {
            throw WorkerSetupError("a worker needs a queue to claim from and a handler to give work to")
        }
        for (name, handler) in handlers.list {
            guard options.handlers.updateValue(handler, forKey: try HandlerName(name)) == nil else {
                throw WorkerSetupError("two handlers of the worker are called \(quoted(name)): give one type another")
            }
        }
        return options
    }
}

/// What is wrong with how a worker was set up.
public struct WorkerSetupError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

extension Logger {
    /// Says nothing: a program that wants to hear of a store or worker hands over its own.
    public static var silent: Logger { Logger(label: "signalbox") { _ in SwiftLogNoOpLogHandler() } }
}

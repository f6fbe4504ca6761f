import ArgumentParser
import LMDBEngine
import Logging
import Signalbox
import SignalboxCore
import SignalboxRuntime

/// The options that `worker` and `up` share.
struct WorkerSettings: ParsableArguments {
    @Option(help: "How many commands run at once (default: the number of cores).")
    var slots: Int?

    @Option(
        help: ArgumentHelp("The queues to serve, as in default,mail (default: default).", valueName: "a,b"),
        transform: Parse.queues)
    var queues = [QueueName.standard]

    @Option(
        help: ArgumentHelp("How long commands may go on after SIGTERM (default: 25s).", valueName: "duration"),
        transform: Parse.duration)
    var drainTimeout: Duration?

    func validate() throws {
        let limit = WorkerOptions.slotsLimit
        if let slots, !(1...limit).contains(slots) {
            throw ValidationError("--slots is \(slots); 1 to \(limit) are possible")
        }
    }

    func worker(
        _ store: Store, name: String? = nil, logger: Logger
    ) throws -> SignalboxRuntime.Worker<Environment> {
        var options = WorkerOptions(
            name: name, queues: queues, slots: slots ?? Machine.cores, version: SignalboxCommand.version,
            environment: Machine.environment)
        if let drainTimeout { options.drainTimeout = drainTimeout }
        try SignalboxRuntime.Worker<Environment>.prepareProcess()
        return try SignalboxRuntime.Worker(
            store: store, liveness: store.liveness, options: options, clocks: try SystemClocks(), logger: logger)
    }
}

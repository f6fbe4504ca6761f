import ArgumentParser
import LMDBEngine
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStatus

struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run scheduler, worker and status server in one process: all that one box needs.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var settings: WorkerSettings
    @OptionGroup var clock: ClockSettings

    @Option(help: ArgumentHelp("A jobs.yaml to apply first.", valueName: "file"))
    var jobs: String?

    @Option(help: ArgumentHelp("Where the status server listens.", valueName: "address:port"), transform: Parse.address)
    var listen = ListenAddress.standard

    @OptionGroup var control: ControlSettings

    func run() throws {
        let logger = Log.make()
        // The file is read before the store is made, so that a broken file leaves nothing behind.
        let definitions = try jobs.map { try JobDefinitions(file: $0) }
        let path = store.path
        let control = try control.control(of: store)
        let store = try store.open(.create)
        if let definitions { try JobChanges(list: definitions.apply(to: store)).write(asJSON: false) }
        let clocks = try SystemClocks()
        let reaper = try Reaper(store: store, liveness: store.liveness, clocks: clocks, logger: logger)
        let source = StoreSource(path: path, logger: logger)
        // The server first: where it cannot listen, nothing is claimed.
        let parts: [any Part] = [
            try ServerPart(source, control: control, clocks: clocks, listen: listen, logger: logger),
            SchedulerPart(
                scheduler: try Scheduler(store: store, options: clock.options, clocks: clocks, logger: logger)),
            WorkerPart(worker: try settings.worker(store, logger: logger)),
        ]
        try ProcessRunner(
            parts, attendants: [ReaperPart(reaper: reaper), PlacePart(store, isRunningCommands: true)], logger: logger
        ).run()
    }
}

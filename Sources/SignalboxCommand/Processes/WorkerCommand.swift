import ArgumentParser
import LMDBEngine
import Signalbox
import SignalboxCore
import SignalboxRuntime

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Claim dispatches and run them; run many.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var settings: WorkerSettings

    @Option(help: "What people call it (default: host and process number).")
    var name: String?

    func run() throws {
        let logger = Log.make()
        let store = try store.open(.create)
        let reaper = try Reaper(
            store: store, liveness: store.liveness, clocks: try SystemClocks(), logger: logger)
        let worker = try settings.worker(store, name: name, logger: logger)
        try ProcessRunner(
            [WorkerPart(worker: worker)],
            attendants: [ReaperPart(reaper: reaper), PlacePart(store, isRunningCommands: true)], logger: logger
        ).run()
    }
}

import ArgumentParser
import LMDBEngine
import Signalbox
import SignalboxRuntime

struct SchedulerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler", abstract: "Turn due schedules into dispatches; run none, one or many.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var clock: ClockSettings

    func run() throws {
        let logger = Log.make()
        let store = try store.open(.create)
        let clocks = try SystemClocks()
        let reaper = try Reaper(store: store, liveness: store.liveness, clocks: clocks, logger: logger)
        let scheduler = try Scheduler(
            store: store, options: clock.options, clocks: clocks, logger: logger)
        try ProcessRunner(
            [SchedulerPart(scheduler: scheduler)],
            attendants: [ReaperPart(reaper: reaper), PlacePart(store, isRunningCommands: false)],
            logger: logger
        )
        .run()
    }
}

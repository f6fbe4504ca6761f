import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop dispatching a job; times that pass meanwhile are recorded as skipped.")

    @OptionGroup var store: StoreOptions

    @Argument(help: "The name of the job.")
    var name: String

    func run() throws {
        let changed = try store.open(.write).setPaused(true, try JobName(name), now: try currentTime())
        Terminal.writeLine(changed ? "paused \(name)" : "\(name) was paused already")
    }
}

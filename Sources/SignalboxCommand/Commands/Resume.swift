import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Dispatch a paused job again, from now on.")

    @OptionGroup var store: StoreOptions

    @Argument(help: "The name of the job.")
    var name: String

    func run() throws {
        let changed = try store.open(.write).setPaused(false, try JobName(name), now: try currentTime())
        Terminal.writeLine(changed ? "resumed \(name)" : "\(name) was not paused")
    }
}

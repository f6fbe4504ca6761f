import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove a job. What of it runs goes on to its end; what waits is SKIPPED; what has ended stays.")

    @OptionGroup var store: StoreOptions

    @Argument(help: "The name of the job.")
    var name: String

    func run() throws {
        try store.open(.write).remove(try JobName(name), now: try currentTime())
        Terminal.writeLine("removed \(name)")
    }
}

import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove a job. What of it runs goes on; what has ended stays to be read.")

    @OptionGroup var store: StoreOptions

    @Argument(help: "The name of the job.")
    var name: String

    func run() throws {
        try store.open(.write).remove(try JobName(name), now: try currentTime())
        Terminal.writeLine("removed \(name)")
    }
}

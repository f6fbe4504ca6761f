import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove a job. What of it runs goes on to its end; what waits is SKIPPED; what has ended stays.")

    @OptionGroup var store: StoreOptions

    @Argument(help: "The name of the job.")
    var name: String

    func run() throws {
        let (store, zones) = (try store.open(.write), ZoneFiles())
        let table = try zones.table(try zones.table([]), andThoseOf: store)
        try store.remove(try JobName(name), zones: table, now: try currentTime())
        Terminal.writeLine("removed \(name)")
    }
}

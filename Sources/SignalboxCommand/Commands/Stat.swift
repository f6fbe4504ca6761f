import ArgumentParser
import Signalbox
import SignalboxStore

struct Stat: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how the store itself is doing: its size and room, its readers and its writer.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    func run() throws {
        let statistics = try StoreStatistics(of: store.open(.read))
        if output.json { return try JSON.write(statistics) }
        statistics.write()
    }
}

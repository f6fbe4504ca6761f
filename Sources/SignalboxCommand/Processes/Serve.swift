import ArgumentParser
import LMDBEngine
import Signalbox
import SignalboxRuntime
import SignalboxStatus

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the status pages; opens the store read-only.")

    @OptionGroup var store: StoreOptions

    @Option(help: ArgumentHelp("Where to listen.", valueName: "address:port|unix:path"), transform: Parse.address)
    var listen = ListenAddress.standard

    func run() throws {
        let logger = Log.make()
        OpenFiles.raise(to: 2048)
        let (store, path) = (try store.open(.read), store.path)
        let clocks = try SystemClocks()
        let source = StoreSource(store) { try Store.open(at: path, .read, logger: logger) }
        let server = try ServerPart(source, clocks: clocks, listen: listen, logger: logger)
        try ProcessRunner([server], logger: logger).run()
    }
}

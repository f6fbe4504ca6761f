import ArgumentParser
import LMDBEngine
import Logging
import Signalbox
import SignalboxRuntime
import SignalboxStatus
import SignalboxStore

struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the status pages; opens the store read-only, unless they may control it.")

    @OptionGroup var store: StoreOptions

    @Option(help: ArgumentHelp("Where to listen.", valueName: "address:port|unix:path"), transform: Parse.address)
    var listen = ListenAddress.standard

    @OptionGroup var control: ControlSettings

    @Option(
        help: ArgumentHelp("Write the pages into a folder, as files for any web server, and end.", valueName: "folder"))
    var export: String?

    func run() throws {
        if let export { return try write(to: export) }
        let logger = Log.make()
        OpenFiles.raise(to: 2048)
        let clocks = try SystemClocks()
        let control = try control.control(of: store)
        let source = StoreSource(path: store.path, access: control == nil ? .read : .write, logger: logger)
        // A store that is not there yet is waited for, and one that is damaged can be mended meanwhile; what only
        // another call of this command can mend ends it.
        if let error = source.problem() {
            guard isPassing(error) else { throw error }
            source.note("\(error)")
        }
        let server = try ServerPart(source, control: control, clocks: clocks, listen: listen, logger: logger)
        try ProcessRunner([server], logger: logger).run()
    }

    private func write(to folder: String) throws {
        let clocks = try SystemClocks()
        let source = StoreSource(path: store.path, logger: Log.make(level: .critical))
        // Says what is wrong with the store, if anything is, as every other command does.
        _ = try store.open(.read)
        let place = try ExportFolder(at: folder)
        do {
            var site = StaticSite(source: source, now: { clocks.now() })
            let count = try site.draw { path, content in try place.add(content, at: path) }
            try place.publish()
            Terminal.writeLine("\(count) pages in \(folder)")
        } catch {
            place.discard()
            throw error
        }
    }

    private func isPassing(_ error: any Error) -> Bool {
        switch error {
        case is StoreAbsent: true
        case let error as EnvironmentError: error.code == .damaged
        case let error as StoreError: error.code == .damaged
        default: false
        }
    }
}

import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cancel a dispatch: what waits at once, what runs by SIGTERM and, after its grace, SIGKILL.")

    @OptionGroup var store: StoreOptions

    @Argument(help: "The number of the dispatch.", transform: Parse.dispatch)
    var id: DispatchID

    @Flag(help: "End what runs with SIGKILL, without a grace.")
    var now = false

    @Flag(help: "Wait for its end.")
    var wait = false

    func run() throws {
        let store = try store.open(.write)
        var dispatch = try store.cancel(id, atOnce: now, now: try currentTime())
        if wait { dispatch = try Following(store: store, id: id, printer: nil).run().view.dispatch }
        let word = dispatch.state.isTerminal ? dispatch.state.name : "asked to stop"
        let note = dispatch.reason == .cancelLate ? "; it ended by itself before it could be told" : ""
        Terminal.writeLine("dispatch \(id): \(word)\(note)")
    }
}

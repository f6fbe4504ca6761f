import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Pin: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keep a dispatch and its output, however old it grows.",
        discussion: "What is pinned is not counted among those that are kept. `signalbox unpin` lets it go again.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The number of the dispatch.", transform: Parse.dispatch)
    var id: DispatchID

    func run() throws { try change(store, output, id, isPinned: true) }
}

struct Unpin: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a pinned dispatch go when its time comes.",
        discussion: "What is older than is kept goes soon: see `signalbox settings`.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The number of the dispatch.", transform: Parse.dispatch)
    var id: DispatchID

    func run() throws { try change(store, output, id, isPinned: false) }
}

private func change(_ store: StoreOptions, _ output: JSONOption, _ id: DispatchID, isPinned: Bool) throws {
    let store = try store.open(.write)
    let isChanged = try store.setPinned(isPinned, id, now: currentTime())
    if output.json {
        guard let detail = try store.dispatch(id, now: currentTime()) else { throw StoreError.noDispatch(id) }
        return try JSON.write(detail)
    }
    let state = isPinned ? "pinned: it stays until `signalbox unpin \(id)`" : "not pinned"
    Terminal.writeLine("dispatch \(id) \(isChanged ? "is now" : "was already") \(state)")
}

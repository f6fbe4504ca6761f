import Glibc
import LMDBEngine
import OrderedStore
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

/// Follows one dispatch to its end: prints its output as it comes, if asked, and tells how it ended. It sleeps on the
/// bells of both environments and wakes for every commit; and when the store is moved, deleted or replaced, which ends it.
final class Following {
    private enum Token: Hashable { case store, live, place }

    private var store: Store
    private let id: DispatchID
    private let printer: OutputPrinter?
    private let reopen: (() throws -> Store)?

    /// - Parameters:
    ///   - printer: nil prints nothing.
    ///   - reopen: opens the store again. A reader finds no live data until some process has told any in this boot.
    init(store: Store, id: DispatchID, printer: OutputPrinter?, reopen: (() throws -> Store)? = nil) {
        self.store = store
        self.id = id
        self.printer = printer
        self.reopen = reopen
    }

    /// Returns when the dispatch has ended.
    /// - Throws: `StoreGone` when the store is no longer where it was.
    func run() throws -> DispatchDetail {
        let loop = try EventLoop<Token>()
        let lies = store.place()
        let placeWatch = try lies.watch()
        try loop.add(placeWatch, token: .place)
        let bell = try BellThread(store.engine, .anyChange, name: "bell")
        var liveBell = try listen(loop)
        try loop.add(bell.wakeUp, token: .store)
        var place = OutputPlace()
        while true {
            for event in try loop.wait() {
                switch event.token {
                case .store: bell.wakeUp.lower()
                case .live: liveBell?.wakeUp.lower()
                case .place: try placeWatch.acknowledge()
                }
            }
            if liveBell == nil, let newer = try? reopen?(), newer.live != nil {
                store = newer
                liveBell = try listen(loop)
            }
            let detail = try look(&place)
            if detail.view.state.isTerminal { return detail }
            // What has ended was told; after that nothing comes any more of a store that is gone.
            try lies.require()
        }
    }

    private func listen(_ loop: EventLoop<Token>) throws -> BellThread<Environment>? {
        guard let live = store.live else { return nil }
        let bell = try BellThread(live.engine, .anyChange, name: "live-bell")
        try loop.add(bell.wakeUp, token: .live)
        return bell
    }

    /// Prints what is new since `place`, attempt by attempt; each look brings the record and the output together.
    private func look(_ place: inout OutputPlace) throws -> DispatchDetail {
        var detail = try self.detail(attempt: place.attempt)
        guard let printer else { return detail }
        place.begin(detail.view.dispatch)
        printer.print(detail.output, from: &place)
        while place.attempt < detail.view.dispatch.startNumber {
            place = OutputPlace(attempt: place.attempt + 1)
            detail = try self.detail(attempt: place.attempt)
            place.begin(detail.view.dispatch)
            printer.print(detail.output, from: &place)
        }
        return detail
    }

    private func detail(attempt: Int) throws -> DispatchDetail {
        guard let detail = try store.dispatch(id, attempt: attempt) else {
            throw Failure(.notFound, "the dispatch \(id) was removed while it was waited for")
        }
        return detail
    }
}

/// How far output has been printed.
struct OutputPlace {
    var attempt = 1
    /// The time of the last line printed; lines that were read together share one, and are printed together.
    var offset: Duration?
    private var started: Moment?

    init(attempt: Int = 1) { self.attempt = attempt }

    /// An attempt that was given back does not count, and its number is used again: it begins anew.
    mutating func begin(_ dispatch: Dispatch) {
        guard dispatch.startNumber == attempt, dispatch.started != started else { return }
        if started != nil { offset = nil }
        started = dispatch.started
    }
}

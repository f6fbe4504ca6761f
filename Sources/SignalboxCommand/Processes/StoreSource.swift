import LMDBEngine
import Logging
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStatus
import SignalboxStore
import Synchronization

/// The store as the status server looks at it: whatever store lies at the path when a page is asked for. It may not be
/// there yet, go away, be replaced by a restored one, or be damaged and mended; none of that needs a restart. Each look
/// begins by asking the file system what is there, which costs some ten system calls, and none between the looks.
final class StoreSource: StatusSource {
    fileprivate struct State {
        var store: Store?
        /// Who waits on its bells, and on the place it lies at.
        var watches: [WeakWatch] = []
        var place: PlaceKeeper?
        /// What was last said of a store that cannot be read, so that it is said once.
        var complaint: String?
    }

    private let path: String
    private let access: Store.Access
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter access: to write where something else of this process does: a process has a store open in one way.
    init(path: String, access: Store.Access = .read, logger: Logger) {
        self.path = path
        self.access = access
        self.logger = logger
    }

    /// Why the store cannot be looked at now; nil when it can. Nobody is told yet.
    func problem() -> (any Error)? {
        do {
            _ = try present().sequence()
            return nil
        } catch {
            state.withLock { $0.letGo() }
            return error
        }
    }

    func status(now: Now) throws -> StatusView { try look { try $0.status(now: now) } }
    func overview(now: Now) throws -> Overview { try look { try $0.overview(now: now) } }
    func jobs(_ filter: JobFilter, now: Now) throws -> JobPage {
        try look { try $0.page(of: filter, recent: 20, now: now) }
    }
    func job(_ name: JobName, now: Now) throws -> JobDetail? { try look { try $0.job(name, now: now) } }
    func dispatches(_ filter: DispatchFilter, now: Now) throws -> DispatchPage {
        try look { try $0.page(of: filter, now: now) }
    }
    func dispatch(_ id: DispatchID, now: Now) throws -> DispatchDetail? { try look { try $0.dispatch(id, now: now) } }
    func workers() throws -> WorkerList { try look { try $0.workerList() } }
    func metrics(now: Now) throws -> MetricsView { try look { try $0.metrics(now: now) } }
    func queues(now: Now) throws -> QueueList { try look { try $0.queueList(now: now) } }
    func timeline(after name: JobName?, now: Now) throws -> Timeline {
        try look { store in
            // Read anew each time, as the scheduler does when they change: a page must not tell other times than it
            // keeps.
            let zones = ZoneFiles()
            let table = try zones.table(ZoneTable(machine: zones.machine()), andThoseOf: store)
            return try store.timeline(after: name, zones: table, now: now)
        }
    }

    func look<Content>(_ body: (Store) throws -> Content) throws -> Content {
        do {
            let content = try body(try present())
            note(nil)
            return content
        } catch {
            // What is held of a store that is damaged may be damaged, too: the next look opens it anew.
            state.withLock { $0.letGo() }
            note("\(error)")
            throw error
        }
    }

    /// Somewhere to wait for changes of the present store. It is cancelled when that store is no longer the one at the
    /// path, which is found out at once, although nothing rings any more then.
    func watch(_ engine: (Store) -> Environment?) throws -> Environment.Watch? {
        try look { store in
            guard let watch = try engine(store)?.watch(.anyChange) else { return nil }
            let mustKeepPlace = state.withLock { state in
                state.watches = state.watches.filter { $0.watch != nil } + [WeakWatch(watch: watch)]
                return state.place == nil && state.store === store
            }
            if mustKeepPlace { try keepPlace(of: store) }
            return watch
        }
    }

    private func keepPlace(of store: Store) throws {
        let place = try PlaceKeeper(
            StorePlace(folder: store.engine.directory) { [weak engine = store.engine] in
                guard let engine else { return true }
                return try engine.isInPlaceAsFarAsKnown()
            })
        state.withLock { $0.place = place }
        _ = try LoopThread(name: "place") { [weak self] in
            // Whatever it ends with, the next look finds what is there now.
            do { try place.run() } catch is StoreGone { _ = try? self?.look { try $0.sequence() } }
        }
    }

    /// The store at the path, opened if it is another one than before.
    private func present() throws -> Store {
        try state.withLock { state in
            if let store = state.store, try store.isInPlace() { return store }
            state.letGo()
            do {
                StoreFault.explain(storeAt: path)
                let store = try Store.open(at: path, access, logger: logger)
                state.store = store
                return store
            } catch let error as EnvironmentError where error.code == .notFound {
                throw StoreAbsent(path: path)
            }
        }
    }

    /// Tells what is wrong, or (nil) that nothing is any more; once.
    func note(_ complaint: String?) {
        let before = state.withLock { state in
            defer { state.complaint = complaint }
            return state.complaint
        }
        guard before != complaint else { return }
        if let complaint {
            logger.warning("the store cannot be read", metadata: ["error": "\(complaint)"])
        } else {
            logger.notice("the store can be read again", metadata: ["store": "\(path)"])
        }
    }
}

extension StoreSource.State {
    /// The store is opened anew by the next look; who waits for changes of this one waits no more.
    fileprivate mutating func letGo() {
        store = nil
        for watch in watches { watch.watch?.cancel() }
        watches = []
        place?.stop()
        place = nil
    }
}

/// A watch that others hold.
fileprivate struct WeakWatch {
    weak var watch: Environment.Watch?
}

/// There is nothing at the path yet, or no more.
struct StoreAbsent: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "there is no store at \(quoted(path)): it is shown as soon as there is one, which `signalbox add`, "
            + "`signalbox enqueue` and `signalbox up` make"
    }
}

extension Store {
    /// Whether this is all of what lies at its path, the live data of this boot included.
    fileprivate func isInPlace() throws -> Bool {
        guard try engine.isInPlace(), let live else { return false }
        return (try? live.engine.isInPlace()) ?? false
    }
}

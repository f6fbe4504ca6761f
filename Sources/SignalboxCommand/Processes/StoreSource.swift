import LMDBEngine
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStatus
import SignalboxStore
import Synchronization

/// The store as the status server looks at it. A server that was started before anything else in this boot finds no
/// live data; it looks for them again until they are there.
final class StoreSource: StatusSource {
    private let current: Mutex<Store>
    private let reopen: @Sendable () throws -> Store

    init(_ store: Store, reopen: @escaping @Sendable () throws -> Store) {
        current = Mutex(store)
        self.reopen = reopen
    }

    var store: Store {
        current.withLock { store in
            if store.live == nil, let newer = try? reopen() { store = newer }
            return store
        }
    }

    func overview() throws -> Overview { try store.overview(now: currentTime()) }
    func jobs() throws -> [JobView] { try store.jobs(recent: 20, now: currentTime()) }
    func job(_ name: JobName) throws -> JobDetail? { try store.job(name, now: currentTime()) }
    func dispatches(_ filter: DispatchFilter) throws -> DispatchPage { try store.page(of: filter, now: currentTime()) }
    func dispatch(_ id: DispatchID) throws -> DispatchDetail? { try store.dispatch(id, now: currentTime()) }
    func workers() throws -> [WorkerView] { try store.workers() }
    func queues() throws -> [QueueDetail] { try store.queueDetails(now: currentTime()) }
    func timeline(after name: JobName?) throws -> Timeline {
        let store = store
        // Read anew each time, as the scheduler does when they change: a page must not tell other times than it keeps.
        let zones = ZoneFiles()
        let table = try zones.table(ZoneTable(machine: zones.machine()), andThoseOf: store)
        return try store.timeline(after: name, zones: table, now: currentTime())
    }
    func sequence() throws -> UInt64 { try store.sequence() }
    func storeID() throws -> String { try store.storeID() }
}

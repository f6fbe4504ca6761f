import LMDBEngine
import OrderedStore
import Signalbox
import SignalboxStatus
import SignalboxStore

/// The live feed's side of the store.
extension StoreSource {
    func feed(since: UInt64, limit: Int, changes: Int) throws -> FeedPart {
        try store.feed(since: since, limit: limit, changes: changes)
    }

    func commits() throws -> any ChangeWatch { try store.engine.watch(.anyChange) }
    func liveCommits() throws -> (any ChangeWatch)? { try store.live?.engine.watch(.anyChange) }
    func liveMarks() throws -> LiveMarks { try store.live?.marks() ?? LiveMarks() }
}

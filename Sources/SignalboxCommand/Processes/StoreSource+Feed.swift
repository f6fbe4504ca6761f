import LMDBEngine
import OrderedStore
import Signalbox
import SignalboxStatus
import SignalboxStore

/// The live feed's side of the store.
extension StoreSource {
    func sequence() throws -> UInt64 { try look { try $0.sequence() } }

    func feed(since: UInt64, limit: Int, changes: Int) throws -> FeedPart {
        try look { try $0.feed(since: since, limit: limit, changes: changes) }
    }

    func commits() throws -> any ChangeWatch {
        guard let watch = try watch({ $0.engine }) else { preconditionFailure("a store has a bell") }
        return watch
    }
    func liveCommits() throws -> (any ChangeWatch)? { try watch { $0.live?.engine } }
    func liveMarks() throws -> LiveMarks { try look { try $0.live?.marks() ?? LiveMarks() } }
}

import OrderedStore
import SignalboxStatus
import SignalboxStore
import SignalboxTesting

extension FixedSource {
    func feed(since: UInt64, limit: Int, changes: Int) throws -> FeedPart {
        if let error { throw error }
        guard let store else {
            return FeedPart(frames: [], newest: since, next: since, hasGap: false, hasMore: false)
        }
        return try store.feed(since: since, limit: limit, changes: changes)
    }

    func commits() throws -> any ChangeWatch { try (store?.engine ?? MemoryEngine(buckets: [])).watch(.anyChange) }
    func liveCommits() throws -> (any ChangeWatch)? { try store?.live?.engine.watch(.anyChange) }
    func liveMarks() throws -> LiveMarks { try store?.live?.marks() ?? LiveMarks() }
}

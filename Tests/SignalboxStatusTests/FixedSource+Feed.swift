import OrderedStore
import SignalboxStatus
import SignalboxStore
import SignalboxTesting

extension FixedSource {
    func feed(since: UInt64, limit: Int, changes: Int) throws -> FeedPart {
        if let error { throw error }
        if let store { return try store.feed(since: since, limit: limit, changes: changes) }
        let rest = frames.filter { $0.sequence > since }
        let part = Array(rest.prefix(limit))
        let newest = frames.isEmpty ? since : shown.status.sequence
        return FeedPart(
            frames: part, newest: newest, next: part.count < rest.count ? part.last?.sequence ?? since : newest,
            hasGap: false, hasMore: part.count < rest.count)
    }

    func commits() throws -> any ChangeWatch { try (store?.engine ?? MemoryEngine(buckets: [])).watch(.anyChange) }
    func liveCommits() throws -> (any ChangeWatch)? { try store?.live?.engine.watch(.anyChange) }
    func liveMarks() throws -> LiveMarks { try store?.live?.marks() ?? LiveMarks() }
}

import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `The feed` {
    @Test(arguments: EngineKind.allCases)
    func `shows every transition once and in order, however it is cut into parts`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            for _ in 0..<5 {
                let id = try store.enqueue()
                try store.finish(try store.claimOne(worker))
                #expect(try store.state(id) == .success)
            }
            let whole = try store.jobs.feed(since: 0, limit: .max)
            let moves = whole.frames.flatMap(\.changes).map { "\($0.id) \($0.from?.name ?? "-") \($0.to.name)" }
            let expected = (1...5).flatMap { id in
                ["\(id) - PENDING", "\(id) PENDING IN_PROGRESS", "\(id) IN_PROGRESS SUCCESS"]
            }
            #expect(moves == expected)
            #expect(!whole.hasGap && !whole.hasMore && whole.next == whole.newest)
            var (parts, since): ([FeedFrame], UInt64) = ([], 0)
            repeat {
                let part = try store.jobs.feed(since: since, limit: 2)
                #expect(part.frames.count <= 2 && !part.hasGap)
                parts += part.frames
                since = part.next
            } while since < whole.newest
            #expect(parts == whole.frames)
            #expect(try store.jobs.feed(since: since, limit: 2).frames.isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `stops behind the frame that has brought enough changes`(engine: EngineKind) throws {
        try engine.withStore { store in
            for _ in 0..<4 { try store.enqueue() }
            let part = try store.jobs.feed(since: 0, limit: 10, changes: 2)
            #expect(part.frames.count == 2 && part.hasMore)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `says when what was asked for is no longer kept, or never was`(engine: EngineKind) throws {
        try engine.withStore { store in
            for _ in 0..<4 { try store.enqueue() }
            let newest = try store.jobs.sequence()
            #expect(
                try store.jobs.feed(since: newest, limit: 9)
                    == FeedPart(
                        frames: [], newest: newest, next: newest, hasGap: false, hasMore: false))
            for ahead in [newest + 1, .max] { #expect(try store.jobs.feed(since: ahead, limit: 9).hasGap) }
            try store.forgetEvents(before: newest)
            #expect(try store.jobs.feed(since: 1, limit: 9).hasGap)
            #expect(try !store.jobs.feed(since: newest - 1, limit: 9).hasGap)
            let rest = try store.jobs.feed(since: 0, limit: 9)
            #expect(!rest.hasGap && rest.frames.map(\.sequence) == [newest])
        }
    }
}

extension StoreUnderTest {
    /// Drops the oldest events, as a ring that is full does.
    fileprivate func forgetEvents(before first: UInt64) throws {
        let gone = try raw.entries(Buckets.events).filter {
            $0.key.lexicographicallyPrecedes(Key.sequence(first).bytes)
        }
        for entry in gone { try raw.delete(entry.key, Buckets.events) }
        try raw.change(StoreState.self, StoreState.key, in: Buckets.meta) { state in
            state.firstEvent = first
            state.eventBytes -= UInt64(gone.reduce(0) { $0 + $1.value.count })
        }
    }
}

extension JobOperations {
    fileprivate func feed(since: UInt64, limit: Int) throws -> FeedPart {
        try feed(since: since, limit: limit, changes: .max)
    }
}

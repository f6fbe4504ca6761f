import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Testing

@testable import SignalboxRuntime

@Suite struct `Who keeps a store small` {
    private func withKeeper(
        _ body: (TestStore<MemoryEngine>, inout RetentionKeeper<MemoryEngine>) throws -> Void
    ) throws {
        try withMemoryStore { store in
            try store.jobs.setRetention(.unset, enqueued: KeepPolicy(text: "skipped: 30d"), now: store.now)
            for _ in 1...10 {
                let item = Enqueuing(request: Request(command: .program(["true"])))
                let id = try store.jobs.enqueue(item, now: store.now).id
                _ = try store.jobs.cancel(id, now: store.now)
            }
            var keeper = RetentionKeeper(store: store.jobs, logger: Logger(label: "test"), now: store.now)
            try body(store, &keeper)
        }
    }

    /// Lets it do all that it finds to do, which leaves so many.
    private func settle(
        _ keeper: inout RetentionKeeper<MemoryEngine>, _ store: TestStore<MemoryEngine>, leaving count: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        while try keeper.step(store.now) {}
        let left = try store.jobs.status().count(.cancelled)
        #expect(left == count, sourceLocation: sourceLocation)
    }

    @Test func `looks at its start, when something grows too old, and once an hour`() throws {
        try withKeeper { store, keeper in
            try settle(&keeper, store, leaving: 10)
            #expect(keeper.nextTime == store.now.boot + .seconds(3600))
            store.clock.advance(by: .seconds(30 * 86_400) - .seconds(600))
            try settle(&keeper, store, leaving: 10)
            #expect(keeper.nextTime == store.now.boot + .seconds(600))
            store.clock.advance(by: .seconds(601))
            try settle(&keeper, store, leaving: 0)
        }
    }

    @Test func `looks when what is kept changes, and not before`() throws {
        try withKeeper { store, keeper in
            try settle(&keeper, store, leaving: 10)
            try store.jobs.setRetention(.unset, enqueued: KeepPolicy(text: "skipped: 4"), now: store.now)
            try settle(&keeper, store, leaving: 10)
            let change = try store.jobs.workerView(queues: [], now: store.now).newestRetention
            keeper.note(change: change, store.now)
            try settle(&keeper, store, leaving: 4)
        }
    }

    @Test func `takes half, and half again, as long as the store is too full`() throws {
        try withKeeper { store, keeper in
            try settle(&keeper, store, leaving: 10)
            store.jobs.engine.fill(90)
            try settle(&keeper, store, leaving: 10)
            store.clock.advance(by: .seconds(30))
            try settle(&keeper, store, leaving: 0)
        }
    }

    @Test func `takes half once where that is enough`() throws {
        try withKeeper { store, keeper in
            try settle(&keeper, store, leaving: 10)
            store.clock.advance(by: .seconds(30))
            store.jobs.engine.fill(90)
            let hasMore = try keeper.step(store.now)
            #expect(hasMore)
            store.jobs.engine.fill(50)
            try settle(&keeper, store, leaving: 5)
        }
    }
}

extension MemoryEngine {
    fileprivate func fill(_ percent: Int) {
        setRoom(Room(used: percent << 20, limit: 100 << 20, held: 0, freeOnDisk: .max))
    }
}

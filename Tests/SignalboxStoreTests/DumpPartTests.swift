import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

/// Method: a store in which what is kept and what is left out have to do with each other is dumped in part and restored; the
/// restored store is sound, and goes on as the original does.
@Suite struct `A dump of a part` {
    private func withPart(
        _ selection: (StoreUnderTest) throws -> DumpSelection,
        _ body: (StoreUnderTest, _ part: StoreUnderTest) throws -> Void
    ) throws {
        try withMemoryStore { store in
            let steps = StoreUnderTest(store)
            let restored = try restore(dumped(store.jobs, try selection(steps)))
            #expect(try restored.verify().faults == [])
            let part = StoreUnderTest(restored, beside: steps)
            try body(steps, part)
            #expect(try restored.verify().faults == [])
        }
    }

    @Test func `of a job lets go who waits for a place that is taken by what is left out`() throws {
        let limit = ConcurrencyLimit(key: "database", max: 2)
        var job: JobName?
        try withPart({ store in
            let worker = try store.worker(slots: 9)
            try store.enqueue(concurrency: limit)
            try store.enqueue(concurrency: limit)
            #expect(try store.takeAll(worker).count == 2)
            var definition = try store.definition("limited", "@manual", overlap: .allow)
            definition.work.concurrency = limit
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            job = definition.name
            for _ in 0..<3 { _ = try store.jobs.run(definition.name, mode: .force, input: nil, now: store.now) }
            #expect(try store.takeAll(worker) == [])
            return DumpSelection(jobs: [definition.name])
        }) { store, part in
            let runs = try part.runs(of: try #require(job))
            #expect(runs.map(\.state) == [.pending, .pending, .pending])
            // The limit holds as before.
            let worker = try part.worker(slots: 9)
            #expect(try part.takeAll(worker) == runs.prefix(2).map(\.id))
            #expect(try part.state(runs[2].id) == .blocked)
        }
    }

    @Test func `keeps who waits for a place of a key whose runners are all kept`() throws {
        let limit = ConcurrencyLimit(key: "database")
        try withPart({ store in
            for _ in 0..<2 { try store.enqueue(concurrency: limit) }
            let worker = try store.worker(slots: 9)
            #expect(try store.takeAll(worker).count == 1)
            return DumpSelection(since: .distantFuture)
        }) { store, part in
            let (events, kept) = (try store.raw.entries(Buckets.events), try part.raw.entries(Buckets.events))
            #expect(try part.state(DispatchID(2)) == .blocked && kept == events)
        }
    }

    @Test(arguments: [true, false])
    func `sets aside only what something in it waits for`(isOfJob: Bool) throws {
        var first = DispatchID(0)
        try withPart({ store in
            try store.jobs.setRetention(try KeepPolicy(text: "success: 1"), enqueued: .unset, now: store.now)
            let (job, worker) = (try store.define("job", "@manual"), try store.worker())
            func run() throws -> DispatchID {
                let id = try store.jobs.run(job, mode: .force, input: nil, now: store.now)
                try store.finish(try store.claimOne(worker))
                store.clock.advance(by: .seconds(1))
                return id
            }
            first = try run()
            let late = try store.enqueue(delay: .seconds(3600))
            try store.enqueue(after: [first, late])
            _ = (try run(), try run())
            #expect(try store.isSetAside(first))
            return isOfJob ? DumpSelection(jobs: [job]) : DumpSelection(since: .distantFuture)
        }) { store, part in
            let isSetAside = try part.isSetAside(first)
            #expect(isSetAside == !isOfJob)
        }
    }

    @Test func `has what was made again of that which something in it comes after`() throws {
        var waits = DispatchID(0)
        try withPart({ store in
            let worker = try store.worker()
            let first = try store.enqueue(attempts: 1)
            try store.finish(try store.claimOne(worker), .ended(.exited(64)))
            let late = try store.enqueue(delay: .seconds(20))
            waits = try store.enqueue(after: [late, first])
            _ = try store.jobs.requeue(first, now: store.now)
            try store.finish(try store.claimOne(worker))
            return DumpSelection(since: .distantFuture)
        }) { store, part in
            store.clock.advance(by: .seconds(21))
            for each in [store, part] {
                try each.jobs.promote(now: each.now)
                try each.finish(try each.claimOne(try each.worker()))
                #expect(try each.state(waits) == .pending)
            }
        }
    }

    @Test func `since a time holds the keys that are held, though their holders are left out`() throws {
        let scopes = [UniqueScope.forever, .window(.seconds(3600)), .active]
        try withPart({ store in
            let worker = try store.worker()
            for scope in scopes {
                try store.offer("\(scope)", scope: scope)
                try store.finish(try store.claimOne(worker))
            }
            return DumpSelection(since: .distantFuture)
        }) { store, part in
            for each in [store, part] {
                let found = try scopes.map { try each.offer("\($0)", scope: $0).deduplicated }
                #expect(found == [true, true, false])
            }
            store.clock.advance(by: .seconds(3601))
            let later = try part.offer("\(scopes[1])", scope: scopes[1])
            #expect(!later.deduplicated)
        }
    }
}

extension StoreUnderTest {
    /// Whether retention has passed a dispatch over.
    fileprivate func isSetAside(_ id: DispatchID) throws -> Bool {
        let key = Key.dispatch(id).bytes
        let entry = try #require(try raw.entries(Buckets.dispatches).first { $0.key == key })
        return try DispatchRecord(record: entry.value.span, key: entry.key.span).isSetAside
    }
}

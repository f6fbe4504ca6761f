import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Testing

@Suite struct `Enqueuing in bulk` {
    @Test func `makes all items in one transaction, in their order`() throws {
        try withMemoryStore { store in
            let before = try store.jobs.sequence()
            let enqueued = try store.jobs.enqueue([item("one"), item("two"), item("three")], now: store.now)
            #expect(try store.jobs.sequence() == before + 1)
            #expect(enqueued.map(\.deduplicated) == [false, false, false])
            let programs = try enqueued.map { try store.jobs.dispatch($0.id)?.request.command }
            #expect(programs == ["one", "two", "three"].map { .program([$0]) })
        }
    }

    @Test func `names the item that is refused, and makes none`() throws {
        try withMemoryStore { store in
            let items = [item("one"), Enqueuing(request: Request(command: .program([]))), item("three")]
            let refusal = try #require(throws: RefusedItem.self) { try store.jobs.enqueue(items, now: store.now) }
            #expect(refusal.index == 1)
            #expect(refusal.cause.code == .invalid)
            #expect(refusal.description.hasPrefix("item 2: there is no command to run"))
            #expect(try store.jobs.dispatches(DispatchFilter()).isEmpty)
        }
    }

    @Test func `makes none when the last item comes after a dispatch that is not there`() throws {
        try withMemoryStore { store in
            var last = item("last")
            last.request.after = [DispatchID(99)]
            let refusal = try #require(throws: RefusedItem.self) {
                try store.jobs.enqueue([item("first"), last], now: store.now)
            }
            #expect(refusal.index == 1)
            #expect(refusal.cause.code == .notFound)
            #expect(try store.jobs.dispatches(DispatchFilter()).isEmpty)
        }
    }

    @Test func `makes one dispatch of items with the same unique key`() throws {
        try withMemoryStore { store in
            var unique = item("once")
            unique.request.unique = UniqueKey("key")
            let enqueued = try store.jobs.enqueue([unique, unique], now: store.now)
            #expect(enqueued.map(\.deduplicated) == [false, true])
            #expect(enqueued[0].id == enqueued[1].id)
        }
    }

    @Test func `of nothing changes nothing`() throws {
        try withMemoryStore { store in
            let before = try store.jobs.sequence()
            #expect(try store.jobs.enqueue([], now: store.now).isEmpty)
            #expect(try store.jobs.sequence() == before)
        }
    }

    private func item(_ program: String) -> Enqueuing { Enqueuing(request: Request(command: .program([program]))) }
}

import SignalboxCore
import SignalboxStore
import Testing

@Suite struct `Making a dispatch again` {
    @Test(arguments: EngineKind.allCases)
    func `runs what the ended one ran, and leaves that as it is`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue("backup", attempts: 1, unique: "key")
            try store.finish(try store.claimOne(try store.worker()), .ended(.exited(64)))
            let before = try store.dispatch(id)
            let copy = try store.jobs.requeue(id, now: store.now)
            #expect(try store.dispatch(copy).parent == id && store.state(copy) == .pending)
            #expect(try store.dispatch(id) == before)
            let request = try store.jobs.dispatch(copy, attempt: nil)?.request
            #expect(request?.command == .program(["backup"]) && request?.uniqueKey == "key")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is refused while it has not ended, or another holds its key`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(attempts: 1, unique: "key")
            #expect(code { _ = try store.jobs.requeue(id, now: store.now) } == .refused)
            try store.finish(try store.claimOne(try store.worker()))
            _ = try store.enqueue(unique: "key")
            #expect(code { _ = try store.jobs.requeue(id, now: store.now) } == .refused)
            #expect(code { _ = try store.jobs.requeue(DispatchID(99), now: store.now) } == .notFound)
        }
    }
}

import SignalboxCore
import SignalboxStore
import SignalboxTesting
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
            #expect(request?.command == .program(["backup"]) && request?.unique?.text == "key")
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

    @Test(arguments: EngineKind.allCases)
    func `comes after what that came after, where that is still to wait for`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let (parent, slow) = (try store.enqueue(priority: 0), try store.enqueue())
            let child = try store.enqueue(after: [parent, slow])
            try store.finish(try store.claimOne(worker), .ended(.exited(64)))
            let unheld = try store.jobs.requeue(child, now: store.now)
            #expect(try store.dispatch(unheld).blocker == slow, "what has failed does not hold it up")
            let again = try store.jobs.requeue(parent, now: store.now)
            _ = try store.jobs.cancel(slow, now: store.now)
            let held = try store.jobs.requeue(child, now: store.now)
            #expect(try store.dispatch(held).blocker == again, "what stands in for that does")
            _ = try store.jobs.cancel(again, now: store.now)
            #expect(try store.dispatch(held).reason == .parentFailed)
            #expect(try store.state(store.jobs.requeue(child, now: store.now)) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `has all attempts before it, and takes the key that the ended one holds`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            for scope in [UniqueScope.window(.seconds(60)), .forever] {
                let unique = UniqueKey("\(scope)", scope: scope)
                let item = Enqueuing(request: Request(command: .program(["true"]), unique: unique), maxAttempts: 2)
                let first = try store.jobs.enqueue(item, now: store.now).id
                for _ in 1...2 {
                    try store.finish(try store.claimOne(worker), .ended(.exited(1)))
                    store.clock.advance(by: .seconds(20))
                }
                #expect(try store.state(first) == .failed)
                let copy = try store.jobs.requeue(first, now: store.now)
                #expect(try store.jobs.enqueue(item, now: store.now).id == copy)
                #expect(try store.claimOne(worker).attempt == 1)
                #expect(code { _ = try store.jobs.requeue(first, now: store.now) } == .refused)
                try store.finish(try store.dispatch(copy))
                #expect(code { _ = try store.jobs.requeue(first, now: store.now) } == .refused, "\(copy) holds the key")
                _ = try store.jobs.cancel(try store.jobs.requeue(copy, now: store.now), now: store.now)
            }
        }
    }
}

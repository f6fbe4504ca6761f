import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Testing

@Suite struct `A dispatch that comes after others` {
    @Test(arguments: EngineKind.allCases)
    func `waits until all of them have succeeded`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker(slots: 2)
            let parents = [try store.enqueue(), try store.enqueue()]
            let child = try store.enqueue(after: parents)
            let blocked = try store.dispatch(child)
            #expect(blocked.state == .blocked && blocked.reason == .dependency && blocked.blocker == parents[0])
            let claimed = try store.claim(worker, slots: 2).map(\.dispatch)
            try store.finish(claimed[0])
            #expect(try store.dispatch(child).blocker == parents[1])
            try store.finish(claimed[1])
            let free = try store.dispatch(child)
            #expect(free.state == .pending && free.blocker == nil && free.reason == .none)
            #expect(try store.claimOne(worker).id == child)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is free at once when they have succeeded, cancelled at once when one has not`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let good = try store.enqueue()
            try store.finish(try store.claimOne(worker))
            let bad = try store.enqueue(attempts: 1)
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            #expect(try store.state(store.enqueue(after: [good])) == .pending)
            let late = try store.enqueue(after: [good, bad])
            let cancelled = try store.dispatch(late)
            #expect(cancelled.state == .cancelled && cancelled.reason == .parentFailed)
            #expect(try store.state(store.enqueue(after: [late])) == .cancelled, "and so are those that come after it")
            #expect(code { try store.enqueue(after: [DispatchID(99)]) } == .notFound)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `goes on waiting while its parent is retried`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let parent = try store.enqueue()
            let child = try store.enqueue(after: [parent])
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            #expect(try store.state(child) == .blocked)
            store.clock.advance(by: .seconds(60))
            try store.finish(try store.claimOne(worker))
            #expect(try store.state(child) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `looks at them when its delay is over`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let parent = try store.enqueue(attempts: 1)
            let children = [
                try store.enqueue(delay: .seconds(5), after: [parent]),
                try store.enqueue(delay: .seconds(15), after: [parent]),
                try store.enqueue(delay: .seconds(5)),
            ]
            store.clock.advance(by: .seconds(5))
            try store.jobs.promote(now: store.now)
            #expect(try children.map(store.state) == [.blocked, .scheduled, .pending])
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            #expect(try children.map(store.state) == [.cancelled, .scheduled, .pending])
            store.clock.advance(by: .seconds(10))
            try store.jobs.promote(now: store.now)
            #expect(try store.dispatch(children[1]).reason == .parentFailed)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `ends with its parent, in chains of any length`(engine: EngineKind) throws {
        try engine.withStore { store in
            var chain = [try store.enqueue(attempts: 1)]
            for _ in 1..<10_000 { chain.append(try store.enqueue(after: [chain[chain.count - 1]])) }
            try store.finish(try store.claimOne(try store.worker()), .ended(.exited(1)))
            let status = try store.jobs.status()
            #expect(status.count(.failed) == 1 && status.count(.cancelled) == 9_999 && status.count(.blocked) == 0)
            #expect(try store.dispatch(chain[9_999]).reason == .parentFailed)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `ends with its parent, however many there are`(engine: EngineKind) throws {
        try engine.withStore { store in
            let parent = try store.enqueue(attempts: 1)
            for _ in 0..<2_000 { try store.enqueue(after: [parent]) }
            _ = try store.jobs.cancel(parent, now: store.now)
            #expect(try store.jobs.status().count(.cancelled) == 2_001)
        }
    }
}

/// What becomes of one whose parent fails, where it says so itself.
@Suite struct `A dispatch whose parent fails` {
    private func child(_ store: StoreUnderTest, _ policy: ParentFailure, after: [DispatchID]) throws -> DispatchID {
        let request = Request(command: .program(["true"]), after: after, onParentFail: policy)
        return try store.jobs.enqueue(Enqueuing(request: request), now: store.now).id
    }

    private func fail(_ store: StoreUnderTest, _ worker: WorkerID) throws {
        try store.finish(try store.claimOne(worker), .ended(.exited(64)))
    }

    @Test(arguments: EngineKind.allCases)
    func `runs all the same, once all have ended`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let parents = [try store.enqueue(), try store.enqueue()]
            let children = [try child(store, .run, after: parents), try child(store, .run, after: parents.reversed())]
            try fail(store, worker)
            #expect(try children.map { try store.dispatch($0).blocker } == [parents[1], parents[1]])
            _ = try store.jobs.cancel(parents[1], now: store.now)
            #expect(try children.map(store.state) == [.pending, .pending])
            #expect(try store.state(child(store, .run, after: parents)) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `waits until what is made again of it has succeeded`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let parent = try store.enqueue()
            let first = try child(store, .wait, after: [parent])
            let second = try child(store, .wait, after: [first])
            try fail(store, worker)
            let late = try child(store, .wait, after: [parent])
            for id in [first, late] { #expect(try store.dispatch(id).blocker == parent) }
            var again = parent
            // Of the copy or of the original: the newest stands in for all before it.
            for source in [{ parent }, { again }, { parent }] {
                again = try store.jobs.requeue(source(), now: store.now)
                for id in [first, late] { #expect(try store.dispatch(id).blocker == again) }
                try fail(store, worker)
                for id in [first, late] { #expect(try store.dispatch(id).blocker == again) }
            }
            _ = try store.jobs.requeue(parent, now: store.now)
            try store.finish(try store.claimOne(worker))
            #expect(try [first, late].map(store.state) == [.pending, .pending])
            #expect(try store.state(second) == .blocked)
            #expect(try store.state(store.enqueue(after: [parent])) == .pending, "it stands in for all that come later")
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `can be cancelled while it waits`(engine: EngineKind) throws {
        try engine.withStore { store in
            let parent = try store.enqueue()
            let waiting = try child(store, .wait, after: [parent])
            try fail(store, try store.worker())
            #expect(try store.jobs.cancel(waiting, now: store.now).state == .cancelled)
            let copy = try store.jobs.requeue(parent, now: store.now)
            #expect(try store.state(waiting) == .cancelled && store.state(copy) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is judged when its delay is over`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let parent = try store.enqueue()
            let children = try ParentFailure.allCases.map { policy in
                let request = Request(command: .program(["true"]), after: [parent], onParentFail: policy)
                return try store.jobs.enqueue(Enqueuing(request: request, delay: .seconds(5)), now: store.now).id
            }
            try fail(store, worker)
            store.clock.advance(by: .seconds(5))
            try store.jobs.promote(now: store.now)
            #expect(try children.map(store.state) == [.cancelled, .pending, .blocked])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is tried again, whatever became of it meanwhile`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let parent = try store.enqueue()
            try fail(store, worker)
            let again = try store.jobs.requeue(parent, now: store.now)
            try store.finish(try store.claimOne(worker))
            let id = try store.enqueue(after: [parent])
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            let third = try store.jobs.requeue(again, now: store.now)
            _ = try store.jobs.cancel(third, now: store.now)
            store.clock.advance(by: .seconds(60))
            #expect(try store.claimOne(worker).id == id)
        }
    }
}

@Suite struct `A unique key` {
    @Test(arguments: EngineKind.allCases)
    func `is held by one dispatch until that has ended`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let first = try store.offer(unique: "photo-7")
            #expect(!first.deduplicated)
            let second = try store.offer(unique: "photo-7")
            #expect(second.deduplicated && second.id == first.id)
            #expect(try !store.offer(unique: "photo-8").deduplicated)
            let claimed = try store.claimOne(worker)
            #expect(try store.offer(unique: "photo-7").id == first.id)
            try store.finish(claimed, .ended(.exited(1)))
            #expect(try store.offer(unique: "photo-7").id == first.id, "it waits for its retry")
            store.clock.advance(by: .seconds(60))
            _ = try store.jobs.cancel(first.id, now: store.now)
            let third = try store.offer(unique: "photo-7")
            #expect(!third.deduplicated && third.id != first.id)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is free again after success, failure, cancellation and death`(engine: EngineKind) throws {
        try engine.withStore { store in
            let endings: [(Dispatch) throws -> Void] = [
                { try store.finish($0) }, { try store.finish($0, .ended(.exited(64))) },
                {
                    _ = try store.jobs.cancel($0.id, now: store.now)
                    try store.finish($0, .cancelled(.signalled(15)))
                },
                { _ = try store.jobs.rescue($0.claim!.worker, output: [:], now: store.now) },
            ]
            for end in endings {
                let id = try store.enqueue(unique: "k", rescue: .fail)
                try end(try store.claimOne(try store.worker()))
                #expect(try store.state(id).isTerminal)
            }
            #expect(try !store.offer(unique: "k").deduplicated)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `that is too long for a key is refused with words`(engine: EngineKind) throws {
        try engine.withStore { store in
            let longest = String(repeating: "k", count: Request.uniqueKeyLimit)
            let holder = try store.enqueue(unique: longest)
            #expect(try store.enqueue(unique: longest) == holder)
            #expect(code { try store.enqueue(unique: longest + "k") } == .invalid)
        }
    }

    @Test func `is empty nowhere, and has no U+0000 in it`() throws {
        try EngineKind.memory.withStore { store in
            for key in ["", "a\0b"] { #expect(code { try store.enqueue(unique: key) } == .invalid) }
        }
    }
}

@Suite struct `A request past its limits` {
    @Test func `is refused and leaves nothing`() throws {
        try EngineKind.memory.withStore { store in
            let requests = [
                Request(command: .program([])),
                Request(command: .shell(String(repeating: "x", count: Request.argumentLimit))),
                Request(command: .shell("x"), environment: ["A": String(repeating: "x", count: Request.argumentLimit)]),
                Request(command: .shell("x"), input: [UInt8](repeating: 0, count: Request.inputLimit + 1)),
            ]
            for request in requests {
                #expect(code { _ = try store.jobs.enqueue(Enqueuing(request: request), now: store.now) } == .invalid)
            }
            var definition = try store.definition()
            definition.input = requests[3].input
            #expect(code { try store.jobs.add(definition, zones: store.zones, now: store.now) } == .invalid)
            #expect(try store.jobs.sequence() == 0)
        }
    }
}

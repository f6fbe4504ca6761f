import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

extension StoreUnderTest {
    /// A request with the key "k".
    fileprivate func ask(
        _ policy: ConflictPolicy, _ word: String = "true", scope: UniqueScope = .active, attempts: Int = 5,
        delay: Duration? = nil, after: [DispatchID] = [], priority: UInt8 = 100
    ) throws -> Enqueued {
        let request = Request(
            command: .program([word]), unique: UniqueKey("k", scope: scope, onConflict: policy), after: after)
        let item = Enqueuing(request: request, priority: priority, maxAttempts: attempts, delay: delay)
        return try jobs.enqueue(item, now: now)
    }

    fileprivate func word(of id: DispatchID) throws -> String {
        try #require(try jobs.dispatch(id, attempt: nil)).request.command.text
    }
}

@Suite struct `A unique key that is held` {
    @Test(arguments: EngineKind.allCases)
    func `refuses others that are to be rejected, and names the holder`(engine: EngineKind) throws {
        try engine.withStore { store in
            let first = try store.ask(.existing)
            let error = #expect(throws: StoreError.self) { _ = try store.ask(.reject) }
            #expect(error?.code == .refused)
            #expect(error?.description == "the unique key \"k\" is held by dispatch \(first.id), which is PENDING")
            try store.finish(try store.claimOne(try store.worker()))
            #expect(try !store.ask(.reject).deduplicated)
        }
    }

    @Test(arguments: EngineKind.allCases, [ConflictPolicy.existing, .reject, .replace, .keepLatest])
    func `for a window is free when that has passed, whether its holder has ended or not`(
        engine: EngineKind, policy: ConflictPolicy
    ) throws {
        try engine.withStore { store in
            let window = UniqueScope.window(.seconds(60))
            for isEnded in [true, false] {
                let first = try store.ask(.existing, scope: window)
                let claimed = try store.claimOne(try store.worker())
                if isEnded { try store.finish(claimed) }
                store.clock.advance(by: .seconds(60) - .microseconds(1))
                #expect(try store.ask(.existing, scope: window) == Enqueued(id: first.id, deduplicated: true))
                store.clock.advance(by: .microseconds(1))
                let second = try store.ask(policy, scope: window)
                #expect(!second.deduplicated && second.replaced == nil)
                #expect(try store.state(second.id) == .pending, "nobody waits for one whose window has passed")
                _ = try store.jobs.cancel(second.id, now: store.now)
                store.clock.advance(by: .seconds(60))
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `for ever stands for all that come later, whatever they are to do`(engine: EngineKind) throws {
        try engine.withStore { store in
            let first = try store.ask(.existing, scope: .forever)
            try store.finish(try store.claimOne(try store.worker()))
            store.clock.advance(by: .seconds(86_400 * 3650))
            for policy in [ConflictPolicy.existing, .replace, .keepLatest] {
                #expect(try store.ask(policy, scope: .forever) == Enqueued(id: first.id, deduplicated: true))
            }
            #expect(code { _ = try store.ask(.reject, scope: .forever) } == .refused)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `leaves no windows that have passed behind, without a look at all`(engine: EngineKind) throws {
        try engine.withStore { store in
            func enqueue(_ key: Int) throws {
                let unique = UniqueKey("key \(key)", scope: .window(.seconds(10)))
                let item = Enqueuing(request: Request(command: .shell("true"), unique: unique))
                _ = try store.jobs.enqueue(item, now: store.now)
            }
            for key in 0..<100 { try enqueue(key) }
            store.clock.advance(by: .seconds(10))
            for key in 100..<125 { try enqueue(key) }
            #expect(try store.raw.entries(Buckets.unique).count == 25)
            #expect(try store.raw.entries(Buckets.uniqueEnds).count == 25)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `goes by real time, however the clock is set`(engine: EngineKind) throws {
        try engine.withStore { store in
            let window = UniqueScope.window(.seconds(60))
            let first = try store.ask(.existing, scope: window)
            for jump in [86_400, -200_000] {
                store.clock.stepWall(by: .seconds(jump))
                #expect(try store.ask(.existing, scope: window).id == first.id)
            }
            store.clock.advance(by: .seconds(60))
            #expect(try !store.ask(.existing, scope: window).deduplicated)
        }
    }
}

@Suite struct `Replacing the holder of a unique key` {
    @Test(arguments: EngineKind.allCases)
    func `cancels one that waits, and what comes after it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let first = try store.ask(.existing, "old")
            let child = try store.enqueue(after: [first.id])
            let second = try store.ask(.replace, "new")
            #expect(!second.deduplicated && second.replaced == first.id)
            let old = try store.dispatch(first.id)
            #expect(old.state == .cancelled && old.reason == .replaced)
            #expect(try store.dispatch(child).reason == .parentFailed)
            #expect(try store.ask(.existing).id == second.id)
            #expect(try store.state(second.id) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `stops one that runs, and begins when that has ended`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let running = try store.ask(.existing, "old")
            let claimed = try store.claimOne(worker)
            let second = try store.ask(.replace, "newer")
            #expect(!second.deduplicated && second.replaced == nil)
            let waiting = try store.dispatch(second.id)
            #expect(waiting.state == .blocked && waiting.reason == .uniqueKey && waiting.blocker == running.id)
            #expect(try store.jobs.cancellations(for: worker).map(\.dispatch) == [running.id])
            let third = try store.ask(.replace, "newest")
            #expect(third.replaced == second.id)
            #expect(try store.dispatch(third.id).blocker == running.id)
            try store.finish(claimed, .cancelled(.signalled(15)))
            #expect(try store.dispatch(running.id).reason == .replaced)
            #expect(try store.claimOne(worker).id == third.id)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `waits for both a delay and the one that runs`(engine: EngineKind) throws {
        try engine.withStore { store in
            let running = try store.ask(.existing)
            let claimed = try store.claimOne(try store.worker())
            let next = try store.ask(.replace, delay: .seconds(10))
            #expect(try store.state(next.id) == .scheduled)
            store.clock.advance(by: .seconds(10))
            try store.jobs.promote(now: store.now)
            let blocked = try store.dispatch(next.id)
            #expect(blocked.state == .blocked && blocked.reason == .uniqueKey && blocked.blocker == running.id)
            try store.finish(claimed)
            #expect(try store.state(next.id) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is undone when the new one is cancelled before the old has ended`(engine: EngineKind) throws {
        try engine.withStore { store in
            for policy in [ConflictPolicy.replace, .keepLatest] {
                for delay in [Duration?.none, .seconds(10)] {
                    let running = try store.ask(.existing)
                    let claimed = try store.claimOne(try store.worker())
                    let next = try store.ask(policy, delay: delay)
                    _ = try store.jobs.cancel(next.id, now: store.now)
                    #expect(try store.ask(.existing) == Enqueued(id: running.id, deduplicated: true))
                    try store.finish(claimed)
                    #expect(try store.state(running.id) == .success)
                }
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `leaves the worker of one that runs to die, and goes on`(engine: EngineKind) throws {
        try engine.withStore { store in
            for policy in [ConflictPolicy.replace, .keepLatest, .debounce] {
                let worker = try store.worker()
                let running = try store.ask(.existing)
                _ = try store.claimOne(worker)
                let next = try store.ask(policy, delay: policy == .debounce ? .seconds(1) : nil)
                store.clock.advance(by: .seconds(1))
                _ = try store.jobs.rescue(worker, output: [:], now: store.now)
                try store.jobs.promote(now: store.now)
                #expect(try store.dispatch(running.id).reason == .replaced)
                #expect(try store.state(next.id) == .pending)
                _ = try store.jobs.cancel(next.id, now: store.now)
            }
        }
    }
}

@Suite struct `Keeping the latest request of a unique key` {
    @Test(arguments: EngineKind.allCases)
    func `has at most one that runs and one that waits, with the newest arguments`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let first = try store.ask(.keepLatest, "1")
            #expect(try store.ask(.keepLatest, "2") == Enqueued(id: first.id, deduplicated: true))
            #expect(try store.word(of: first.id) == "2", "one that waits is given the newest")
            let running = try store.claimOne(worker)
            let second = try store.ask(.keepLatest, "3")
            #expect(!second.deduplicated)
            for word in ["4", "5"] {
                #expect(try store.ask(.keepLatest, word) == Enqueued(id: second.id, deduplicated: true))
            }
            #expect(try store.dispatch(running.id).cancelRequested == false)
            try store.finish(running)
            let next = try store.claimOne(worker)
            #expect(next.id == second.id)
            #expect(try store.word(of: next.id) == "5")
            #expect(try store.jobs.dispatches(DispatchFilter()).count == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `keeps the place of the one that waits, and what comes after it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let first = try store.ask(.keepLatest, delay: .seconds(30))
            let child = try store.enqueue(after: [first.id])
            let due = try store.dispatch(first.id).dueAt
            store.clock.advance(by: .seconds(10))
            _ = try store.ask(.keepLatest, "new", delay: .seconds(99))
            #expect(try store.dispatch(first.id).dueAt == due)
            #expect(try store.state(child) == .blocked)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `tries none again that a newer one waits for`(engine: EngineKind) throws {
        try engine.withStore { store in
            let endings: [AttemptResult.Ending] = [
                .ended(.exited(1)), .timedOut(.signalled(15)), .notBegun, .drained(.signalled(15)),
            ]
            for ending in endings {
                let worker = try store.worker()
                _ = try store.ask(.keepLatest, "old")
                let claimed = try store.claimOne(worker)
                let next = try store.ask(.keepLatest, "new")
                try store.finish(claimed, ending)
                let old = try store.dispatch(claimed.id)
                #expect(old.state == .cancelled && old.reason == .replaced, "\(ending)")
                let running = try store.claimOne(worker)
                #expect(running.id == next.id)
                try store.finish(running)
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `replaces one that waits for another attempt, or on other terms`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let failed = try store.ask(.keepLatest)
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            let second = try store.ask(.keepLatest)
            #expect(second.replaced == failed.id && !second.deduplicated)
            let third = try store.ask(.keepLatest, priority: 3)
            #expect(third.replaced == second.id)
            let parent = try store.enqueue()
            let fourth = try store.ask(.keepLatest, after: [parent], priority: 3)
            #expect(fourth.replaced == third.id)
            #expect(try store.dispatch(fourth.id).blocker == parent)
            var item = Enqueuing(
                request: Request(
                    command: .handler(try HandlerName("resize")), unique: UniqueKey("k", onConflict: .keepLatest),
                    after: [parent]),
                priority: 3)
            item.maxAttempts = try store.dispatch(fourth.id).maxAttempts
            #expect(try store.jobs.enqueue(item, now: store.now).replaced == fourth.id, "a handler is no command")
        }
    }
}

@Suite struct `Debouncing requests of a unique key` {
    @Test(arguments: EngineKind.allCases)
    func `runs the newest, once nobody has asked for a while, under one number`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let first = try store.ask(.debounce, "0", delay: .seconds(10))
            for step in 1...20 {
                store.clock.advance(by: .seconds(9))
                #expect(try store.claim(worker).isEmpty)
                let again = try store.ask(.debounce, "\(step)", delay: .seconds(10))
                #expect(again == Enqueued(id: first.id, deduplicated: true))
            }
            store.clock.advance(by: .seconds(10))
            let claimed = try #require(try store.claim(worker).first)
            #expect(claimed.dispatch.id == first.id && claimed.request.command == .program(["20"]))
            #expect(try store.jobs.dispatches(DispatchFilter()).count == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `lets one that no worker has taken yet wait anew, and one behind a running one too`(
        engine: EngineKind
    ) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let first = try store.ask(.debounce, "1", delay: .seconds(10))
            store.clock.advance(by: .seconds(10))
            try store.jobs.promote(now: store.now)
            #expect(try store.state(first.id) == .pending)
            _ = try store.ask(.debounce, "2", delay: .seconds(10))
            #expect(try store.state(first.id) == .scheduled)
            store.clock.advance(by: .seconds(10))
            let running = try store.claimOne(worker)
            let next = try store.ask(.debounce, "3", delay: .seconds(10))
            store.clock.advance(by: .seconds(10))
            try store.jobs.promote(now: store.now)
            #expect(try store.dispatch(next.id).blocker == running.id)
            _ = try store.ask(.debounce, "4", delay: .seconds(10))
            #expect(try store.state(next.id) == .scheduled)
            try store.finish(running)
            #expect(try store.state(next.id) == .scheduled)
            store.clock.advance(by: .seconds(10))
            #expect(try store.claimOne(worker).id == next.id)
        }
    }

    @Test func `needs a delay`() throws {
        try EngineKind.memory.withStore { store in
            #expect(code { _ = try store.ask(.debounce) } == .invalid)
            #expect(code { _ = try store.ask(.debounce, delay: .zero) } == .invalid)
        }
    }
}

@Suite struct `Dispatches without a unique key` {
    /// Method: the requests of storage are counted, in a store with and without others that have keys.
    @Test func `cost what they cost where nobody has one`() throws {
        let counting = CountingEngine(buckets: Buckets.all)
        try withTestStore(on: { _, buckets in
            buckets.count == Buckets.all.count ? counting : CountingEngine(buckets: buckets)
        }) { store in
            let store = StoreUnderTest(store)
            let worker = try store.worker()
            func costOfALife() throws -> [Int] {
                counting.reset()
                try store.enqueue("plain", priority: 0)
                let claimed = try store.claimOne(worker)
                try store.finish(claimed)
                let puts = Buckets.all.map { counting.puts(in: $0) }
                return [counting.reads] + puts
            }
            // One that stays, so that no counter comes to zero.
            try store.enqueue(priority: 200)
            _ = try costOfALife()
            let alone = try costOfALife()
            #expect(alone[1 + Buckets.unique.index] == 0 && alone[1 + Buckets.uniqueEnds.index] == 0)
            #expect(alone[1 + Buckets.standIns.index] == 0)
            for _ in 0..<20 { _ = try store.ask(.keepLatest, scope: .window(.seconds(9))) }
            #expect(try costOfALife() == alone)
        }
    }
}

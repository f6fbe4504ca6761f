import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

private let other = try! QueueName("other")
private let two = ConcurrencyLimit(key: "database", max: 2)
private let tenAMinute = RateLimit(key: "api", rate: Rate(count: 10, per: .seconds(60)))

extension StoreUnderTest {
    /// Enqueues something with keys that have limits.
    @discardableResult
    func enqueue(
        concurrency: ConcurrencyLimit? = nil, rate: RateLimit? = nil, queue: QueueName = .standard,
        priority: UInt8 = 100, attempts: Int = 5, rescue: RescuePolicy = .retry
    ) throws -> DispatchID {
        var request = Request(command: .program(["true"]), rescue: rescue)
        (request.concurrency, request.rate) = (concurrency, rate)
        let item = Enqueuing(request: request, queue: queue, priority: priority, maxAttempts: attempts)
        return try jobs.enqueue(item, now: now).id
    }

    func claimedIDs(_ worker: WorkerID, queues: [QueueName] = [.standard], slots: Int = 10) throws -> [DispatchID] {
        try claim(worker, queues: queues, slots: slots).map(\.dispatch.id)
    }
}

extension StoreUnderTest {
    /// What a worker takes until it has nothing more to do, as it goes round.
    func takeAll(_ worker: WorkerID) throws -> [DispatchID] {
        var taken: [DispatchID] = []
        while try jobs.workerView(queues: [.standard], now: now).hasWork {
            taken += try claim(worker, slots: 10).map(\.dispatch.id)
        }
        return taken
    }
}

@Suite struct `A concurrency key` {
    @Test(arguments: EngineKind.allCases)
    func `lets no more run than it may, whatever their queues and workers`(engine: EngineKind) throws {
        try engine.withStore { store in
            let ids = try (0..<6).map { try store.enqueue(concurrency: two, queue: $0 % 2 == 0 ? .standard : other) }
            let free = try store.enqueue()
            let worker = try store.worker(queues: [.standard, other], slots: 10)
            let second = try store.worker(queues: [.standard, other], slots: 10)
            let claimed = try store.claim(worker, queues: [.standard, other], slots: 10)
            #expect(claimed.map(\.dispatch.id) == [ids[0], ids[1], free])
            #expect(try store.claim(second, queues: [.standard, other], slots: 10).isEmpty)
            for id in ids[2...] {
                let dispatch = try store.dispatch(id)
                #expect(dispatch.state == .blocked && dispatch.reason == .concurrency && dispatch.blocker == nil)
            }
            #expect(try !store.jobs.workerView(queues: [.standard, other], now: store.now).hasWork)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `lets the next in the order of claims run when one ends, and no other`(engine: EngineKind) throws {
        try engine.withStore { store in
            let one = ConcurrencyLimit(key: "database")
            let worker = try store.worker(slots: 10)
            let running = try store.enqueue(concurrency: one)
            let first = try store.claimOne(worker)
            #expect(first.id == running)
            let low = try store.enqueue(concurrency: one, priority: 200)
            let middle = try store.enqueue(concurrency: one)
            let late = try store.enqueue(concurrency: one)
            let urgent = try store.enqueue(concurrency: one, priority: 0)
            #expect(try store.claim(worker, slots: 10).isEmpty)
            var current = first
            for next in [urgent, middle, late, low] {
                try store.finish(current)
                let pending = try store.jobs.dispatches(DispatchFilter(state: .pending, limit: .max))
                #expect(pending.map(\.id) == [next])
                current = try store.claimOne(worker)
                #expect(current.id == next)
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is let go by every way in which a run can end`(engine: EngineKind) throws {
        try engine.withStore { store in
            let endings: [AttemptResult.Ending] = [
                .ended(.exited(0)), .ended(.exited(1)), .ended(.exited(127)), .timedOut(.signalled(15)),
                .cancelled(.signalled(15)), .drained(.signalled(15)), .notBegun,
            ]
            for ending in endings {
                let limit = ConcurrencyLimit(key: "\(ending)")
                let worker = try store.worker(slots: 10)
                try store.enqueue(concurrency: limit)
                let first = try store.claimOne(worker)
                let waiting = try store.enqueue(concurrency: limit, priority: 0)
                #expect(try store.claim(worker, slots: 10).isEmpty, "\(ending)")
                try store.finish(first, ending)
                let next = try store.claimOne(worker)
                #expect(next.id == waiting, "\(ending)")
                if [.pending, .scheduled].contains(try store.state(first.id)) {
                    _ = try store.jobs.cancel(first.id, now: store.now)
                }
                try store.finish(next)
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is let go by the reaper of a worker that died`(engine: EngineKind) throws {
        try engine.withStore { store in
            let dying = try store.worker(slots: 10)
            for rescue in [RescuePolicy.fail, .retry] {
                try store.enqueue(concurrency: two, rescue: rescue)
            }
            #expect(try store.claim(dying, slots: 10).count == 2)
            let waiting = try store.enqueue(concurrency: two, priority: 0)
            let worker = try store.worker(slots: 10)
            #expect(try store.claim(worker, slots: 10).isEmpty)
            _ = try store.jobs.rescue(dying, output: [:], now: store.now)
            let claimed = try store.claimedIDs(worker)
            #expect(claimed.count == 2 && claimed[0] == waiting)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is not held by what waits for another attempt`(engine: EngineKind) throws {
        try engine.withStore { store in
            let one = ConcurrencyLimit(key: "database")
            let worker = try store.worker(slots: 10)
            let failing = try store.enqueue(concurrency: one)
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            #expect(try store.state(failing) == .scheduled)
            let next = try store.enqueue(concurrency: one)
            let taken = try store.claimOne(worker)
            #expect(taken.id == next)
            store.clock.advance(by: .seconds(60))
            #expect(try store.claim(worker, slots: 10).isEmpty)
            #expect(try store.dispatch(failing).reason == .concurrency)
            try store.finish(taken)
            let again = try store.claimOne(worker)
            #expect(again.id == failing && again.attempt == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `has the maximum of the newest that came to its claim`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker(slots: 20)
            let ids = try (0..<6).map { _ in try store.enqueue(concurrency: two) }
            #expect(try store.claimedIDs(worker) == Array(ids[..<2]))
            // More may run.
            try store.enqueue(concurrency: ConcurrencyLimit(key: "database", max: 4), priority: 255)
            #expect(try store.takeAll(worker).count == 2)
            let running = try store.jobs.dispatches(DispatchFilter(state: .inProgress, limit: .max))
            #expect(running.count == 4)
            // Fewer may run: those that do go on, and nobody comes after them until there is room.
            try store.enqueue(concurrency: ConcurrencyLimit(key: "database", max: 1))
            #expect(try store.claim(worker, slots: 10).isEmpty)
            for view in running.dropLast() {
                try store.finish(view.dispatch)
                #expect(try store.claim(worker, slots: 10).isEmpty)
            }
            try store.finish(try #require(running.last).dispatch)
            #expect(try store.claim(worker, slots: 10).count == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `makes nobody wait behind one whose queue is paused, or served by nobody`(engine: EngineKind) throws {
        try engine.withStore { store in
            let one = ConcurrencyLimit(key: "database")
            let worker = try store.worker(queues: [.standard, other], slots: 10)
            try store.enqueue(concurrency: one)
            let first = try store.claimOne(worker)
            let stuck = try store.enqueue(concurrency: one, queue: other, priority: 0)
            let waiting = try (0..<2).map { _ in try store.enqueue(concurrency: one) }
            #expect(try store.claim(worker, queues: [.standard, other], slots: 10).isEmpty)
            _ = try store.jobs.pause(queue: other, by: "ann@box", reason: nil, now: store.now)
            try store.finish(first)
            var current = try store.claimOne(worker, queues: [.standard, other])
            #expect(current.id == waiting[0])
            try store.finish(current)
            current = try store.claimOne(worker, queues: [.standard, other])
            #expect(current.id == waiting[1])
            _ = try store.jobs.resume(queue: other, now: store.now)
            #expect(try store.claim(worker, queues: [.standard, other]).isEmpty)
            try store.finish(current)
            #expect(try store.claimOne(worker, queues: [.standard, other]).id == stuck)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `goes on to the next when the one it was offered to is cancelled`(engine: EngineKind) throws {
        try engine.withStore { store in
            let one = ConcurrencyLimit(key: "database")
            let worker = try store.worker(slots: 10)
            try store.enqueue(concurrency: one)
            let first = try store.claimOne(worker)
            let waiting = try (0..<3).map { _ in try store.enqueue(concurrency: one) }
            #expect(try store.claim(worker, slots: 10).isEmpty)
            #expect(try store.jobs.cancel(waiting[1], now: store.now).state == .cancelled)
            try store.finish(first)
            #expect(try store.jobs.cancel(waiting[0], now: store.now).state == .cancelled)
            #expect(try store.claimOne(worker).id == waiting[2])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `leaves nothing behind when nobody uses it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker(slots: 10)
            for _ in 0..<5 { try store.enqueue(concurrency: two) }
            while let dispatch = try store.claim(worker).first?.dispatch { try store.finish(dispatch) }
            #expect(try store.raw.entries(Buckets.limits).isEmpty && store.raw.entries(Buckets.held).isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `counts the runs of a job as all others`(engine: EngineKind) throws {
        try engine.withStore { store in
            var definition = try store.definition("sync", overlap: .allow)
            definition.concurrency = ConcurrencyLimit(key: "database")
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            let worker = try store.worker(slots: 10)
            let enqueued = try store.enqueue(concurrency: ConcurrencyLimit(key: "database"))
            let run = try store.jobs.run(definition.name, mode: .policy, input: nil, now: store.now)
            let claimed = try store.claim(worker, slots: 10).map(\.dispatch)
            #expect(claimed.map(\.id) == [enqueued])
            let why = try #require(try store.jobs.why(definition.name, at: nil, zones: store.zones, now: store.now))
            guard case .waiting(let found)? = why.present else { return #expect(Bool(false), "it does not wait") }
            #expect(found.view.id == run && found.wait == .place(key: "database", running: 1, max: 1))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `with an overlap rule keeps the job's place for a run that has begun`(engine: EngineKind) throws {
        try engine.withStore { store in
            var definition = try store.definition("sync", overlap: .queueAll, attempts: 3)
            definition.concurrency = ConcurrencyLimit(key: "database")
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            let worker = try store.worker(slots: 10)
            let first = try store.jobs.run(definition.name, mode: .policy, input: nil, now: store.now)
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            let foreign = try store.enqueue(concurrency: ConcurrencyLimit(key: "database"))
            let holder = try store.claimOne(worker)
            #expect(holder.id == foreign)
            store.clock.advance(by: .seconds(60))
            #expect(try store.claim(worker, slots: 10).isEmpty)
            #expect(try store.dispatch(first).reason == .concurrency)
            let second = try store.jobs.run(definition.name, mode: .policy, input: nil, now: store.now)
            try store.finish(holder)
            let claimed = try store.claim(worker, slots: 10).map(\.dispatch)
            #expect(claimed.map(\.id) == [first])
            try store.finish(try #require(claimed.first))
            #expect(try store.claimedIDs(worker) == [second])
        }
    }

    /// Method: the requests of storage are counted.
    @Test func `costs a worker nothing for the thousands that wait for it`() throws {
        let counting = CountingEngine(buckets: Buckets.all)
        try withTestStore(on: { _, buckets in
            buckets.count == Buckets.all.count ? counting : CountingEngine(buckets: buckets)
        }) { found in
            let store = StoreUnderTest(found)
            let worker = try store.worker(slots: 10)
            func readsOfALife() throws -> Int {
                try store.enqueue(concurrency: two)
                _ = try store.takeAll(worker)
                let ending = try running(store)
                counting.reset()
                try store.finish(ending)
                let claimed = try store.claim(worker, slots: 10)
                #expect(claimed.count == 1)
                return counting.reads
            }
            for _ in 0..<3 { try store.enqueue(concurrency: two) }
            let few = try readsOfALife()
            for _ in 0..<2000 { try store.enqueue(concurrency: two) }
            let many = try readsOfALife()
            #expect(many <= few)
        }
    }

    /// One of those with the key.
    private func running(_ store: StoreUnderTest) throws -> Dispatch {
        let all = try store.jobs.dispatches(DispatchFilter(state: .inProgress, limit: .max)).map(\.dispatch)
        return try #require(all.first)
    }
}

@Suite struct `A rate key` {
    @Test(arguments: EngineKind.allCases)
    func `starts no more than it allows, and lets others pass`(engine: EngineKind) throws {
        try engine.withStore { store in
            let ids = try (0..<15).map { _ in try store.enqueue(rate: tenAMinute) }
            let free = try store.enqueue(priority: 200)
            let worker = try store.worker(slots: 50)
            #expect(try store.claimedIDs(worker, slots: 50) == Array(ids[..<10]) + [free])
            for id in ids[10...] {
                let dispatch = try store.dispatch(id)
                #expect(dispatch.state == .blocked && dispatch.reason == .rate)
            }
            let lookout = try store.jobs.workerView(queues: [.standard], now: store.now)
            #expect(!lookout.hasWork && lookout.nextBoot == store.now.boot + .seconds(60))
            let scheduler = try store.jobs.schedulerView(now: store.now, except: [])
            #expect(scheduler.nextBoot == store.now.boot + .seconds(60))
            store.clock.advance(by: .seconds(60) - .microseconds(1))
            #expect(try store.claim(worker, slots: 50).isEmpty)
            store.clock.advance(by: .microseconds(1))
            #expect(try store.jobs.workerView(queues: [.standard], now: store.now).hasWork)
            #expect(try store.claimedIDs(worker, slots: 50) == Array(ids[10...]))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `opens step by step, for the next in the order of claims`(engine: EngineKind) throws {
        try engine.withStore { store in
            let limit = RateLimit(key: "api", rate: Rate(count: 2, per: .seconds(60)))
            let worker = try store.worker(slots: 50)
            let first = try store.enqueue(rate: limit)
            #expect(try store.claimedIDs(worker) == [first])
            store.clock.advance(by: .seconds(20))
            let second = try store.enqueue(rate: limit)
            #expect(try store.claimedIDs(worker) == [second])
            let low = try store.enqueue(rate: limit, priority: 200)
            let middle = try store.enqueue(rate: limit)
            #expect(try store.claim(worker, slots: 10).isEmpty)
            let urgent = try store.enqueue(rate: limit, priority: 0)
            #expect(try store.claim(worker, slots: 10).isEmpty)
            store.clock.advance(by: .seconds(40))
            #expect(try store.claimedIDs(worker) == [urgent])
            store.clock.advance(by: .seconds(19))
            #expect(try store.claim(worker, slots: 10).isEmpty)
            store.clock.advance(by: .seconds(1))
            #expect(try store.claimedIDs(worker) == [middle])
            store.clock.advance(by: .seconds(40))
            #expect(try store.claimedIDs(worker) == [low])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `does not notice a wall clock that is set, and goes on after a reboot`(engine: EngineKind) throws {
        try engine.withStore { store in
            let limit = RateLimit(key: "api", rate: Rate(count: 1, per: .seconds(3600)))
            for _ in 0..<3 { try store.enqueue(rate: limit) }
            let lost = try store.worker(slots: 9)
            #expect(try store.claim(lost, slots: 9).count == 1)
            store.clock.stepWall(by: .seconds(86_400))
            #expect(try store.claim(lost, slots: 9).isEmpty)
            store.clock.stepWall(by: .seconds(-86_400))
            store.clock.reboot()
            _ = try store.jobs.rescue(lost, output: [:], now: store.now)
            let worker = try store.worker(slots: 9)
            #expect(try store.claim(worker, slots: 9).isEmpty)
            let lookout = try store.jobs.workerView(queues: [.standard], now: store.now)
            #expect(lookout.nextBoot == store.now.boot + .seconds(3540))
            store.clock.advance(by: .seconds(3540))
            #expect(try store.claim(worker, slots: 9).count == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `follows a rate that is changed by the newest with its key`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker(slots: 50)
            let slow = RateLimit(key: "api", rate: Rate(count: 1, per: .seconds(3600)))
            let ids = try (0..<4).map { _ in try store.enqueue(rate: slow) }
            #expect(try store.claimedIDs(worker) == [ids[0]])
            let newest = try store.enqueue(
                rate: RateLimit(key: "api", rate: Rate(count: 3, per: .seconds(60))), priority: 255)
            let claimed = try store.takeAll(worker)
            #expect(claimed.count == 2 && Set(claimed).isSubset(of: Set(ids + [newest])))
            #expect(try store.claim(worker, slots: 10).isEmpty)
            store.clock.advance(by: .seconds(60))
            #expect(try store.claim(worker, slots: 10).count == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `and a concurrency key are both obeyed`(engine: EngineKind) throws {
        try engine.withStore { store in
            let limit = RateLimit(key: "api", rate: Rate(count: 3, per: .seconds(60)))
            let ids = try (0..<8).map { _ in try store.enqueue(concurrency: two, rate: limit) }
            let worker = try store.worker(slots: 50)
            var running = try store.claim(worker, slots: 50).map(\.dispatch)
            #expect(running.map(\.id) == Array(ids[..<2]))
            try store.finish(running[0])
            #expect(try store.claimedIDs(worker, slots: 50) == [ids[2]])
            try store.finish(running[1])
            #expect(try store.claim(worker, slots: 50).isEmpty)
            #expect(try store.dispatch(ids[3]).reason == .rate)
            store.clock.advance(by: .seconds(60))
            running = try store.claim(worker, slots: 50).map(\.dispatch)
            #expect(running.map(\.id) == [ids[3]])
            #expect(try store.dispatch(ids[4]).reason == .concurrency)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is forgotten once its starts count no more`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker(slots: 50)
            for number in 0..<40 {
                try store.enqueue(rate: RateLimit(key: "user-\(number)", rate: Rate(count: 1, per: .seconds(60))))
                try store.finish(try store.claimOne(worker))
                store.clock.advance(by: .seconds(30))
            }
            #expect(try store.raw.entries(Buckets.limits).count <= 6)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is left by what is cancelled while it waits`(engine: EngineKind) throws {
        try engine.withStore { store in
            let limit = RateLimit(key: "api", rate: Rate(count: 1, per: .seconds(60)))
            let worker = try store.worker(slots: 50)
            for _ in 0..<2 { try store.enqueue(rate: limit) }
            let claimed = try store.claimedIDs(worker)
            let waiting = try #require(try store.jobs.dispatches(DispatchFilter(state: .blocked)).first?.id)
            #expect(claimed.count == 1)
            #expect(try store.jobs.cancel(waiting, now: store.now).state == .cancelled)
            #expect(try store.jobs.workerView(queues: [.standard], now: store.now).nextBoot == nil)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is refused where it could not be kept`(engine: EngineKind) throws {
        try engine.withStore { store in
            let long = String(repeating: "x", count: LimitKey.limit + 1)
            #expect(code { try store.enqueue(concurrency: ConcurrencyLimit(key: long)) } == .invalid)
            #expect(code { try store.enqueue(concurrency: ConcurrencyLimit(key: "")) } == .invalid)
            #expect(code { try store.enqueue(concurrency: ConcurrencyLimit(key: "a", max: 0)) } == .invalid)
            let none = RateLimit(key: "a", rate: Rate(count: 0, per: .seconds(1)))
            #expect(code { try store.enqueue(rate: none) } == .invalid)
            let longest = String(repeating: "x", count: LimitKey.limit)
            let queue = try QueueName(String(repeating: "q", count: 128))
            for _ in 0..<3 {
                try store.enqueue(
                    concurrency: ConcurrencyLimit(key: longest),
                    rate: RateLimit(key: longest, rate: Rate(count: 1, per: .seconds(60))), queue: queue)
            }
            let worker = try store.worker(queues: [queue], slots: 9)
            #expect(try store.claim(worker, queues: [queue], slots: 9).count == 1)
        }
    }
}

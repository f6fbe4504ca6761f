import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

private let mail = try! QueueName("mail")

@Suite struct `A paused queue` {
    @Test(arguments: EngineKind.allCases)
    func `lets nothing be claimed, while what runs goes on and what comes waits`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker(queues: [mail, .standard], slots: 4)
            let running = try store.enqueue(queue: mail)
            let claimed = try store.claimOne(worker, queues: [mail])
            #expect(try store.jobs.pause(queue: mail, by: "ann@box", reason: "relay down", now: store.now) == nil)
            let waiting = try store.enqueue(queue: mail)
            let elsewhere = try store.enqueue()
            let taken = try store.claim(worker, queues: [mail, .standard], slots: 4)
            #expect(taken.map(\.dispatch.id) == [elsewhere])
            try store.finish(claimed)
            #expect(try store.state(running) == .success && store.state(waiting) == .pending)
            for claimed in taken { try store.finish(claimed.dispatch) }

            let pause = try #require(try store.jobs.resume(queue: mail, now: store.now))
            #expect(pause.by == "ann@box" && pause.reason == "relay down")
            #expect(try store.claimOne(worker, queues: [mail]).id == waiting)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `gives an idle worker nothing to do, until it is resumed`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.enqueue(queue: mail)
            _ = try store.jobs.pause(queue: mail, by: "ann@box", reason: nil, now: store.now)
            let paused = try store.jobs.workerView(queues: [mail], now: store.now)
            #expect(!paused.hasWork && paused.nextBoot == nil && paused.nextWall == nil)
            _ = try store.jobs.resume(queue: mail, now: store.now)
            #expect(try store.jobs.workerView(queues: [mail], now: store.now).hasWork)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `stays paused as it was first, and is shown with who did it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let at = store.now.wall
            _ = try store.jobs.pause(queue: mail, by: "ann@box", reason: "first", now: store.now)
            store.clock.advance(by: .seconds(60))
            let earlier = try store.jobs.pause(queue: mail, by: "bob@box", reason: "second", now: store.now)
            #expect(earlier == QueuePause(at: at, by: "ann@box", reason: "first"))
            let view = try #require(try store.jobs.queues(now: store.now).first { $0.name == mail })
            #expect(view.pause == earlier && view.dispatches.isEmpty)
            _ = try store.jobs.resume(queue: mail, now: store.now)
            #expect(try store.jobs.resume(queue: mail, now: store.now) == nil)
            #expect(try store.jobs.queues(now: store.now).isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is why what is in it waits`(engine: EngineKind) throws {
        try engine.withStore { store in
            var definition = try store.definition("letter", overlap: .allow)
            definition.queue = mail
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            for _ in 0..<2 { _ = try store.jobs.run(definition.name, mode: .policy, input: nil, now: store.now) }
            func wait() throws -> WhyWait? {
                let why = try store.jobs.why(definition.name, at: nil, zones: store.zones, now: store.now)
                guard case .waiting(let found)? = why?.present else { return nil }
                return found.wait
            }
            _ = try store.jobs.pause(queue: mail, by: "ann@box", reason: nil, now: store.now)
            #expect(try wait() == .pausedQueue(mail, QueuePause(at: store.now.wall, by: "ann@box")))
            _ = try store.jobs.resume(queue: mail, now: store.now)
            let rate = Rate(count: 1, per: .seconds(60))
            try store.jobs.setRate(rate, of: mail, now: store.now)
            try store.finish(try store.claimOne(try store.worker(queues: [mail]), queues: [mail]))
            #expect(try wait() == .queueRate(mail, rate, opens: store.now.wall + .seconds(60)))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `refuses a reason that is too long to be kept`(engine: EngineKind) throws {
        try engine.withStore { store in
            let reason = String(repeating: "x", count: JobPause.reasonLimit + 1)
            #expect(throws: StoreError.self) {
                try store.jobs.pause(queue: mail, by: "ann@box", reason: reason, now: store.now)
            }
        }
    }
}

@Suite struct `A queue with a rate` {
    private let rate = Rate(count: 3, per: .seconds(60))

    @Test(arguments: EngineKind.allCases)
    func `is claimed from no more often, by however many workers`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.jobs.setRate(rate, of: mail, now: store.now)
            for _ in 0..<8 { try store.enqueue(queue: mail) }
            let workers = try (0..<3).map { _ in try store.worker(queues: [mail], slots: 2) }
            let started = try workers.flatMap { try store.claim($0, queues: [mail], slots: 2) }
            #expect(started.count == 3)
            for claimed in started { try store.finish(claimed.dispatch) }
            store.clock.advance(by: .seconds(60) - .microseconds(1))
            #expect(try store.claim(workers[0], queues: [mail], slots: 2).isEmpty)
            store.clock.advance(by: .microseconds(1))
            #expect(try workers.flatMap { try store.claim($0, queues: [mail], slots: 2) }.count == 3)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `lets a worker sleep until it opens, and holds no other queue up`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.jobs.setRate(Rate(count: 1, per: .seconds(60)), of: mail, now: store.now)
            let worker = try store.worker(queues: [mail, .standard], slots: 4)
            for _ in 0..<2 { try store.enqueue(queue: mail, priority: 0) }
            let other = try store.enqueue()
            let taken = try store.claim(worker, queues: [mail, .standard], slots: 4)
            #expect(taken.count == 2 && taken.contains { $0.dispatch.id == other })
            let lookout = try store.jobs.workerView(queues: [mail, .standard], now: store.now)
            #expect(!lookout.hasWork && lookout.nextBoot == store.now.boot + .seconds(60) && lookout.nextWall == nil)
            store.clock.advance(by: .seconds(60))
            #expect(try store.jobs.workerView(queues: [mail, .standard], now: store.now).hasWork)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `does not notice a wall clock that is set`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.jobs.setRate(Rate(count: 1, per: .seconds(60)), of: mail, now: store.now)
            let worker = try store.worker(queues: [mail], slots: 4)
            for _ in 0..<4 { try store.enqueue(queue: mail) }
            #expect(try store.claim(worker, queues: [mail], slots: 4).count == 1)
            store.clock.stepWall(by: .seconds(86_400))
            #expect(try store.claim(worker, queues: [mail], slots: 4).isEmpty)
            store.clock.stepWall(by: .seconds(-2 * 86_400))
            store.clock.advance(by: .seconds(60))
            #expect(try store.claim(worker, queues: [mail], slots: 4).count == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `goes on after a reboot`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.jobs.setRate(Rate(count: 1, per: .seconds(3600)), of: mail, now: store.now)
            for _ in 0..<2 { try store.enqueue(queue: mail) }
            let lost = try store.worker(queues: [mail])
            _ = try store.claimOne(lost, queues: [mail])
            store.clock.reboot()
            _ = try store.jobs.rescue(lost, output: [:], now: store.now)
            let worker = try store.worker(queues: [mail])
            #expect(try store.claim(worker, queues: [mail]).isEmpty)
            store.clock.advance(by: .seconds(3600))
            #expect(try store.claim(worker, queues: [mail]).count == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `counts the starts that were against a rate that is changed`(engine: EngineKind) throws {
        try engine.withStore { store in
            #expect(try store.jobs.setRate(rate, of: mail, now: store.now) == nil)
            let worker = try store.worker(queues: [mail], slots: 9)
            for _ in 0..<9 { try store.enqueue(queue: mail) }
            #expect(try store.claim(worker, queues: [mail], slots: 9).count == 3)
            #expect(try store.jobs.setRate(Rate(count: 4, per: .seconds(60)), of: mail, now: store.now) == rate)
            #expect(try store.claim(worker, queues: [mail], slots: 9).count == 1)
            try store.jobs.setRate(Rate(count: 2, per: .seconds(60)), of: mail, now: store.now)
            store.clock.advance(by: .seconds(30))
            #expect(try store.claim(worker, queues: [mail], slots: 9).isEmpty)
            try store.jobs.setRate(nil, of: mail, now: store.now)
            #expect(try store.claim(worker, queues: [mail], slots: 9).count == 5)
        }
    }
}

@Suite struct `The list of queues` {
    @Test(arguments: EngineKind.allCases)
    func `tells what waits, since when, who serves it and what is set`(engine: EngineKind) throws {
        try engine.withStore { store in
            let first = store.now.wall
            try store.enqueue(queue: mail, priority: 200)
            store.clock.advance(by: .seconds(30))
            try store.enqueue(queue: mail, priority: 10)
            try store.jobs.setRate(Rate(count: 1, per: .seconds(60)), of: mail, now: store.now)
            let worker = try store.worker(queues: [mail, .standard])
            try store.finish(try store.claimOne(worker, queues: [mail]))
            let queues = try store.jobs.queues(now: store.now)
            #expect(queues.map(\.name) == [.standard, mail] && queues.map(\.workers) == [1, 1])
            let view = queues[1]
            #expect(view.oldestWaiting == first && view.count(.pending) == 1 && view.count(.success) == 1)
            #expect(view.rate?.text == "1/1m" && view.opensAt == store.now.wall + .seconds(60))
            #expect(try store.jobs.status().queues.map(\.name) == [.standard, mail])
        }
    }

    @Test func `costs a claim from a queue without settings one look-up`() throws {
        let counting = CountingEngine(buckets: Buckets.all)
        try withTestStore(on: { _, buckets in
            buckets.count == Buckets.all.count ? counting : CountingEngine(buckets: buckets)
        }) { found in
            let store = StoreUnderTest(found)
            let worker = try store.worker(slots: 8)
            for _ in 0..<8 { try store.enqueue() }
            counting.reset()
            #expect(try store.claim(worker, slots: 8).count == 8)
            // state, worker, queue, settings; for each the index, the record, the request; counters of two states.
            #expect(counting.reads <= 5 + 8 * 3 + 2)
        }
    }
}

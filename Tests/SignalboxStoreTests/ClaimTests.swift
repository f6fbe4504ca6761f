import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Testing

@Suite struct `A claim` {
    private let other = try! QueueName("other")

    @Test(arguments: EngineKind.allCases)
    func `carries a dispatch from enqueue to SUCCESS`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue("/bin/date")
            #expect(try store.state(id) == .pending)
            let worker = try store.worker()
            let claimed = try #require(try store.claim(worker).first)
            #expect(claimed.dispatch.id == id && claimed.dispatch.state == .inProgress && claimed.dispatch.attempt == 1)
            #expect(claimed.request.command == .program(["/bin/date"]))
            store.clock.advance(by: .seconds(3))
            let outcome = try store.finish(claimed.dispatch, output: [line("Sunday")])
            #expect(outcome.settled.map(\.state) == [.success] && outcome.late.isEmpty)

            let detail = try #require(try store.jobs.dispatch(id, attempt: nil))
            #expect(detail.view.state == .success && detail.view.dispatch.exitCode == 0)
            #expect(detail.view.dispatch.claim == nil && detail.view.duration(now: store.now) == .seconds(3))
            #expect(detail.output == [line("Sunday")])
            #expect(detail.attempts.map(\.outcome) == [.exited(0)] && detail.attempts[0].worker == worker)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `takes priority before due time before number, across queues`(engine: EngineKind) throws {
        try engine.withStore { store in
            let late = try store.enqueue(priority: 50, delay: .seconds(20))
            let early = try store.enqueue(queue: other, priority: 50, delay: .seconds(10))
            let low = try store.enqueue(priority: 255)
            let first = try store.enqueue(queue: other, priority: 100)
            let second = try store.enqueue(priority: 100)
            let urgent = try store.enqueue(queue: other, priority: 0)
            store.clock.advance(by: .seconds(20))
            let worker = try store.worker(queues: [.standard, other])
            let order = try store.claim(worker, queues: [.standard, other], slots: 5).map(\.dispatch.id)
            #expect(order == [urgent, early, late, first, second])
            #expect(try store.claim(worker, queues: [.standard, other], slots: 5).map(\.dispatch.id) == [low])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `takes no more than there are slots, and only from the worker's queues`(engine: EngineKind) throws {
        try engine.withStore { store in
            for _ in 0..<3 { try store.enqueue() }
            let elsewhere = try store.enqueue(queue: other)
            let worker = try store.worker()
            #expect(try store.claim(worker, slots: 2).count == 2)
            #expect(try store.claim(worker, slots: 0).isEmpty && store.claim(worker, slots: -1).isEmpty)
            #expect(try store.claim(worker, slots: 2).count == 1)
            #expect(try store.state(elsewhere) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `by a worker that names a queue twice takes each dispatch once`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.enqueue()
            try store.enqueue()
            let worker = try store.worker()
            #expect(try store.claim(worker, queues: [.standard, .standard], slots: 4).count == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is refused to a worker that is not registered or counted dead`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.enqueue()
            let stranger = try store.jobs.newWorkerID(now: store.now)
            let dead = try store.worker()
            _ = try store.jobs.rescue(dead, output: [:], now: store.now)
            for id in [stranger, dead] {
                let outcome = try store.jobs.round(of: id, results: [], queues: [.standard], slots: 1, now: store.now)
                #expect(!outcome.isRegistered && outcome.claimed.isEmpty)
            }
            #expect(try store.jobs.activeWorkers().isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `by two workers at once never gives one dispatch to both`(engine: EngineKind) throws {
        try engine.withStore { store in
            for _ in 0..<20 { try store.enqueue() }
            let (one, two) = (try store.worker("one"), try store.worker("two"))
            var seen: [DispatchID] = []
            for _ in 0..<7 {
                seen += try store.claim(one, slots: 2).map(\.dispatch.id)
                seen += try store.claim(two, slots: 1).map(\.dispatch.id)
            }
            #expect(seen.count == 20 && Set(seen).count == 20)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `waits for a delay, and is not given before it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(delay: .seconds(60))
            let worker = try store.worker()
            #expect(try store.state(id) == .scheduled)
            let before = try store.jobs.workerView(queues: [.standard], now: store.now)
            #expect(!before.hasWork && before.nextBoot == store.now.boot + .seconds(60) && before.nextWall == nil)
            store.clock.advance(by: .seconds(60) - .microseconds(1))
            #expect(try store.claim(worker).isEmpty)
            store.clock.advance(by: .microseconds(1))
            #expect(try store.jobs.workerView(queues: [.standard], now: store.now).hasWork)
            #expect(try store.claimOne(worker).id == id)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `follows a promotion by whoever wakes`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(delay: .seconds(60))
            try store.jobs.promote(now: store.now)
            #expect(try store.state(id) == .scheduled)
            store.clock.advance(by: .seconds(60))
            try store.jobs.promote(now: store.now)
            #expect(try store.state(id) == .pending)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is given back by a drained worker and does not count`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(attempts: 1)
            let claimed = try store.claimOne(try store.worker())
            #expect(try store.finish(claimed, .drained(.signalled(15))).settled.map(\.state) == [.pending])
            let back = try store.dispatch(id)
            #expect(back.attempt == 0 && back.reason == .drained && back.claim == nil)
            #expect(try #require(try store.jobs.dispatch(id, attempt: nil)).attempts.isEmpty)
            let again = try store.claimOne(try store.worker())
            #expect(again.attempt == 1)
            try store.finish(again)
            #expect(try store.state(id) == .success)
        }
    }
}

@Suite struct `A result that comes late` {
    @Test(arguments: EngineKind.allCases)
    func `changes nothing when the dispatch was given to another`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let (slow, quick) = (try store.worker("slow"), try store.worker("quick"))
            let lost = try store.claimOne(slow)
            _ = try store.jobs.rescue(slow, output: [:], now: store.now)
            let taken = try store.claimOne(quick)
            let before = try store.dispatch(id)
            let sequence = try store.jobs.sequence()

            let outcome = try store.finish(lost, .ended(.exited(0)), output: [line("too late")])
            #expect(outcome.late == [id] && outcome.settled.isEmpty && !outcome.isRegistered)
            #expect(try store.dispatch(id) == before && store.jobs.sequence() == sequence + 1, "an event is all")
            #expect(try #require(try store.jobs.dispatch(id, attempt: 1)).output.isEmpty)

            try store.finish(taken)
            #expect(try store.state(id) == .success)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `changes nothing when the same worker holds it by a newer token`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let worker = try store.worker()
            let first = try store.claimOne(worker)
            try store.finish(first, .drained(.signalled(15)))
            let second = try store.claimOne(worker)
            #expect(first.claim?.token != second.claim?.token)
            #expect(try store.finish(first).late == [id])
            #expect(try store.dispatch(id) == second)
            #expect(try store.finish(second).settled.map(\.state) == [.success])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `changes nothing when the dispatch has ended or never was`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let worker = try store.worker()
            let claimed = try store.claimOne(worker)
            try store.finish(claimed)
            let ended = try store.dispatch(id)
            #expect(try store.finish(claimed, .ended(.exited(1))).late == [id])
            #expect(try store.dispatch(id) == ended)
            let nowhere = AttemptResult(
                dispatch: DispatchID(999), token: Token(1), ending: .ended(.exited(0)), output: [])
            let outcome = try store.jobs.round(of: worker, results: [nowhere], queues: [], slots: 0, now: store.now)
            #expect(outcome.late == [DispatchID(999)])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `does not undo the others of its round`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker(slots: 2)
            let (one, two) = (try store.enqueue(), try store.enqueue())
            let claimed = try store.claim(worker, slots: 2).map(\.dispatch)
            let token = try #require(claimed[0].claim?.token)
            let results = [
                AttemptResult(dispatch: one, token: Token(token.number + 7), ending: .ended(.exited(0)), output: []),
                AttemptResult(dispatch: two, token: token, ending: .ended(.exited(0)), output: []),
            ]
            let outcome = try store.jobs.round(of: worker, results: results, queues: [], slots: 0, now: store.now)
            #expect(outcome.late == [one] && outcome.settled.map(\.id) == [two])
            #expect(try store.state(one) == .inProgress && store.state(two) == .success)
        }
    }
}

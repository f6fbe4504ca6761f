import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `Retries that end after a while` {
    private func enqueue(_ store: StoreUnderTest, for limit: Duration, waits: Duration) throws -> DispatchID {
        let retry = RetryPolicy(.fixed(waits), limit: limit)
        let request = Request(command: .program(["true"]), retry: retry)
        return try store.jobs.enqueue(Enqueuing(request: request, maxAttempts: 1000), now: store.now).id
    }

    @Test(arguments: EngineKind.allCases)
    func `let no attempt begin later than so long after the first began`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let id = try enqueue(store, for: .seconds(60), waits: .seconds(20))
            // What it waited for before it began does not count.
            store.clock.advance(by: .seconds(5000))
            for attempt in 1...4 {
                #expect(try store.claimOne(worker).attempt == attempt)
                try store.finish(try store.dispatch(id), .ended(.exited(1)))
                store.clock.advance(by: .seconds(20))
            }
            let ended = try store.dispatch(id)
            #expect(ended.state == .failed && ended.reason == .exit && ended.attempt == 4)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `end one that no worker took in time, and what a dead worker held`(engine: EngineKind) throws {
        try engine.withStore { store in
            let first = try store.worker()
            let waiting = try enqueue(store, for: .seconds(60), waits: .seconds(20))
            try store.finish(try store.claimOne(first), .ended(.exited(1)))
            let crashed = try enqueue(store, for: .seconds(60), waits: .seconds(20))
            #expect(try store.claimOne(first).id == crashed)
            store.clock.advance(by: .seconds(81))
            _ = try store.jobs.rescue(first, output: [:], now: store.now)
            #expect(try store.claim(try store.worker(), slots: 9).isEmpty)
            for id in [waiting, crashed] {
                let ended = try store.dispatch(id)
                #expect(ended.state == .failed && ended.reason == .retriesOver && ended.attempt == 1)
                #expect(try store.jobs.dispatch(id, attempt: nil)?.view.duration(now: store.now) == nil)
            }
            let total = try #require(try store.jobs.status(now: store.now).last24Hours).total
            #expect(total.failures == 2 && total.unmeasured == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `count from the first attempt that counts, in real time`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let id = try enqueue(store, for: .seconds(60), waits: .seconds(20))
            try store.finish(try store.claimOne(worker), .notBegun)
            store.clock.advance(by: .seconds(500))
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            for jump in [90_000, -300_000] { store.clock.stepWall(by: .seconds(jump)) }
            store.clock.advance(by: .seconds(20))
            #expect(try store.claimOne(worker).id == id)
        }
    }
}

/// A job that is due every minute, whose attempts end with its next occurrence.
@Suite struct `Retries until the next occurrence` {
    private func define(
        _ store: StoreUnderTest, waits: Duration, overlap: OverlapRule = .skip
    ) throws -> JobName {
        var definition = try store.definition(overlap: overlap, attempts: 100)
        definition.retry = RetryPolicy(.fixed(waits), endsAtNext: true)
        try store.jobs.add(definition, zones: store.zones, now: store.now)
        return definition.name
    }

    @Test(arguments: EngineKind.allCases)
    func `are made while they begin before it, and not at it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let job = try define(store, waits: .seconds(20))
            store.clock.advance(by: .seconds(60))
            try store.fire()
            for _ in 1...3 {
                try store.finish(try store.claimOne(worker), .ended(.exited(1)))
                store.clock.advance(by: .seconds(20))
            }
            let run = try #require(try store.runs(of: job).first)
            #expect(run.state == .failed && run.reason == .exit && run.attempt == 3)
            try store.fire()
            #expect(try store.runs(of: job).map(\.state) == [.failed, .pending])
        }
    }

    @Test(arguments: EngineKind.allCases, [OverlapRule.skip, .queueOne, .queueAll, .allow, .replace])
    func `make way for it when it comes while they wait`(engine: EngineKind, overlap: OverlapRule) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let job = try define(store, waits: .seconds(30), overlap: overlap)
            store.clock.advance(by: .seconds(60))
            try store.fire()
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            // No worker takes it in time.
            store.clock.advance(by: .seconds(60))
            try store.jobs.promote(now: store.now)
            try store.fire()
            let runs = try store.runs(of: job)
            #expect(runs.map(\.state) == [.failed, .pending], "\(overlap.word)")
            #expect(runs.map(\.reason) == [.retriesOver, .none])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `are over when it has come while the attempt ran, or nobody has dealt with it yet`(
        engine: EngineKind
    ) throws {
        try engine.withStore { store in
            for isFired in [true, false] {
                let worker = try store.worker()
                let job = try define(store, waits: .seconds(1))
                store.clock.advance(by: .seconds(60))
                try store.fire()
                let running = try store.claimOne(worker)
                store.clock.advance(by: .seconds(60))
                if isFired { try store.fire() }
                try store.finish(running, .ended(.exited(1)))
                #expect(try store.state(running.id) == .failed, "\(isFired)")
                try store.jobs.remove(job, now: store.now)
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `of a run that was asked for end with it too`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let job = try define(store, waits: .seconds(20))
            _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
            for _ in 1...3 {
                try store.finish(try store.claimOne(worker), .ended(.exited(1)))
                store.clock.advance(by: .seconds(20))
            }
            #expect(try store.runs(of: job).map(\.state) == [.failed])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `know no end where the job has no next time`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            var definition = try store.definition("job", "@manual", attempts: 3)
            definition.retry = RetryPolicy(.fixed(.seconds(9)), endsAtNext: true)
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            let id = try store.jobs.run(definition.name, mode: .policy, input: nil, now: store.now)
            try store.finish(try store.claimOne(worker), .ended(.exited(1)))
            #expect(try store.state(id) == .scheduled)
        }
    }
}

import SignalboxCore
import SignalboxStore
import Testing

@Suite struct `Cancelling` {
    @Test(arguments: EngineKind.allCases)
    func `ends at once what waits`(engine: EngineKind) throws {
        try engine.withStore { store in
            let pending = try store.enqueue()
            let scheduled = try store.enqueue(delay: .seconds(5))
            let blocked = try store.enqueue(after: [pending])
            for id in [blocked, scheduled, pending] {
                let cancelled = try store.jobs.cancel(id, now: store.now)
                #expect(cancelled.state == .cancelled && cancelled.reason == .requested && cancelled.finished != nil)
            }
            #expect(try store.jobs.status().count(.cancelled) == 3)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `asks the worker of what runs, which reports the stop`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let worker = try store.worker()
            let claimed = try store.claimOne(worker)
            #expect(try store.jobs.cancellations(for: worker).isEmpty)
            let asked = try store.jobs.cancel(id, now: store.now)
            #expect(asked.state == .inProgress && asked.cancelRequested)
            #expect(try store.jobs.cancellations(for: worker) == [Cancellation(dispatch: id, atOnce: false)])
            try store.finish(claimed, .cancelled(.signalled(15)))
            let stopped = try store.dispatch(id)
            #expect(stopped.state == .cancelled && stopped.reason == .requested && stopped.signalNumber == 15)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `of what runs, and of nothing else, makes workers look`(engine: EngineKind) throws {
        try engine.withStore { store in
            func newest() throws -> UInt64 {
                try store.jobs.workerView(queues: [.standard], now: store.now).newestCancellation
            }
            let before = try newest()
            let running = try store.enqueue()
            _ = try store.claimOne(try store.worker())
            _ = try store.jobs.cancel(try store.enqueue(), now: store.now)
            #expect(try newest() == before)
            _ = try store.jobs.cancel(running, now: store.now)
            let after = try newest()
            let sequence = try store.jobs.sequence()
            #expect(after > before && after == sequence)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `is too late for a command that succeeded before the signal`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let claimed = try store.claimOne(try store.worker())
            _ = try store.jobs.cancel(id, now: store.now)
            try store.finish(claimed, .ended(.exited(0)))
            let ended = try store.dispatch(id)
            #expect(ended.state == .success && ended.reason == .cancelLate)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `holds for a command that the signal reached, whatever it says to that`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let claimed = try store.claimOne(try store.worker())
            _ = try store.jobs.cancel(id, now: store.now)
            try store.finish(claimed, .cancelled(.exited(0)))
            #expect(try store.state(id) == .cancelled)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `may be asked for again without a grace, and makes workers look again`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let worker = try store.worker()
            _ = try store.claimOne(worker)
            _ = try store.jobs.cancel(id, now: store.now)
            let before = try store.jobs.workerView(queues: [.standard], now: store.now).newestCancellation
            let asked = try store.jobs.cancel(id, atOnce: true, now: store.now)
            #expect(asked.cancelAtOnce && asked.cancelRequested)
            #expect(try store.jobs.cancellations(for: worker) == [Cancellation(dispatch: id, atOnce: true)])
            #expect(try store.jobs.workerView(queues: [.standard], now: store.now).newestCancellation > before)
            let sequence = try store.jobs.sequence()
            #expect(try store.jobs.cancel(id, atOnce: true, now: store.now) == asked)
            #expect(try store.jobs.sequence() == sequence)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `again, or of what has ended, changes nothing`(engine: EngineKind) throws {
        try engine.withStore { store in
            let running = try store.enqueue()
            let claimed = try store.claimOne(try store.worker())
            _ = try store.jobs.cancel(running, now: store.now)
            let sequence = try store.jobs.sequence()
            #expect(try store.jobs.cancel(running, now: store.now).cancelRequested)
            #expect(try store.jobs.sequence() == sequence)
            try store.finish(claimed, .cancelled(.signalled(9)))
            let ended = try store.dispatch(running)
            #expect(try store.jobs.cancel(running, now: store.now) == ended && store.dispatch(running) == ended)
            #expect(code { _ = try store.jobs.cancel(DispatchID(77), now: store.now) } == .notFound)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `wins over a retry and over a worker that gives it back`(engine: EngineKind) throws {
        try engine.withStore { store in
            for ending in [AttemptResult.Ending.ended(.exited(1)), .drained(.signalled(15)), .notBegun] {
                let id = try store.enqueue()
                let claimed = try store.claimOne(try store.worker())
                _ = try store.jobs.cancel(id, now: store.now)
                try store.finish(claimed, ending)
                #expect(try store.state(id) == .cancelled, "\(ending)")
            }
        }
    }
}

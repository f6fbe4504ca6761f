import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

private func newestEvent(_ store: StoreUnderTest) throws -> EventRecord {
    let entry = try #require(try store.raw.entries(Buckets.events).last)
    return try EventRecord(record: entry.value.span, key: entry.key.span)
}

@Suite struct `Settling a dead worker` {
    @Test(arguments: EngineKind.allCases)
    func `lets its dispatches run again, and keeps what they had printed`(engine: EngineKind) throws {
        try engine.withStore { store in
            let ids = [try store.enqueue(), try store.enqueue()]
            let worker = try store.worker(slots: 2)
            #expect(try store.claim(worker, slots: 2).count == 2)
            #expect(try store.jobs.held(by: worker).map(\.id) == ids)
            let settled = try store.jobs.rescue(worker, output: [ids[0]: [line("half")]], now: store.now)
            #expect(settled.map(\.id) == ids && settled.allSatisfy { $0.state == .pending && $0.crashes == 1 })
            #expect(try store.dispatch(ids[0]).reason == .workerDied)
            #expect(try store.jobs.dispatch(ids[0], attempt: nil)?.output == [line("half")])
            let attempt = try #require(try store.jobs.dispatch(ids[0], attempt: nil)?.attempts.first)
            #expect(attempt.outcome == nil && attempt.reason == .workerDied && attempt.worker == worker)
            #expect(try store.jobs.workers().map(\.registration.state) == [.dead])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `fails what may be started once only`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(rescue: .fail)
            let worker = try store.worker()
            _ = try store.claimOne(worker)
            #expect(try store.jobs.rescue(worker, output: [:], now: store.now).map(\.state) == [.failed])
            let failed = try store.dispatch(id)
            #expect(failed.reason == .workerDied && failed.finished != nil)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `fails as poison what has taken three workers with it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue(attempts: 100)
            for crash in 1...3 {
                let worker = try store.worker()
                #expect(try store.claimOne(worker).attempt == crash)
                let settled = try store.jobs.rescue(worker, output: [:], now: store.now)
                #expect(settled.map(\.state) == [crash < 3 ? .pending : .failed])
            }
            let poison = try store.dispatch(id)
            #expect(poison.reason == .poison && poison.crashes == 3)
            #expect(try store.claim(try store.worker()).isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `leaves of a result that comes later nothing but an event`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let (dead, next) = (try store.worker(), try store.worker())
            let lost = try store.claimOne(dead)
            _ = try store.jobs.rescue(dead, output: [:], now: store.now)
            let second = try store.claimOne(next)
            let result = AttemptResult(
                dispatch: id, token: try #require(lost.claim?.token), ending: .ended(.exited(0)), output: [line("late")]
            )
            let outcome = try store.jobs.round(
                of: dead, results: [result], queues: [.standard], slots: 1, now: store.now)
            #expect(outcome.late == [id] && outcome.settled.isEmpty && !outcome.isRegistered)
            #expect(try store.dispatch(id) == second)
            #expect(try store.jobs.dispatch(id, attempt: nil)?.output == [])
            let change = try #require(try newestEvent(store).changes.last)
            #expect(change.id == id && change.isLateResult && change.to == .inProgress)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `of another boot comes before the first claim in this one, for all at once`(engine: EngineKind) throws {
        try engine.withStore { store in
            let ids = [try store.enqueue(), try store.enqueue()]
            let before = [try store.worker(), try store.worker()]
            for worker in before { _ = try store.claimOne(worker) }
            store.clock.reboot()
            let next = try store.worker()
            #expect(try newestEvent(store).changes.map(\.id).sorted() == (ids + ids).sorted())
            #expect(try ids.allSatisfy { try store.dispatch($0).state == .pending })
            #expect(try store.jobs.activeWorkers().map(\.id) == [next])
            #expect(try store.jobs.workers().count == 3)
            #expect(try store.jobs.rescueFromOtherBoots(now: store.now).isEmpty)
            #expect(try store.claimOne(next).id == ids[0])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `twice changes nothing the second time`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.enqueue()
            let worker = try store.worker()
            _ = try store.claimOne(worker)
            _ = try store.jobs.rescue(worker, output: [:], now: store.now)
            let sequence = try store.jobs.sequence()
            #expect(try store.jobs.rescue(worker, output: [:], now: store.now).isEmpty)
            #expect(try store.jobs.sequence() == sequence)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `cancels what somebody had asked to stop, and never runs it again`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let worker = try store.worker()
            _ = try store.claimOne(worker)
            _ = try store.jobs.cancel(id, now: store.now)
            #expect(try store.jobs.rescue(worker, output: [:], now: store.now).map(\.state) == [.cancelled])
            #expect(try store.dispatch(id).reason == .requested)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `after a reboot works by the same way`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let worker = try store.worker()
            _ = try store.claimOne(worker)
            store.clock.reboot()
            _ = try store.jobs.rescue(worker, output: [:], now: store.now)
            try store.finish(try store.claimOne(try store.worker()))
            #expect(try store.state(id) == .success)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `leaves one that stopped in good order as it is`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            try store.jobs.setState(.draining, of: worker, now: store.now)
            #expect(try store.jobs.activeWorkers().map(\.state) == [.draining])
            try store.jobs.setState(.stopped, of: worker, now: store.now)
            _ = try store.jobs.rescue(worker, output: [:], now: store.now)
            #expect(try store.jobs.workers().map(\.registration.state) == [.stopped])
            #expect(code { try store.jobs.setState(.stopped, of: WorkerID(99), now: store.now) } == .notFound)
        }
    }
}

/// Method: the engine tells nothing of files, so that a test names the one it means.
@Suite struct `Entering a boot with a data file` {
    private static let original = StoreFile(device: 1, inode: 7)
    private static let copy = StoreFile(device: 1, inode: 8)

    private func withStore(alive: Set<WorkerID> = [], _ body: (JobStore<MemoryEngine>, StoreUnderTest) throws -> Void)
        throws
    {
        try withMemoryStore { store in
            let jobs = try JobStore(engine: store.jobs.engine, live: store.live) { alive.contains($0) }
            try body(jobs, StoreUnderTest(store))
        }
    }

    private func enter(_ jobs: JobStore<MemoryEngine>, _ file: StoreFile, _ store: StoreUnderTest) throws -> LiveAddress
    {
        let name = "\(file.inode)"
        return try jobs.settleLiveAddress(of: file, proposed: "/run/" + name, mark: name, now: store.now)
    }

    @Test func `settles at once, in a copy, all that runs in the original`() throws {
        try withStore { jobs, store in
            #expect(try enter(jobs, Self.original, store) == LiveAddress(path: "/run/7"))
            let ids = [try store.enqueue(), try store.enqueue(rescue: .fail)]
            for _ in ids { _ = try store.claimOne(try store.worker()) }
            #expect(try enter(jobs, Self.original, store).lost.isEmpty)
            let before = try jobs.sequence()
            let entered = try enter(jobs, Self.copy, store)
            #expect(entered.path == "/run/8" && entered.lost.map(\.state) == [.pending, .failed])
            #expect(try jobs.sequence() == before + 1)
            #expect(try store.jobs.workers().map(\.registration.state) == [.dead, .dead])
            #expect(try enter(jobs, Self.copy, store) == LiveAddress(path: "/run/8"))
            #expect(try jobs.liveAddress(of: Self.original, boot: store.now.bootID) == nil)
        }
    }

    @Test func `gives a copy's processes another mark`() throws {
        try withStore { jobs, store in
            let bare = try jobs.runMark()
            _ = try enter(jobs, Self.original, store)
            let first = try jobs.runMark()
            _ = try enter(jobs, Self.copy, store)
            #expect(try [jobs.storeID(), "\(bare).7", "\(bare).8"] == [bare, first, jobs.runMark()])
        }
    }

    @Test func `leaves alone whose lock is held beside this very file`() throws {
        try withStore(alive: [WorkerID(1)]) { jobs, store in
            try store.enqueue()
            _ = try store.claimOne(try store.worker())
            #expect(try enter(jobs, Self.copy, store).lost.isEmpty)
            store.clock.reboot()
            #expect(try enter(jobs, Self.copy, store).lost.map(\.state) == [.pending])
        }
    }
}

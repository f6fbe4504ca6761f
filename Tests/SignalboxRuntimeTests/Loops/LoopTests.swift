import Logging
import OrderedStore
import SignalboxCore
import SignalboxRuntime
import SignalboxStore
import SignalboxTesting
import Testing

/// A job store in memory with the loops on real clocks, locks and processes.
struct LoopBox {
    let store: TestStore<MemoryEngine>
    let liveness: LivenessFile
    let clocks: SystemClocks
    let folder: String
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Blocks, so it runs on a thread of its own.
    static func with<Result: Sendable>(_ body: @escaping @Sendable (LoopBox) throws -> Result) async throws -> Result {
        try await onThread {
            try withTemporaryDirectory { folder in
                try withMemoryStore { store in
                    let clocks = try SystemClocks()
                    return try body(
                        LoopBox(
                            store: store, liveness: LivenessFile(path: folder + "/workers.lock"), clocks: clocks,
                            folder: folder))
                }
            }
        }
    }

    func enqueue(_ words: [String] = ["true"], queue: String, delay: Duration? = nil) throws -> DispatchID {
        let now = clocks.now()
        let item = Enqueuing(
            request: Request(command: .program(words)), queue: try QueueName(queue), delay: delay)
        return try store.jobs.enqueue(item, now: now).id
    }

    /// What a worker had that ended without a word.
    func claimAndVanish(as id: WorkerID) throws -> DispatchID {
        let (now, queues) = (clocks.now(), [try QueueName("own")])
        let registration = WorkerRegistration(
            id: id, name: "gone", process: ProcessIdentity(pid: 1, startTicks: .max), bootID: now.bootID, host: "box",
            queues: queues, slots: 1, version: "1", startedAt: now.wall)
        _ = try store.jobs.register(registration, now: now)
        let dispatch = try enqueue(queue: "own")
        _ = try store.jobs.round(of: id, results: [], queues: queues, slots: 1, now: now)
        #expect(try state(dispatch) == .inProgress)
        return dispatch
    }

    func state(_ id: DispatchID) throws -> DispatchState? { try store.jobs.dispatch(id)?.view.state }

    /// Sleeps on the store's bell until `holds` does.
    func until(_ holds: () throws -> Bool) throws {
        let watch = try store.jobs.engine.watch(.anyChange)
        watch.arm()
        while try !holds() {
            // The limit is for a loop that is broken, so that the test ends.
            try #require(watch.wait(timeout: .seconds(600)) == .changed)
            watch.arm()
        }
    }
}

@Suite struct `A worker without a scheduler` {
    @Test func `makes claimable what falls due, in queues that are not its own too`() async throws {
        try await LoopBox.with { box in
            let options = WorkerOptions(queues: [try QueueName("own")], slots: 2, version: "1", environment: [:])
            let worker = try Worker(
                store: box.store.jobs, liveness: box.liveness, options: options, clocks: box.clocks, logger: box.logger)
            let thread = try LoopThread(name: "worker") { try worker.run() }
            let foreign = try (1...3).map { try box.enqueue(queue: "foreign", delay: .milliseconds(20 * $0)) }
            let own = try box.enqueue(queue: "own", delay: .milliseconds(70))
            try box.until { try box.state(own) == .success && foreign.allSatisfy { try box.state($0) == .pending } }
            worker.drain()
            try box.until { try box.store.jobs.workers().allSatisfy { $0.registration.state == .stopped } }
            return thread
        }.value()
    }
}

@Suite struct `A reaper` {
    @Test func `settles a worker that is gone as soon as its lock is free`() async throws {
        try await LoopBox.with { box in
            let id = try box.store.jobs.newWorkerID(now: box.clocks.now())
            // The worker is gone, and something that it was starting still holds its lock.
            var lock = try box.liveness.tryLock(.worker(id))
            try #require(lock != nil)
            let dispatch = try box.claimAndVanish(as: id)

            let reaper = try Reaper(
                store: box.store.jobs, liveness: box.liveness, clocks: box.clocks, logger: box.logger)
            let thread = try LoopThread(name: "reaper") { try reaper.run() }
            lock = nil
            try box.until { try box.state(dispatch) == .pending }
            #expect(lock == nil)
            #expect(try box.store.jobs.dispatch(dispatch)?.view.dispatch.crashes == 1)
            reaper.stop()
            return thread
        }.value()
    }

    @Test func `does the work of the one whose turn it is when that does not come to it`() async throws {
        try await LoopBox.with { box in
            // As a process holds it that is stopped.
            let turn = try #require(try box.liveness.tryLock(.reaper))
            let dispatch = try box.claimAndVanish(as: box.store.jobs.newWorkerID(now: box.clocks.now()))
            let reaper = try Reaper(
                store: box.store.jobs, liveness: box.liveness, clocks: box.clocks, logger: box.logger, patience: .zero)
            let thread = try LoopThread(name: "reaper") { try reaper.run() }
            try box.until { try box.state(dispatch) == .pending }
            #expect(try box.store.jobs.dispatch(dispatch)?.view.dispatch.crashes == 1)
            reaper.stop()
            withExtendedLifetime(turn) {}
            return thread
        }.value()
    }
}

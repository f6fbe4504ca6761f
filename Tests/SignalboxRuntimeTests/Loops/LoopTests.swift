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
            let (jobs, now) = (box.store.jobs, box.clocks.now())
            let id = try jobs.newWorkerID(now: now)
            // The worker is gone, and something that it was starting still holds its lock.
            var lock = try box.liveness.tryLock(.worker(id))
            try #require(lock != nil)
            let gone = ProcessIdentity(pid: 1, startTicks: .max)
            let registration = WorkerRegistration(
                id: id, name: "gone", process: gone, bootID: now.bootID, host: "box", queues: [try QueueName("own")],
                slots: 1, version: "1", startedAt: now.wall)
            _ = try jobs.register(registration, now: now)
            let dispatch = try box.enqueue(queue: "own")
            let queues = [try QueueName("own")]
            _ = try jobs.round(of: id, results: [], queues: queues, slots: 1, now: now)
            #expect(try box.state(dispatch) == .inProgress)

            let reaper = try Reaper(store: jobs, liveness: box.liveness, clocks: box.clocks, logger: box.logger)
            let thread = try LoopThread(name: "reaper") { try reaper.run() }
            lock = nil
            try box.until { try box.state(dispatch) == .pending }
            #expect(lock == nil)
            #expect(try jobs.dispatch(dispatch)?.view.dispatch.crashes == 1)
            reaper.stop()
            return thread
        }.value()
    }
}

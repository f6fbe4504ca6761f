import Glibc
import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Testing

@testable import SignalboxRuntime

@Suite struct `Who settles what the dead have left` {
    /// Its lock is held, and is not where it is looked for any more.
    @Test func `takes no living worker for dead when the store was moved, or another is in its place`() async throws {
        try await LoopBox.with { box in
            let (jobs, now, folder) = (box.store.jobs, box.clocks.now(), box.folder + "/store")
            #expect(mkdir(folder, 0o700) == 0)
            let liveness = LivenessFile(path: folder + "/workers.lock")
            let id = try jobs.newWorkerID(now: now)
            let lock = try liveness.tryLock(.worker(id))
            let worker = WorkerRegistration(
                id: id, name: "living", process: try ProcessIdentity.current(), bootID: now.bootID, host: "box",
                queues: [.standard], slots: 1, version: "1", startedAt: now.wall)
            _ = try jobs.register(worker, now: now)
            let graveyard = Graveyard(store: jobs, liveness: liveness, clocks: box.clocks, logger: box.logger)
            #expect(try !graveyard.settleIfDead(worker))
            #expect(rename(folder, box.folder + "/aside") == 0)
            #expect(throws: StoreGone.self) { try graveyard.settleIfDead(worker) }
            #expect(mkdir(folder, 0o700) == 0)
            #expect(throws: StoreGone.self) { try graveyard.settleIfDead(worker) }
            #expect(try jobs.activeWorkers().map(\.id) == [id])
            withExtendedLifetime(lock) {}
        }
    }
}

import LMDBEngine
import Signalbox
import SignalboxRuntime
import SignalboxStatus

/// What a process of ours is put together from.
struct SchedulerPart: Part {
    let scheduler: Scheduler<Environment>
    func run() async throws { try await scheduler.run() }
    func drain() { scheduler.stop() }
    func stopNow() { scheduler.stop() }
}

struct WorkerPart: Part {
    let worker: Worker<Environment>
    func run() async throws { try await worker.run() }
    func drain() { worker.drain() }
    func stopNow() { worker.stopNow() }
}

struct ServerPart: Part {
    let server: StatusServer
    func run() async throws { try await server.run() }
    func drain() { server.stop() }
    func stopNow() { server.stop() }
}

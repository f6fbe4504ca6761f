import LMDBEngine
import Signalbox
import SignalboxRuntime
import SignalboxStatus

/// What a process of ours is put together from.
struct SchedulerPart: Part {
    let scheduler: Scheduler<Environment>
    var name: String { "scheduler" }
    func run() throws { try scheduler.run() }
    func drain() { scheduler.stop() }
    func stopNow() { scheduler.stop() }
}

struct WorkerPart: Part {
    let worker: Worker<Environment>
    var name: String { "worker" }
    func run() throws { try worker.run() }
    func drain() { worker.drain() }
    func stopNow() { worker.stopNow() }
}

struct ServerPart: Part {
    let server: StatusServer
    var name: String { "server" }
    func run() throws { try server.run() }
    func drain() { server.stop() }
    func stopNow() { server.stop() }
}

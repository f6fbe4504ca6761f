import LMDBEngine
import Logging
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

struct ReaperPart: Part {
    let reaper: Reaper<Environment>
    var name: String { "reaper" }
    var isAwaited: Bool { false }
    func run() throws { try reaper.run() }
    func drain() { reaper.stop() }
    func stopNow() { reaper.stop() }
}

struct ServerPart: Part {
    private let server: StatusServer
    /// It listens.
    let ready: WakeUp?

    init(_ source: any StatusSource, clocks: SystemClocks, listen: ListenAddress, logger: Logger) throws {
        let ready = try WakeUp()
        self.ready = ready
        server = StatusServer(source: source, now: { clocks.now() }, listen: listen, logger: logger) { _ in
            ready.raise()
        }
    }

    var name: String { "server" }
    func run() throws { try server.run() }
    func drain() { server.stop() }
    func stopNow() { server.stop() }
}

import LMDBEngine
import Logging
import Signalbox
import SignalboxRuntime
import SignalboxStatus
import SignalboxStore

/// What a process of ours is put together from.
struct SchedulerPart: Part {
    let scheduler: Scheduler<Environment>
    var name: String { "scheduler" }
    var pulse: Pulse? { scheduler.pulse }
    func run() throws { try scheduler.run() }
    func drain() { scheduler.stop() }
    func stopNow() { scheduler.stop() }
}

struct WorkerPart: Part {
    let worker: SignalboxRuntime.Worker<Environment>
    var name: String { "worker" }
    var pulse: Pulse? { worker.pulse }
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

/// Ends the process when its store is no longer in its place.
struct PlacePart: Part {
    private let keeper: PlaceKeeper

    init(_ store: Store, isRunningCommands: Bool) throws {
        keeper = try PlaceKeeper(store.place(isRunningCommands: isRunningCommands))
    }

    var name: String { "place" }
    var isAwaited: Bool { false }
    func run() throws { try keeper.run() }
    func drain() { keeper.stop() }
    func stopNow() { keeper.stop() }
}

struct ServerPart: Part {
    private let server: StatusServer
    /// Begins when it listens.
    let pulse: Pulse?

    init(
        _ source: any StatusSource, control: Control?, clocks: SystemClocks, listen: ListenAddress, logger: Logger
    ) throws {
        let pulse = try Pulse()
        self.pulse = pulse
        server = StatusServer(
            source: source, control: control, now: { clocks.now() }, listen: listen, logger: logger
        ) { _ in
            pulse.begin()
        }
    }

    var name: String { "server" }
    func ask() {
        guard let pulse else { return }
        pulse.ask()
        // One that does not listen yet, or no more, has nothing to hang in.
        if !server.onEventLoop({ pulse.answer() }) { pulse.answer() }
    }
    func run() throws { try server.run() }
    func drain() { server.stop() }
    func stopNow() { server.stop() }
}

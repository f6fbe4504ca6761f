public import Logging
public import OrderedStore
import SignalboxCore
public import SignalboxStore

/// What is done for a dead worker: its commands' processes are ended first, then its dispatches are given back, with
/// the output they had so far.
public struct Graveyard<Engine: OrderedStore>: Sendable {
    let store: JobStore<Engine>
    let liveness: LivenessFile
    let clocks: any Clocks
    let logger: Logger

    public init(store: JobStore<Engine>, liveness: LivenessFile, clocks: any Clocks, logger: Logger) {
        self.store = store
        self.liveness = liveness
        self.clocks = clocks
        self.logger = logger
    }

    /// One pass, for a process that does not stay: where nothing long-lived runs, the next command does the reaper's
    /// work. Nothing happens when somebody else holds the reaper's lock.
    public func settleAll() throws {
        for dispatch in try store.rescueFromOtherBoots(now: clocks.now()) {
            logger.warning("the machine was started anew; dispatch \(dispatch.id) is \(dispatch.state.name) again")
        }
        guard let lock = try liveness.tryLock(.reaper) else { return }
        try withExtendedLifetime(lock) {
            for worker in try store.activeWorkers() { _ = try settleIfDead(worker) }
        }
    }

    /// False when the worker lives.
    func settleIfDead(_ worker: WorkerRegistration) throws -> Bool {
        guard try !liveness.isHeld(.worker(worker.id)) else { return false }
        // Looked at afterwards: a store that is moved takes the locks of the living with it.
        try liveness.requirePlace()
        let held = try store.held(by: worker.id)
        var output: [DispatchID: [OutputLine]] = [:]
        for dispatch in held {
            try endCommand(of: dispatch)
            output[dispatch.id] = try store.live?.output(of: dispatch.id, attempt: dispatch.startNumber)
        }
        try endHandlers(of: worker)
        let settled = try store.rescue(worker.id, output: output, now: clocks.now())
        var round = LiveRound()
        round.ended = held.compactMap { dispatch in dispatch.claim.map { (dispatch.id, $0.token) } }
        try store.live?.write(round)
        for dispatch in settled {
            logger.warning("worker \(worker.name) died; dispatch \(dispatch.id) is \(dispatch.state.name) again")
        }
        return true
    }

    /// The processes of handlers belong to no one dispatch: whatever a handler has started and let go of goes too.
    private func endHandlers(of worker: WorkerRegistration) throws {
        guard !worker.kinds.handlers.isEmpty else { return }
        let prefix = RunID.ofHandlers(mark: try store.runMark(), worker: worker.id)
        for process in try ProcessTree(runIDsBeginningWith: prefix).killAll().survivors {
            logger.error("process \(process.pid) of a handler of worker \(worker.name) cannot be ended")
        }
    }

    /// Nobody may start a second copy while a process of the first still runs.
    private func endCommand(of dispatch: Dispatch) throws {
        let command = try store.live?.running(dispatch.id)
        let runID = RunID(mark: try store.runMark(), dispatch: dispatch)
        let leader = command.flatMap { $0.token == dispatch.claim?.token ? $0.process : nil }
        let sweep = try ProcessTree(runID: runID.description, leader: leader).killAll()
        for process in sweep.survivors {
            logger.error(
                "process \(process.pid) of dispatch \(dispatch.id) cannot be ended; it may run beside the next attempt")
        }
    }
}

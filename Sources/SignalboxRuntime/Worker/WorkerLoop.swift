import Glibc
import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore

/// The worker's thread: one loop in which everything it waits for arrives, and one transaction a round.
///
/// Commands are started from here, and this thread lasts as long as the worker: the kernel kills a command when the
/// thread that started it ends.
final class WorkerLoop<Engine: OrderedStore> {
    enum Token: Hashable {
        case bell, stop, wallAlarm, bootAlarm
        case process(DispatchID)
        case pipe(DispatchID, RunningAttempt.PipeName)
    }

    let store: JobStore<Engine>
    let options: WorkerOptions
    let clocks: any Clocks
    var logger: Logger
    let loop: EventLoop<Token>
    let id: WorkerID
    let storeID: String
    var running: [DispatchID: RunningAttempt] = [:]
    var results: [AttemptResult] = []
    var live = LiveRound()

    private let lock: LivenessLock
    private let bell: BellThread<Engine>
    private let stopping: StopRequest
    private let wallAlarm: WallAlarm
    private let bootAlarm: BootAlarm
    private var level = StopRequest.Level.none
    /// The newest request to stop something that we have looked at.
    private var seenCancellation: UInt64 = 0
    /// The store may hold something for us: look before sleeping.
    private var shouldLook = true
    private var drainEnds: BootInstant?
    /// The machine had no room for another command; nothing is claimed until one has ended, or for a beat.
    private var hasNoRoom = false
    /// There is something to claim, as far as the last look says.
    private var hasWork = false
    /// The store has no room for what we have to write.
    private var roomWait = RoomWait()
    /// What the store says of us.
    private var shownState = WorkerState.online
    private var nextBeat: BootInstant
    /// When a delay or a wait before an attempt ends.
    private var delayEnds: BootInstant?
    private var processed = 0
    private var failed = 0
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    init(
        store: JobStore<Engine>, liveness: LivenessFile, options: WorkerOptions, clocks: any Clocks, logger: Logger,
        stopping: StopRequest
    ) throws {
        self.store = store
        self.options = options
        self.clocks = clocks
        self.stopping = stopping
        storeID = try store.storeID()
        loop = try EventLoop()
        wallAlarm = try WallAlarm()
        bootAlarm = try BootAlarm()
        id = try store.newWorkerID(now: clocks.now())
        guard let lock = try liveness.tryLock(.worker(id)) else {
            throw WorkerError("the lock of worker \(id) is held by another process: two stores share \(liveness.path)")
        }
        self.lock = lock
        self.logger = logger
        let interests = options.queues.reduce(InterestSet([.schedule, .cancellation])) { $0.union(.ready($1)) }
        bell = try BellThread(store.engine, interests, name: "worker-bell")
        nextBeat = clocks.now().boot
        self.logger[metadataKey: "worker"] = "\(id)"
        try loop.add(stopping.wakeUp, token: .stop)
        try loop.add(bell.wakeUp, token: .bell)
        try loop.add(wallAlarm, token: .wallAlarm)
        try loop.add(bootAlarm, token: .bootAlarm)
    }

    func run() throws {
        try register()
        while true {
            let isDue = shouldLook || hasUnwritten && roomWait.retryAt == nil
            for event in try loop.wait(for: isDue ? .zero : nil) { try handle(event.token) }
            try attend()
            try round()
            try tell()
            try showState()
            if shownState == .stopped { break }
            try armAlarms()
        }
        logger.info("stopped")
    }

    private func register() throws {
        let now = clocks.now()
        let process = ProcessIdentity.current()
        let host = hostName()
        let registration = WorkerRegistration(
            id: id, name: options.name ?? "\(host)-\(process.pid)", process: process, bootID: now.bootID, host: host,
            queues: options.queues, slots: options.slots, version: options.version, startedAt: now.wall)
        live.forgotten = try store.register(registration, now: now)
        logger.info("online: \(options.slots) slots, queues \(options.queues.map(\.text).joined(separator: ", "))")
    }

    private func handle(_ token: Token) throws {
        switch token {
        case .bell:
            bell.wakeUp.lower()
            shouldLook = true
        case .stop:
            stopping.wakeUp.lower()
            try stopAsAsked()
        case .wallAlarm:
            _ = try wallAlarm.acknowledge()
            shouldLook = true
        case .bootAlarm:
            _ = bootAlarm.acknowledge()
            if let ends = delayEnds, ends <= clocks.now().boot { (delayEnds, shouldLook) = (nil, true) }
        case .process(let id): collect(id)
        case .pipe(let id, let name): try read(name, of: id)
        }
    }

    private func stopAsAsked() throws {
        let asked = stopping.level
        guard asked > level else { return }
        let now = clocks.now()
        level = asked
        drainEnds = asked == .now ? now.boot : now.boot + options.drainTimeout
        logger.info("\(asked == .now ? "stopping" : "draining"): \(running.count) running")
        guard asked == .now else { return }
        for attempt in running.values {
            attempt.end(because: .drained, at: now.boot)
            attempt.kill()
        }
    }

    private func collect(_ id: DispatchID) {
        guard let attempt = running[id], let outcome = attempt.process.collect() else { return }
        attempt.outcome = outcome
        attempt.giveUpAt = clocks.now().boot + WorkerOptions.outputGrace
        loop.remove(.process(id))
    }

    /// One read a turn and pipe, so that a command that prints without end does not keep the others waiting.
    private func read(_ name: RunningAttempt.PipeName, of id: DispatchID) throws {
        guard let attempt = running[id], let pipe = attempt.pipe(name) else { return }
        switch try pipe.read(into: &buffer) {
        case .bytes(let count): attempt.take(buffer[..<count], from: name, at: clocks.now().boot)
        case .wouldBlock: break
        case .end:
            attempt.openPipes.remove(name)
            loop.remove(.pipe(id, name))
        }
    }

    /// Does what the time demands: timeouts, the second step of ending a command, the end of the drain; and takes out
    /// the attempts that are over.
    private func attend() throws {
        let now = clocks.now().boot
        if let ends = drainEnds, ends <= now {
            drainEnds = nil
            for attempt in running.values { attempt.end(because: .drained, at: now) }
        }
        for (id, attempt) in running {
            if attempt.outcome == nil {
                if let deadline = attempt.deadline, deadline <= now { attempt.end(because: .timeout, at: now) }
                if let killAt = attempt.killAt, killAt <= now { attempt.kill() }
            }
            if attempt.isOver(at: now) { try conclude(id, attempt) }
        }
    }

    private func conclude(_ id: DispatchID, _ attempt: RunningAttempt) throws {
        for name in attempt.openPipes { loop.remove(.pipe(id, name)) }
        if attempt.stop != nil { try sweep(attempt) }
        running[id] = nil
        hasNoRoom = false
        results.append(attempt.result())
    }

    /// A child that made a session of its own survives a signal to the group.
    private func sweep(_ attempt: RunningAttempt) throws {
        let tree = ProcessTree(runID: attempt.runID.description, leader: attempt.process.identity)
        for process in try tree.killAll().survivors {
            logger.error("process \(process.pid) of dispatch \(attempt.dispatch.id) cannot be ended")
        }
    }

    // MARK: The round

    private var freeSlots: Int { level > .none || hasNoRoom ? 0 : options.slots - running.count }

    private var state: WorkerState {
        guard level > .none else { return .online }
        return running.isEmpty && results.isEmpty ? .stopped : .draining
    }

    /// Whether there is anything to write, once there is room.
    private var hasUnwritten: Bool { !results.isEmpty || hasWork && freeSlots > 0 || state != shownState }

    /// Writes down what ended and claims what fits, in one transaction; none when there is nothing to do.
    private func round() throws {
        let now = clocks.now()
        if shouldLook { hasWork = try look(now) }
        shouldLook = false
        guard !results.isEmpty || hasWork && freeSlots > 0 else { return }
        // While there is little room, what ended goes first.
        let slots = roomWait.retryAt == nil || results.isEmpty ? freeSlots : 0
        let written = try ifRoom(now) {
            try store.round(of: id, results: results, queues: options.queues, slots: slots, now: now)
        }
        guard let outcome = written else { return }
        forget(results, outcome)
        results = []
        guard outcome.isRegistered else { throw try disowned() }
        for claimed in outcome.claimed { try start(claimed) }
        // It may have left some behind, and what falls due next may be another now.
        (hasWork, shouldLook) = (false, true)
    }

    /// Lets the store say of us what is so.
    private func showState() throws {
        let (state, now) = (state, clocks.now())
        guard state != shownState else { return }
        guard try ifRoom(now, { try store.setState(state, of: id, now: now) }) != nil else { return }
        shownState = state
    }

    /// Writes, unless the store or its disk is full: then nil, and what is to be written is kept here until there is
    /// room. When we are to end, that is until the end of the drain.
    private func ifRoom<Result>(_ now: Now, _ write: () throws -> Result) throws -> Result? {
        let isLastTry = level > .none && drainEnds == nil && running.isEmpty
        guard isLastTry || !roomWait.mustWait(at: now.boot) else { return nil }
        do {
            let result = try write()
            if roomWait.noteSuccess() { logger.notice("the store has room again: what waited for it is written") }
            return result
        } catch let error as any RoomError where error.isLackOfRoom {
            guard !isLastTry else {
                logger.error(
                    "there was no room until the end: \(results.count) results are lost, and will be made again")
                throw error
            }
            if roomWait.noteFailure(at: now.boot) {
                logger.error("\(error) What ended here is written as soon as there is room.")
            }
            makeRoom()
            return nil
        }
    }

    /// A reader that was killed may keep the room that others have made.
    private func makeRoom() {
        do { _ = try store.tidyUp() } catch { logger.warning("the store could not be tidied up: \(error)") }
    }

    /// Whether there is something to claim; on the way, obeys requests to stop what runs.
    private func look(_ now: Now) throws -> Bool {
        let lookout = try store.workerView(queues: options.queues, now: now)
        if lookout.newestCancellation > seenCancellation {
            seenCancellation = lookout.newestCancellation
            for id in try store.cancellations(for: id) { running[id]?.end(because: .cancelled, at: now.boot) }
        }
        if let due = lookout.nextWall, due > now.wall { try wallAlarm.arm(at: due) } else { try wallAlarm.disarm() }
        delayEnds = lookout.nextBoot.flatMap { $0 > now.boot ? $0 : nil }
        return lookout.hasWork
    }

    private func forget(_ results: [AttemptResult], _ outcome: RoundOutcome) {
        let ended = outcome.settled.filter { $0.state != .pending }
        processed += ended.count
        failed += ended.count { $0.state != .success }
        live.ended += results.map { (dispatch: $0.dispatch, token: $0.token) }
        for dispatch in outcome.settled {
            let job = dispatch.job.map { " of \($0)" } ?? ""
            logger.info("dispatch \(dispatch.id)\(job), attempt \(dispatch.attempt): \(dispatch.state.name)")
        }
        for id in outcome.late {
            logger.warning("dispatch \(id): the result came too late and was not believed; it was given to another")
        }
    }

    /// Somebody settled our dispatches as those of a dead worker. Ours must not run beside theirs.
    private func disowned() throws -> WorkerError {
        for attempt in running.values {
            attempt.kill()
            try sweep(attempt)
        }
        return WorkerError("worker \(id) lives, and the store counts it dead; its commands were ended. Start it again")
    }

    private func start(_ claimed: ClaimedDispatch) throws {
        let dispatch = claimed.dispatch
        guard let claim = dispatch.claim else { preconditionFailure("a claimed dispatch has a claim") }
        let now = clocks.now()
        let runID = RunID(storeID: storeID, dispatch: dispatch)
        do {
            let process = try CommandProcess(launch(claimed, runID, now))
            let attempt = RunningAttempt(claimed, claim: claim, runID: runID, process: process, started: now.boot)
            running[dispatch.id] = attempt
            try loop.add(process, token: .process(dispatch.id))
            for name in attempt.openPipes {
                if let pipe = attempt.pipe(name) { try loop.add(pipe, token: .pipe(dispatch.id, name)) }
            }
            let command = RunningCommand(claim: claim, process: process.identity)
            live.started.append((dispatch.id, command))
        } catch let error as CommandStartError {
            var ending = AttemptResult.Ending.ended(.notStarted(error.description))
            if error.code == .noResources {
                logger.warning("dispatch \(dispatch.id) is given back: \(error)")
                ending = .notBegun
                hasNoRoom = true
            }
            results.append(AttemptResult(dispatch: dispatch.id, token: claim.token, ending: ending, output: []))
        }
    }

    // MARK: What is told

    /// Writes what others may see of us while it happens, to the live environment.
    private func tell() throws {
        let now = clocks.now()
        for (id, attempt) in running where attempt.hasNewOutput || attempt.hasNewReport {
            if attempt.hasNewReport, let report = attempt.report { live.progress.append((id, report)) }
            live.output += attempt.output.takeChanges().map { $0.piece(of: attempt.dispatch) }
            (attempt.hasNewOutput, attempt.hasNewReport) = (false, false)
        }
        let isTime = now.boot >= nextBeat
        if isTime {
            try Orphans.collect()
            if hasNoRoom { (hasNoRoom, shouldLook) = (false, true) }
        }
        guard isTime || !live.isEmpty else { return }
        let beat = Heartbeat(at: Moment(now), running: running.count, processed: processed, failed: failed)
        live.heartbeat = (id, beat)
        nextBeat = now.boot + Heartbeat.interval
        // What is told here can be told again or done without; a worker does not end for it.
        do { try store.live?.write(live) } catch { logger.warning("the live data could not be written: \(error)") }
        live = LiveRound()
    }

    private func armAlarms() throws {
        let possible = [drainEnds, delayEnds, hasUnwritten ? roomWait.retryAt : nil]
        let times = running.values.compactMap(\.nextTime) + [nextBeat] + possible.compactMap { $0 }
        try bootAlarm.arm(at: times.min() ?? nextBeat)
    }
}

extension OutputBuffer.Change {
    fileprivate func piece(of dispatch: Dispatch) -> OutputPiece {
        switch self {
        case .add(let chunk, let lines):
            OutputPiece(dispatch: dispatch.id, attempt: dispatch.attempt, chunk: chunk, change: .add(lines))
        case .drop(let chunk):
            OutputPiece(dispatch: dispatch.id, attempt: dispatch.attempt, chunk: chunk, change: .drop)
        }
    }
}

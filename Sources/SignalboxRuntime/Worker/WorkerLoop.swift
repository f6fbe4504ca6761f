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
        case bell, stop, pulse, wallAlarm, bootAlarm, sweeper, handlers
        case process(DispatchID)
        case pipe(DispatchID, RunningAttempt.PipeName)
    }

    let store: JobStore<Engine>
    let options: WorkerOptions
    let clocks: any Clocks
    var logger: Logger
    let loop: EventLoop<Token>
    let id: WorkerID
    let runMark: String
    var running: [DispatchID: RunningAttempt] = [:]
    let handlers: HandlerPool
    /// The newest change of the handlers that we have looked at.
    var seenHandlers: UInt64 = 0
    /// What the store says that we take.
    var shownKinds = ServedKinds.commands
    var results: [AttemptResult] = []
    var live = LiveRound()

    let sweeper: Sweeper
    private let lock: LivenessLock
    private let bell: BellThread<Engine>
    private let stopping: StopRequest
    private let pulse: Pulse
    let wallAlarm: WallAlarm
    private let bootAlarm: BootAlarm
    var level = StopRequest.Level.none
    /// The newest request to stop something that we have looked at.
    var seenCancellation: UInt64 = 0
    /// The store may hold something for us: look before sleeping.
    var shouldLook = true
    var drainEnds: BootInstant?
    /// The machine, or the store, had no room for another command; nothing is claimed until one has ended, or for a beat.
    var hasNoRoom = false
    /// It was the store that had none, and that has been said.
    var hasSaidNoRoom = false
    /// That the live data cannot be written has been said.
    var hasSaidLiveFault = false
    /// There is something to claim, as far as the last look says.
    var hasWork = false
    /// The store has no room for what we have to write.
    var roomWait = RoomWait()
    /// What the store says of us.
    var shownState = WorkerState.online
    var nextBeat: BootInstant
    /// When output and progress may be told again: of an endless output not every read is worth a write.
    var nextTelling: BootInstant
    /// When a delay or a wait before an attempt ends.
    var delayEnds: BootInstant?
    var retention: RetentionKeeper<Engine>
    /// There is more to take away than one transaction did.
    var hasMoreToPrune = false
    var processed = 0
    var failed = 0
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    /// Smaller, for what comes of a command that writes control lines without end is work for us.
    var controlBuffer = [UInt8](repeating: 0, count: 4 << 10)

    init(
        store: JobStore<Engine>, liveness: LivenessFile, options: WorkerOptions, clocks: any Clocks, logger: Logger,
        stopping: StopRequest, pulse: Pulse
    ) throws {
        self.store = store
        self.options = options
        self.clocks = clocks
        self.stopping = stopping
        self.pulse = pulse
        runMark = try store.runMark()
        loop = try EventLoop()
        wallAlarm = try WallAlarm()
        bootAlarm = try BootAlarm()
        sweeper = try Sweeper()
        id = try store.newWorkerID(now: clocks.now())
        guard let lock = try liveness.tryLock(.worker(id)) else {
            throw WorkerError("the lock of worker \(id) is held by another process: two stores share \(liveness.path)")
        }
        self.lock = lock
        self.logger = logger
        let interests = options.queues.reduce(InterestSet([.schedule, .cancellation, .workers])) {
            $0.union(.ready($1))
        }
        bell = try BellThread(store.engine, interests, name: "worker-bell")
        nextBeat = clocks.now().boot
        nextTelling = nextBeat
        retention = RetentionKeeper(store: store, logger: logger, now: clocks.now())
        self.logger[metadataKey: "worker"] = "\(id)"
        handlers = try HandlerPool(options, runMark: runMark, worker: id, logger: self.logger)
        try loop.add(handlers.loop, token: .handlers)
        try loop.add(stopping.wakeUp, token: .stop)
        try loop.add(pulse, token: .pulse)
        try loop.add(bell.wakeUp, token: .bell)
        try loop.add(wallAlarm, token: .wallAlarm)
        try loop.add(bootAlarm, token: .bootAlarm)
        try loop.add(sweeper.wakeUp, token: .sweeper)
    }

    func run() throws {
        try register()
        while true {
            let isDue = shouldLook || hasMoreToPrune || hasUnwritten && roomWait.retryAt == nil
            for event in try loop.wait(for: isDue ? .zero : nil) { try handle(event.token) }
            try attend()
            try round()
            if level == .none { hasMoreToPrune = try retention.step(clocks.now()) } else { hasMoreToPrune = false }
            try tell()
            try showState()
            if shownState == .stopped { break }
            try armAlarms()
        }
        logger.info("stopped")
    }

    private func register() throws {
        let now = clocks.now()
        let process = try ProcessIdentity.current()
        let host = hostName()
        handlers.define(try store.handlers(), at: now.boot)
        shownKinds = handlers.kinds
        let registration = WorkerRegistration(
            id: id, name: options.name ?? "\(host)-\(process.pid)", process: process, bootID: now.bootID, host: host,
            queues: options.queues, kinds: shownKinds, slots: options.slots, version: options.version,
            startedAt: now.wall)
        live.forgotten = try store.register(registration, now: now)
        logger.info("online: \(options.slots) slots, queues \(options.queues.map(\.text).joined(separator: ", "))")
        pulse.begin()
    }

    private func handle(_ token: Token) throws {
        switch token {
        case .bell:
            bell.wakeUp.lower()
            shouldLook = true
        case .stop:
            stopping.wakeUp.lower()
            try stopAsAsked()
        case .pulse: pulse.answer()
        case .wallAlarm:
            _ = try wallAlarm.acknowledge()
            shouldLook = true
        case .bootAlarm:
            _ = bootAlarm.acknowledge()
            if let ends = delayEnds, ends <= clocks.now().boot { (delayEnds, shouldLook) = (nil, true) }
        case .sweeper: takeSwept()
        case .handlers: try handlers.attend(to: clocks.now().boot)
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
        logger.info("\(asked == .now ? "stopping" : "draining"): \(busy) running")
        guard asked == .now else { return }
        for attempt in running.values { endAtOnce(attempt, because: .drained, now.boot) }
        handlers.endAll(because: .drained, at: now.boot)
        handlers.killAll()
    }

    private func armAlarms() throws {
        let hasUntold = running.values.contains { $0.hasNewOutput || $0.hasNewProgress } || handlers.hasUntold
        let possible = [
            drainEnds, delayEnds, handlers.nextTime, hasUnwritten ? roomWait.retryAt : nil,
            hasUntold ? nextTelling : nil, level == .none ? retention.nextTime : nil,
        ]
        let times = running.values.compactMap(\.nextTime) + [nextBeat] + possible.compactMap { $0 }
        try bootAlarm.arm(at: times.min() ?? nextBeat)
    }
}

public import Logging
public import OrderedStore
import SignalboxCore
public import SignalboxStore
import Synchronization

/// Settles what dead workers left behind. Every process that stays has one; each sleeps on the workers' pidfds, and one
/// of them, which holds the reaper's lock, settles the dead at once. No timeout decides who is dead: a worker's kernel
/// lock says whether it lives.
///
/// The lock only spares the others work that is done already. When who holds it dies, the next one that waits for it
/// takes over; when it is stopped, by SIGSTOP or a debugger, the others wait for so long as their patience lasts, and
/// then settle what is left. That two do so at a time does no harm: they end processes of attempts that are over, and
/// what the second would give back is no longer held by the dead.
public final class Reaper<Engine: OrderedStore>: Sendable {
    private let graveyard: Graveyard<Engine>
    private let patience: Duration
    private let wakeUp: WakeUp
    private let isStopping = Atomic(false)
    /// Held here: this process is the one that settles the dead at once.
    private let lock = Mutex<LivenessLock?>(nil)
    /// Workers that are gone and whose lock a thread waits for.
    private let awaited = Mutex<Set<WorkerID>>([])

    /// - Parameter patience: how long who holds the lock may take, before others do its work. Longer than that takes on
    ///   a machine with much to do.
    public init(
        store: JobStore<Engine>, liveness: LivenessFile, clocks: any Clocks, logger: Logger,
        patience: Duration = .seconds(2)
    ) throws {
        graveyard = Graveyard(store: store, liveness: liveness, clocks: clocks, logger: logger)
        self.patience = patience
        wakeUp = try WakeUp()
    }

    /// Watches until ``stop()``.
    @available(*, noasync, message: "this blocks the thread; call it from a LoopThread")
    public func run() throws {
        defer { lock.withLock { $0 = nil } }
        try takeLockInTurn()
        try watch()
    }

    /// Ends the watch.
    public func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeUp.raise()
    }

    /// Takes the lock, or lets a thread wait for it, which may be as long as the process lives: the end of the process
    /// must not wait for that thread.
    private func takeLockInTurn() throws {
        if let free = try graveyard.liveness.tryLock(.reaper) { return lock.withLock { $0 = free } }
        _ = try LoopThread(name: "reaper-turn") { [self] in
            let free = try graveyard.liveness.lock(.reaper)
            guard !isStopping.load(ordering: .sequentiallyConsistent) else { return }
            lock.withLock { $0 = free }
            wakeUp.raise()
        }
    }

    private enum Token: Hashable {
        case bell, wakeUp
        case worker(WorkerID)
    }

    private func watch() throws {
        let loop = try EventLoop<Token>()
        let bell = try BellThread(graveyard.store.engine, .workers, name: "reaper-bell")
        try loop.add(bell.wakeUp, token: .bell)
        try loop.add(wakeUp, token: .wakeUp)
        var leftToOthers: [WorkerID: BootInstant] = [:]
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            let now = graveyard.clocks.now().boot
            for event in try loop.wait(for: leftToOthers.values.min().map { max(.zero, now.duration(to: $0)) }) {
                switch event.token {
                case .bell: bell.wakeUp.lower()
                case .wakeUp: wakeUp.lower()
                case .worker(let id): loop.remove(.worker(id))
                }
            }
            try lookAfterWorkers(loop, &leftToOthers)
        }
    }

    /// Settles the dead, and watches the living that are not watched yet.
    /// - Parameter leftToOthers: the dead that another process is to settle, and until when.
    private func lookAfterWorkers(_ loop: EventLoop<Token>, _ leftToOthers: inout [WorkerID: BootInstant]) throws {
        let active = try graveyard.store.activeWorkers()
        for case .worker(let id) in Array(loop.tokens) where !active.contains(where: { $0.id == id }) {
            loop.remove(.worker(id))
        }
        leftToOthers = leftToOthers.filter { id, _ in active.contains { $0.id == id } }
        for worker in active where !loop.tokens.contains(.worker(worker.id)) {
            // The watch comes before the look at the lock: a worker that dies in between is noticed by the watch.
            let watch = try ProcessWatch(worker.process)
            if try isLeftToOthers(worker, &leftToOthers) { continue }
            if try graveyard.settleIfDead(worker) { continue }
            if let watch {
                try loop.add(watch, token: .worker(worker.id))
            } else {
                try wakeWhenLockIsFree(worker.id)
            }
        }
    }

    /// Whether the worker is dead, and another process has the lock and time to settle that.
    private func isLeftToOthers(
        _ worker: WorkerRegistration, _ leftToOthers: inout [WorkerID: BootInstant]
    ) throws -> Bool {
        guard lock.withLock({ $0 == nil }), try !graveyard.liveness.isHeld(.worker(worker.id)) else { return false }
        let now = graveyard.clocks.now().boot
        let limit = leftToOthers[worker.id] ?? now + patience
        leftToOthers[worker.id] = limit
        return limit > now
    }

    /// A command that the worker was just starting when it died holds copies of its descriptors, and so its lock,
    /// until it has become the command: less than a millisecond, but nothing else would tell us of its end.
    private func wakeWhenLockIsFree(_ worker: WorkerID) throws {
        guard awaited.withLock({ $0.insert(worker).inserted }) else { return }
        _ = try LoopThread(name: "reaper-lock") { [self] in
            defer {
                awaited.withLock { _ = $0.remove(worker) }
                wakeUp.raise()
            }
            _ = try graveyard.liveness.lock(.worker(worker))
        }
    }
}

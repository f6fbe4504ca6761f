public import Logging
public import OrderedStore
import SignalboxCore
public import SignalboxStore
import Synchronization

/// Settles what dead workers left behind. One process at a time does it, the one that holds the reaper's lock; it
/// sleeps on the workers' pidfds, and when it dies itself, the next one that waits for the lock takes over. No
/// timeout takes part: a worker's kernel lock says whether it lives.
public final class Reaper<Engine: OrderedStore>: Sendable {
    private let graveyard: Graveyard<Engine>
    private let wakeUp: WakeUp
    private let isStopping = Atomic(false)
    /// Workers that are gone and whose lock a thread waits for.
    private let awaited = Mutex<Set<WorkerID>>([])

    public init(
        store: JobStore<Engine>, liveness: LivenessFile, clocks: any Clocks, logger: Logger
    ) throws {
        graveyard = Graveyard(store: store, liveness: liveness, clocks: clocks, logger: logger)
        wakeUp = try WakeUp()
    }

    /// Waits for the lock, then watches until ``stop()``. It may wait for the lock as long as the process lives, so the end
    /// of the process must not wait for it.
    @available(*, noasync, message: "this blocks the thread; call it from a LoopThread")
    public func run() throws {
        let lock = try graveyard.liveness.lock(.reaper)
        try withExtendedLifetime(lock) { try watch() }
    }

    /// Ends the watch; one that still waits for the lock ends when it gets it, or with the process.
    public func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeUp.raise()
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
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            for event in try loop.wait() {
                switch event.token {
                case .bell: bell.wakeUp.lower()
                case .wakeUp: wakeUp.lower()
                case .worker(let id): loop.remove(.worker(id))
                }
            }
            try lookAfterWorkers(loop)
        }
    }

    /// Settles the dead, and watches the living that are not watched yet.
    private func lookAfterWorkers(_ loop: EventLoop<Token>) throws {
        let active = try graveyard.store.activeWorkers()
        for case .worker(let id) in Array(loop.tokens) where !active.contains(where: { $0.id == id }) {
            loop.remove(.worker(id))
        }
        for worker in active where !loop.tokens.contains(.worker(worker.id)) {
            // The watch comes before the look at the lock: a worker that dies in between is noticed by the watch.
            let watch = try ProcessWatch(worker.process)
            if try graveyard.settleIfDead(worker) { continue }
            if let watch {
                try loop.add(watch, token: .worker(worker.id))
            } else {
                try wakeWhenLockIsFree(worker.id)
            }
        }
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

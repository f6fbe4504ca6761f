internal import OrderedStore
public import SignalboxCore

/// How many workers that have stopped or died are remembered.
private let rememberedWorkers = 20

extension JobStore {
    /// A number for a worker that is about to register. It takes the kernel lock of that number first, so that nobody
    /// ever sees a registered worker that looks dead.
    public func newWorkerID(now: Now) throws -> WorkerID {
        try write(now) { writer in writer.newWorkerID() }
    }

    /// What ran in another boot is settled first, so that nothing is claimed before that.
    ///
    /// The newest of those that have ended stay to be seen; older ones make room.
    /// - Returns: those that are no longer remembered.
    @discardableResult
    public func register(_ registration: WorkerRegistration, now: Now) throws -> [WorkerID] {
        try write(now) { writer in
            _ = try writer.settleOtherBoots()
            let forgotten = try writer.forgetOldWorkers()
            try writer.put(registration, .worker(registration.id), in: Buckets.workers)
            writer.notify([.workers, .anyChange])
            return forgotten
        }
    }

    /// Says that a worker drains, or has stopped; one that is counted dead stays so.
    /// - Precondition: a stopped worker holds nothing.
    public func setState(_ state: WorkerState, of worker: WorkerID, now: Now) throws {
        try write(now) { writer in
            guard var registration = try writer.transaction.workerRegistration(worker) else {
                throw StoreError.noWorker(worker)
            }
            guard registration.state.isActive else { return }
            registration.state = state
            try writer.put(registration, .worker(worker), in: Buckets.workers)
            writer.notify([.workers, .anyChange])
        }
    }

    /// Workers that are registered and have not stopped, whether they live or not.
    public func activeWorkers() throws -> [WorkerRegistration] {
        try engine.read { transaction in try transaction.activeWorkers() }
    }

    /// Whether the store counts a worker among the living; one that was settled as dead must stop.
    public func isActive(_ worker: WorkerID) throws -> Bool {
        try engine.read { transaction in try transaction.workerRegistration(worker)?.state.isActive ?? false }
    }
}

extension ReadTransaction where Self: ~Copyable {
    func activeWorkers() throws -> [WorkerRegistration] {
        var found: [WorkerRegistration] = []
        try records(WorkerRegistration.self, Buckets.workers, .all) { _, registration in
            if registration.state.isActive { found.append(registration) }
            return .next
        }
        return found
    }
}

extension JobWriter where Transaction: ~Copyable {
    fileprivate mutating func forgetOldWorkers() throws -> [WorkerID] {
        var ended: [WorkerID] = []
        try transaction.records(WorkerRegistration.self, Buckets.workers, .all) { _, registration in
            if !registration.state.isActive { ended.append(registration.id) }
            return .next
        }
        let old = Array(ended.dropLast(rememberedWorkers))
        for id in old { try delete(.worker(id), in: Buckets.workers) }
        return old
    }
}

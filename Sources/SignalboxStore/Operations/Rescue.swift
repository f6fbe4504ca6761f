internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// What a worker held, for the reaper to look at before it settles it.
    public func held(by worker: WorkerID) throws -> [Dispatch] {
        try engine.read { transaction in
            try transaction.ids(Buckets.running, KeyRange(prefix: Key.worker(worker).bytes), limit: .max).map {
                try transaction.indexed($0, by: Buckets.running).dispatch
            }
        }
    }

    /// T11. Settles everything that a dead worker held: each dispatch runs again, or is FAILED, as its request says,
    /// and the worker is counted dead. The caller has made sure that the worker's lock is free and its commands are
    /// gone.
    /// - Parameter output: what the lost attempts had printed, by dispatch.
    /// - Returns: what became of each; empty when another process was quicker.
    public func rescue(
        _ worker: WorkerID, output: [DispatchID: [OutputLine]], now: Now
    ) throws -> [Dispatch] {
        try write(now) { writer in try writer.settle(worker, output: output) }
    }

    /// T11 for everything that workers of other boots of the machine held, in one transaction. Their output went with
    /// the live environment of their boot.
    /// - Returns: what became of each; empty, and nothing written, when no such worker is left.
    public func rescueFromOtherBoots(now: Now) throws -> [Dispatch] {
        guard try activeWorkers().contains(where: { $0.bootID != now.bootID }) else { return [] }
        return try write(now) { writer in try writer.settleOtherBoots() }
    }
}

extension JobWriter where Transaction: ~Copyable {
    /// T11 for all that a worker held, which is counted dead from now on.
    fileprivate mutating func settle(
        _ worker: WorkerID, output: [DispatchID: [OutputLine]]
    ) throws -> [Dispatch] {
        var settled: [Dispatch] = []
        for id in try transaction.ids(Buckets.running, KeyRange(prefix: Key.worker(worker).bytes), limit: .max) {
            settled.append(try rescue(id, output: output[id] ?? []))
        }
        if var registration = try transaction.workerRegistration(worker), registration.state.isActive {
            registration.state = .dead
            try put(registration, .worker(worker), in: Buckets.workers)
            notify([.workers, .anyChange])
        }
        return settled
    }

    /// Nothing that ran in another boot runs in this one, so its workers are dead whatever else is known of them.
    mutating func settleOtherBoots() throws -> [Dispatch] {
        try transaction.activeWorkers().filter { $0.bootID != now.bootID }
            .flatMap { worker in try settle(worker.id, output: [:]) }
    }

    /// The same when nobody has yet opened this data file in this boot: nothing runs but what holds a lock beside it.
    mutating func settleWhatCannotRun() throws -> [Dispatch] {
        try transaction.activeWorkers().filter { $0.bootID != now.bootID || !isAlive($0.id) }
            .flatMap { worker in try settle(worker.id, output: [:]) }
    }

    private mutating func rescue(_ id: DispatchID, output: [OutputLine]) throws -> Dispatch {
        let record = try transaction.indexed(id, by: Buckets.running)
        let request = try transaction.request(of: id)
        try keepAttempt(of: record.dispatch, nil, .workerDied)
        try keepOutput(output, of: record.dispatch)
        let lost = try apply(.lose(request.rescue, due: now.wall), to: record)
        guard lost.state == .scheduled else { return lost }
        let again = try apply(.fallDue(blockedBy: nil), to: try transaction.indexed(id, by: Buckets.scheduled))
        try judgeAgain(waitersOf: again)
        let next = try skipIfRemoved(again)
        return record.hasLostUniqueKey ? try makeWay(next) : next
    }
}

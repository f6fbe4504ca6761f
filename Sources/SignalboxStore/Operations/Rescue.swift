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
        try write(now) { writer in
            let range = KeyRange(prefix: Key.worker(worker).bytes)
            var settled: [Dispatch] = []
            for id in try writer.transaction.ids(Buckets.running, range, limit: .max) {
                settled.append(try writer.rescue(id, output: output[id] ?? []))
            }
            if var registration = try writer.transaction.workerRegistration(worker), registration.state.isActive {
                registration.state = .dead
                try writer.put(registration, .worker(worker), in: Buckets.workers)
                writer.notify([.workers, .anyChange])
            }
            return settled
        }
    }
}

extension JobWriter where Transaction: ~Copyable {
    fileprivate mutating func rescue(_ id: DispatchID, output: [OutputLine]) throws -> Dispatch {
        let record = try transaction.indexed(id, by: Buckets.running)
        let request = try transaction.request(of: id)
        try keepAttempt(of: record.dispatch, nil, .workerDied)
        try keepOutput(output, of: record.dispatch)
        let lost = try apply(.lose(request.rescue, due: now.wall), to: record)
        guard lost.state == .scheduled else { return lost }
        let again = try apply(.fallDue(blockedBy: nil), to: try transaction.indexed(id, by: Buckets.scheduled))
        try judgeAgain(waitersOf: again)
        return try skipIfRemoved(again)
    }
}

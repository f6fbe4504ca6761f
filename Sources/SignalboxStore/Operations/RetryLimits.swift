// What ends the attempts of a dispatch besides their number: `retry_for` and `retry_until: next`. Dispatches that ask for
// neither cost nothing here.

internal import OrderedStore
internal import SignalboxCore

extension JobWriter where Transaction: ~Copyable {
    /// `event`, or where it is a retry that would begin too late, the failure that it then is.
    mutating func withinLimits(
        _ event: DispatchEvent, on dispatch: Dispatch, _ policy: RetryPolicy
    ) throws -> DispatchEvent {
        guard policy.limit != nil || policy.endsAtNext, case .retry(let token, let ending, let due, let reason) = event
        else { return event }
        let steady = try clock().steady(at: now.boot) + now.wall.duration(to: due)
        if try dispatch.mayBeRetried(at: steady) && !(policy.endsAtNext && isNextThere(for: dispatch, due, steady)) {
            return event
        }
        return .fail(token, ending, reason)
    }

    /// Whether the job of `dispatch` falls due again by `due`, which is `steady` in steady time, or has already.
    private mutating func isNextThere(for dispatch: Dispatch, _ due: Instant, _ steady: Instant) throws -> Bool {
        guard let name = dispatch.job, let job = try transaction.job(name) else { return false }
        let time = job.definition.schedule.clock == .wall ? due : steady
        if let next = job.progress.nextDue, next <= time { return true }
        return try transaction.hasOccurrence(after: dispatch, of: name)
    }

    /// `retry_until: next`: what of the job has begun and waits to be started again makes way for the occurrence that
    /// has come.
    mutating func giveUpRetries(of job: Job) throws {
        for dispatch in try transaction.active(of: job.name) where dispatch.waitsForAnotherAttempt {
            // The end of one may have moved another.
            let record = try transaction.indexed(dispatch.id, by: Buckets.byJob)
            if record.dispatch.waitsForAnotherAttempt { try apply(.giveUp, to: record) }
        }
    }
}

extension Dispatch {
    fileprivate var waitsForAnotherAttempt: Bool { attempt > 0 && !state.isTerminal && state != .inProgress }
}

extension ReadTransaction where Self: ~Copyable {
    /// Whether the job has fallen due since the newest due time that `dispatch` stands for, or since it was asked for.
    fileprivate func hasOccurrence(after dispatch: Dispatch, of job: JobName) throws -> Bool {
        let own = dispatch.dueTimes?.upperBound ?? dispatch.enqueuedAt
        var isFound = false
        try scan(Buckets.byJob, KeyRange(prefix: Key().with(job.text).bytes), .descending) { key, _ in
            let id = try dispatchID(atEndOf: copied(key), in: Buckets.byJob)
            guard id > dispatch.id else { return .stop }
            isFound = try indexed(id, by: Buckets.byJob).dispatch.dueTimes.map { $0.upperBound > own } ?? false
            return isFound ? .stop : .next
        }
        return isFound
    }
}

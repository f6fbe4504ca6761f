// What is judged again when a dispatch is about to be started, for since it was made the world has moved: others of its
// job run (semantics: "judged when it falls due and again at claim"), its time to begin has passed, its job is gone.
// Dispatches that ask for none of this cost nothing here.

internal import OrderedStore
internal import SignalboxCore

extension JobWriter where Transaction: ~Copyable {
    /// Whether a PENDING dispatch may be claimed now. One that may not is SKIPPED (T14), or BLOCKED until what is in its
    /// way has ended, or its key has room; either way it is ready no more.
    mutating func admits(_ record: DispatchRecord, _ request: Request) throws -> Bool {
        let dispatch = record.dispatch
        if try dispatch.startDeadline != nil && dispatch.isTooLate(at: clock().steady(at: now.boot)) {
            try apply(.skip(.startDeadline), to: record)
            return false
        }
        guard try admitsBesideItsJob(dispatch, record, request), try !record.isLimited || hasRoom(for: record, request)
        else { return false }
        if try dispatch.retryDeadline != nil && !dispatch.mayBeRetried(at: clock().steady(at: now.boot)) {
            try apply(.giveUp, to: record)
            return false
        }
        return true
    }

    private mutating func admitsBesideItsJob(
        _ dispatch: Dispatch, _ record: DispatchRecord, _ request: Request
    ) throws -> Bool {
        guard let job = dispatch.job, let rule = request.overlap, !rule.allowsAll else { return true }
        let active = try transaction.active(of: job)
        switch rule.decision(claiming: dispatch, active: active, lost: lost(active)) {
        case .run, .coalesce, .replace: return true
        case .skip(let other): try apply(.skip(.overlap, met: other), to: record)
        case .wait(let other): try apply(.holdBack(behind: other), to: record)
        }
        return false
    }

    /// Those that run at a worker which is dead and has not been settled yet.
    func lost(_ active: [Dispatch]) -> Set<DispatchID> {
        Set(active.filter { dispatch in dispatch.claim.map { !isAlive($0.worker) } ?? false }.map(\.id))
    }

    /// The dispatches of a job that are not terminal, oldest first, after those whose time to begin has passed were
    /// SKIPPED: what will never run is in nobody's way.
    mutating func activeInTime(of job: Job) throws -> [Dispatch] {
        let active = try transaction.active(of: job.name)
        guard job.definition.startBy != nil else { return active }
        let steady = try clock().steady(at: now.boot)
        let late = active.filter { $0.state != .inProgress && $0.isTooLate(at: steady) }
        for dispatch in late {
            try apply(.skip(.startDeadline), to: try transaction.indexed(dispatch.id, by: Buckets.active))
        }
        return late.isEmpty ? active : try transaction.active(of: job.name)
    }

    /// Until when, in steady time, what of `job` is due at the wall time `due` may be started; nil: at any time.
    mutating func startDeadline(of due: Instant, _ job: Job, _ startBy: Duration?) throws -> Instant? {
        guard let startBy else { return nil }
        // A due time of an interval was turned into wall time by the clock as it was written down.
        let clock = try job.definition.schedule.clock == .wall ? clock().seen(at: now) : clock()
        return clock.time(on: .steady, ofWall: due) + startBy
    }

    /// A dispatch that an occurrence is to be counted on: it has until the newest is too late.
    mutating func renewed(_ id: DispatchID, for due: Instant, of job: Job) throws -> DispatchRecord {
        var record = try transaction.indexed(id, by: Buckets.byJob)
        guard record.dispatch.startDeadline != nil else { return record }
        let deadline = try startDeadline(of: due, job, try transaction.request(of: id).startBy)
        record.dispatch = record.dispatch.startable(until: deadline)
        return record
    }

    /// A dead worker's dispatch goes on: what waited only to see whether it would is judged by what it now meets.
    mutating func judgeAgain(waitersOf dispatch: Dispatch) throws {
        guard let job = dispatch.job, !dispatch.state.isTerminal else { return }
        for id in try transaction.ids(Buckets.blocked, KeyRange(prefix: Key.dispatch(dispatch.id).bytes), limit: .max) {
            let record = try transaction.indexed(id, by: Buckets.blocked)
            guard record.dispatch.reason == .overlap, let rule = try transaction.request(of: id).overlap,
                case .skip(let other) = rule.decision(
                    claiming: record.dispatch, active: try transaction.active(of: job))
            else { continue }
            try apply(.skip(.overlap, met: other), to: record)
        }
    }

    /// Where a few may run side by side, a place is free when any of them ends: the oldest that waits for one of the
    /// others need not wait for just that one.
    mutating func fillPlace(of ended: Dispatch) throws {
        guard let job = ended.job,
            let rule = try transaction.fetch(JobDefinition.self, .name(job.text), in: Buckets.jobs)?.overlap,
            rule.policy == .allow, !rule.allowsAll
        else { return }
        let active = try transaction.active(of: job)
        for waiting in active where waiting.state == .blocked && waiting.reason == .overlap {
            guard let own = try transaction.request(of: waiting.id).overlap, own.policy == .allow,
                own.blocker(of: waiting, active: active) == nil
            else { continue }
            try apply(.unblock(next: nil), to: try transaction.indexed(waiting.id, by: Buckets.blocked))
            return
        }
    }

    /// T14. Once its job is removed, nothing of it begins again.
    mutating func skipIfRemoved(_ dispatch: Dispatch) throws -> Dispatch {
        guard let job = dispatch.job, !dispatch.state.isTerminal,
            try !transaction.contains(.name(job.text), in: Buckets.jobs)
        else { return dispatch }
        return try apply(.skip(.jobRemoved), to: try transaction.indexed(dispatch.id, by: Buckets.active))
    }
}

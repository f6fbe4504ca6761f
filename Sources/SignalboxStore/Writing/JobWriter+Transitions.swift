internal import OrderedStore
internal import SignalboxCore

/// The one way in which a dispatch comes to be and moves: record, indexes, counters, event and wake-ups together.
extension JobWriter where Transaction: ~Copyable {
    /// T1, T2. Writes a new dispatch and what it runs.
    /// - Parameter original: the first of those that it was made again of.
    mutating func insert(_ new: Dispatch, request: Request, madeAgainOf original: DispatchID? = nil) throws {
        let dispatch = try onItsClock(new.running(request.command), from: .wall)
        let record = DispatchRecord(
            dispatch: dispatch, holdsUniqueKey: request.unique?.scope == .active,
            hasDependencies: !request.after.isEmpty, isLimited: request.work.isLimited, original: original)
        try put(request, .dispatch(dispatch.id), in: Buckets.requests)
        if let job = dispatch.job { try mark(.job(job, dispatch.id), in: Buckets.byJob) }
        if let unique = request.unique { try take(unique, for: dispatch.id) }
        if record.hasDependencies { try keepAwaiting(request.after, by: dispatch.id) }
        try place(record, from: nil)
    }

    /// T3 to T14. Moves a dispatch by an event, and whatever waited for it to end; returns what it became.
    @discardableResult
    mutating func apply(_ event: DispatchEvent, to record: DispatchRecord) throws -> Dispatch {
        var moved = record
        moved.dispatch = try onItsClock(
            try record.dispatch.applying(event, now: now), from: record.dispatch.dueClock)
        let hasEnded = moved.dispatch.state.isTerminal
        if hasEnded, record.holdsUniqueKey || record.dispatch.predecessor != nil {
            try releaseUniqueKey(of: record)
            moved.holdsUniqueKey = false
        }
        try removeIndexes(of: record.dispatch)
        try place(moved, from: record.dispatch.state)
        if moved.isLimited { try moveLimits(from: record.dispatch, to: moved.dispatch) }
        if hasEnded, moved.hasDependencies { try awaitNoMore(moved.dispatch.id) }
        if hasEnded { try settle(after: moved.dispatch) }
        return moved.dispatch
    }

    /// Lets a dispatch that waits begin to wait anew, until the steady time `due`.
    mutating func postpone(_ record: DispatchRecord, until due: Instant) throws {
        var moved = record
        moved.dispatch = record.dispatch.postponed(until: due)
        try removeIndexes(of: record.dispatch)
        try place(moved, from: record.dispatch.state)
        if moved.isLimited { try moveLimits(from: record.dispatch, to: moved.dispatch) }
    }

    /// Lets a record of missed due times stand for more of them, up to `last`.
    mutating func extend(_ record: DispatchRecord, by count: Int, last: Instant) throws {
        var extended = record
        extended.dispatch = record.dispatch.standing(forFurther: count, last: last)
        try place(extended, from: record.dispatch.state)
    }

    /// What ends may end others that wait for it, and so on: a list and not a recursion, for chains have no limit.
    private mutating func settle(after ended: Dispatch) throws {
        // Of no job, and nobody waits for anything: the usual end.
        if ended.job == nil, state.count(.blocked) == 0 { return history.add(ended) }
        endings.append(ended)
        guard endings.count == 1 else { return }
        var settled = 0
        while settled < endings.count {
            try settleWaiters(of: endings[settled])
            settled += 1
        }
        endings = []
    }

    /// Writes a dispatch whose former index entries are gone; `before` is nil when it is new.
    private mutating func place(_ moved: DispatchRecord, from before: DispatchState?) throws {
        var record = moved
        if before != record.dispatch.state, record.dispatch.state.isTerminal {
            record.ended = try clock().steady(at: now.boot)
        }
        try addIndexes(of: record.dispatch)
        let (hasJob, state) = (record.dispatch.job != nil, record.dispatch.state)
        if hasJob { try moveActive(record.dispatch, from: before) }
        try put(record, .dispatch(record.dispatch.id), in: Buckets.dispatches)
        if before != state {
            try count(record.dispatch.queue, from: before, to: state)
            if hasJob, let job = record.dispatch.job { count(.job(job), from: before, to: state) }
            report(record.dispatch, from: before)
            if record.isCountedAsEnded { try countAsEnded(record) }
        }
        announce(record.dispatch)
    }

    private mutating func count(_ queue: QueueName, from before: DispatchState?, to state: DispatchState) throws {
        if let before {
            let (left, overflow) = self.state.counts[Int(before.rawValue)].subtractingReportingOverflow(1)
            guard !overflow else {
                throw StoreError(.damaged, "the counter of all \(before.name) would fall below zero")
            }
            self.state.counts[Int(before.rawValue)] = left
        }
        self.state.counts[Int(state.rawValue)] &+= 1
        count(.queue(queue), from: before, to: state)
    }

    private mutating func addIndexes(of dispatch: Dispatch) throws {
        try mark(.state(dispatch.state, dispatch.id), in: Buckets.byState)
        if let bucket = waitingBucket(of: dispatch) { try mark(.waiting(dispatch), in: bucket) }
    }

    private mutating func removeIndexes(of dispatch: Dispatch) throws {
        try delete(.state(dispatch.state, dispatch.id), in: Buckets.byState)
        if let bucket = waitingBucket(of: dispatch) { try delete(.waiting(dispatch), in: bucket) }
    }

    /// Two writes in the life of a dispatch that is of a job, not two in every transition.
    private mutating func moveActive(_ dispatch: Dispatch, from before: DispatchState?) throws {
        guard let key = dispatch.job.map({ Key.job($0, dispatch.id) }) else { return }
        let (was, isActive) = (before.map { !$0.isTerminal } ?? false, !dispatch.state.isTerminal)
        if was, !isActive { try delete(key, in: Buckets.active) }
        if isActive, !was { try mark(key, in: Buckets.active) }
    }

    private mutating func announce(_ dispatch: Dispatch) {
        switch dispatch.state {
        case .pending: notify([.ready(dispatch.queue), .anyChange])
        case .scheduled: notify([.schedule, .anyChange])
        case .inProgress:
            notify(dispatch.cancelRequested ? [.cancellation, .anyChange] : .anyChange)
            if dispatch.cancelRequested { state.newestCancellation = sequence }
        case .blocked, .success, .failed, .cancelled, .skipped: notify(.anyChange)
        }
    }

    /// T4, and T12 for those whose parent did not succeed.
    private mutating func settleWaiters(of ended: Dispatch) throws {
        try recordLastRun(ended)
        history.add(ended)
        guard state.count(.blocked) > 0 else { return }
        let range = KeyRange(prefix: Key.dispatch(ended.id).bytes)
        for id in try transaction.ids(Buckets.blocked, range, limit: .max) {
            let record = try transaction.indexed(id, by: Buckets.blocked)
            switch try nextBlocker(of: record) {
            case .met: try apply(.unblock(next: nil), to: record)
            case .waiting(let other): try apply(.unblock(next: other), to: record)
            case .failed: try apply(.cancel(.parentFailed), to: record)
            }
        }
        try fillPlace(of: ended)
    }

    private func nextBlocker(of record: DispatchRecord) throws -> Dependency {
        let dispatch = record.dispatch
        if record.hasDependencies {
            return try transaction.dependency(of: try transaction.request(of: dispatch.id))
        }
        // Several of the same job may have been in its way; each of them has to end.
        guard dispatch.reason == .overlap, let job = dispatch.job,
            let rule = try transaction.request(of: dispatch.id).overlap
        else { return .met }
        return rule.blocker(of: dispatch, active: try transaction.active(of: job)).map { .waiting($0) } ?? .met
    }

    private mutating func recordLastRun(_ ended: Dispatch) throws {
        guard let name = ended.job, ended.state == .success || ended.state == .failed,
            let finished = ended.finished,
            var progress = try transaction.fetch(JobProgress.self, .name(name.text), in: Buckets.jobProgress)
        else { return }
        progress.lastRun = LastRun(dispatch: ended.id, state: ended.state, finishedAt: finished.wall)
        try put(progress, .name(name.text), in: Buckets.jobProgress)
    }
}

/// Where a dispatch stands besides the index of all states; nil when it has ended.
@inline(__always)
func waitingBucket(of dispatch: Dispatch) -> Bucket? {
    switch dispatch.state {
    case .pending: Buckets.ready
    case .scheduled: Buckets.scheduled
    case .blocked: dispatch.blocker == nil ? nil : Buckets.blocked
    case .inProgress: dispatch.claim == nil ? nil : Buckets.running
    case .success, .failed, .cancelled, .skipped: nil
    }
}

/// Its entry among the dispatches of its job that are not terminal; nil when it is not one.
func activeKey(of dispatch: Dispatch) -> Key? {
    dispatch.state.isTerminal ? nil : dispatch.job.map { .job($0, dispatch.id) }
}

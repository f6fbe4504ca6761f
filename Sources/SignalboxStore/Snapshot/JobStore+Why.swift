internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// Why `name` did or did not run at `asked`, or, for nil, at its newest due time and now.
    /// - Parameters:
    ///   - asked: a time by the wall clock; the whole minute is meant where it has no seconds.
    ///   - zones: the job's zone.
    /// - Returns: nil when there is no such job.
    /// - Throws: `invalid` when the job's zone is not in `zones`.
    public func why(_ name: JobName, at asked: Instant?, zones: ZoneTable, now: Now) throws -> WhyReport? {
        let live = try liveView()
        return try engine.read { transaction in
            guard let job = try transaction.job(name).map({ try transaction.shown($0, at: now) }) else { return nil }
            guard let zone = zones[job.definition.zone] else { throw StoreError.zoneNotRead(job) }
            let facts = WhyFacts(
                job: job, zone: zone, now: now, clockHold: try transaction.clockHold(of: job, at: now))
            let look = WhyLook(facts: facts, live: live, isAlive: isAlive)
            return WhyReport(
                job: job, zone: zone, past: try transaction.past(asked, look),
                present: asked == nil ? try transaction.present(look) : nil)
        }
    }
}

/// What every part of the answer needs.
private struct WhyLook {
    let facts: WhyFacts
    let live: LiveView
    let isAlive: (WorkerID) -> Bool
}

extension ReadTransaction where Self: ~Copyable {
    fileprivate func clockHold(of job: Job, at now: Now) throws -> ClockHold? {
        guard job.definition.schedule.clock == .wall, let hold = try storedClock().flatMap(ClockHold.init),
            hold.remaining(at: now) != nil
        else { return nil }
        return hold
    }

    // MARK: One time

    fileprivate func past(_ asked: Instant?, _ look: WhyLook) throws -> WhyPast? {
        let facts = look.facts
        guard let asked else {
            return try facts.newestOccurrence.map { newest in
                WhyPast(asked: nil, occurrence: newest, verdict: try verdict(on: newest, look))
            }
        }
        let times = facts.times(meantBy: asked)
        if let occurrence = facts.occurrence(in: times) {
            return WhyPast(asked: asked, occurrence: occurrence, verdict: try verdict(on: occurrence, look))
        }
        // An earlier schedule may have named it, or a boot have been then.
        let found = try dispatch(of: facts.job.name, standingFor: times) { $0.isNamed(in: times) }
        if let found {
            let verdict = WhyPastVerdict.dispatch(try whyDispatch(found, at: asked, look))
            return WhyPast(asked: asked, occurrence: nil, verdict: verdict)
        }
        return WhyPast(asked: asked, occurrence: nil, verdict: facts.verdict(onOther: asked))
    }

    private func verdict(on occurrence: Occurrence, _ look: WhyLook) throws -> WhyPastVerdict {
        let due = occurrence.due
        // A record of several that an earlier schedule missed need not stand for what lies between.
        let isOwn = due > look.facts.job.progress.anchor
        let found = try dispatch(of: look.facts.job.name, standingFor: due...due) { isOwn || $0.isNamed(in: due...due) }
        guard let found else {
            return look.facts.verdict(onDue: occurrence)
        }
        return .dispatch(try whyDispatch(found, at: due, look))
    }

    // MARK: Now

    fileprivate func present(_ look: WhyLook) throws -> WhyPresent {
        let active = try active(of: look.facts.job.name)
        if let running = active.first(where: { $0.state == .inProgress }) {
            return .running(try whyDispatch(running, at: nil, look))
        }
        guard let first = active.first else { return look.facts.idle }
        return .waiting(try whyDispatch(first, at: nil, look))
    }

    // MARK: A dispatch

    private func whyDispatch(_ dispatch: Dispatch, at time: Instant?, _ look: WhyLook) throws -> WhyDispatch {
        WhyDispatch(
            view: try view(of: dispatch.id, look.live, look.facts.now), relation: dispatch.relation(to: time),
            worker: try (dispatch.claim?.worker ?? attempts(of: dispatch.id).last?.worker).flatMap {
                try workerRegistration($0)?.name
            },
            wait: try wait(of: dispatch, now: look.facts.now, isAlive: look.isAlive),
            blocker: try dispatch.blocker.flatMap { id in
                try dispatchRecord(id) == nil ? nil : try view(of: id, look.live, look.facts.now)
            })
    }

    /// What a dispatch waits for; nil when it runs or has ended.
    func wait(of dispatch: Dispatch, now: Now, isAlive: (WorkerID) -> Bool) throws -> WhyWait? {
        switch dispatch.state {
        case .inProgress, .success, .failed, .cancelled, .skipped: nil
        case .scheduled: .time(dispatch.dueAt)
        case .blocked: try limitWait(of: dispatch, now) ?? .dispatch
        case .pending:
            try queueWait(of: dispatch.queue, now) ?? queueFacts(of: dispatch, isAlive).wait
        }
    }

    private func limitWait(of dispatch: Dispatch, _ now: Now) throws -> WhyWait? {
        let work = try request(of: dispatch.id).work
        switch dispatch.heldBy {
        case nil: return nil
        case .concurrency:
            guard let limit = work.concurrency, let found = try concurrencyRecord(limit.key) else { return nil }
            return .place(key: limit.key, running: found.running, max: found.max)
        case .rate:
            guard let limit = work.rate, let found = try rateRecord(limit.key) else { return nil }
            return .start(key: limit.key, found.window.rate, opens: try opening(of: found.window, now))
        }
    }

    /// What is set for the queue, where that keeps everything in it waiting.
    private func queueWait(of queue: QueueName, _ now: Now) throws -> WhyWait? {
        guard let record = try queueRecord(queue) else { return nil }
        if let pause = record.pause { return .pausedQueue(queue, pause) }
        guard let window = record.window, let opens = try opening(of: window, now) else { return nil }
        return .queueRate(queue, window.rate, opens: opens)
    }

    /// When a window allows the next start, in wall time; nil when it does now.
    func opening(of window: RateWindow, _ now: Now) throws -> Instant? {
        let clock = try clock(at: now)
        let steady = clock.steady(at: now.boot)
        guard window.room(at: steady) == 0 else { return nil }
        return window.nextOpening(after: steady).map { clock.seen(at: now).wall(of: $0, on: .steady) }
    }

    private func queueFacts(of dispatch: Dispatch, _ isAlive: (WorkerID) -> Bool) throws -> QueueFacts {
        var facts = QueueFacts(queue: dispatch.queue, handler: dispatch.handler)
        try records(WorkerRegistration.self, Buckets.workers, .all) { _, worker in
            guard worker.queues.contains(dispatch.queue), worker.kinds.serves(dispatch.handler),
                worker.state.isActive, isAlive(worker.id)
            else { return .next }
            guard worker.state == .online else {
                facts.draining += 1
                return .next
            }
            facts.online += 1
            facts.slots += worker.slots
            facts.running += try keys(Buckets.running, KeyRange(prefix: Key.worker(worker.id).bytes), limit: .max).count
            return .next
        }
        let before = KeyRange(from: Key.ready(dispatch.queue, dispatch.handler).bytes, to: Key.waiting(dispatch).bytes)
        facts.others = try keys(Buckets.ready, before, limit: WhyLimits.others).count
        return facts
    }
}

/// So many of those that come first are counted, and no more.
public enum WhyLimits {
    public static let others = 10_000
}

extension Dispatch {
    /// Whether its first or last due time lies in `times`.
    fileprivate func isNamed(in times: ClosedRange<Instant>) -> Bool {
        [scheduledFor, lastScheduledFor].compactMap { $0 }.contains { times.contains($0) }
    }

    /// - Parameter time: a due time that it stands for; nil: the one it was made for.
    fileprivate func relation(to time: Instant?) -> WhyDispatch.Relation {
        guard let times = dueTimes, coalesced > 0, let time else { return .itself }
        if state == .skipped { return .oneOf(count: coalesced + 1, first: times.lowerBound, last: times.upperBound) }
        return time <= times.lowerBound ? .itself : .coalesced
    }
}

/// The state machine: what a dispatch becomes through an event. Pure; the store writes down what it returns.
extension Dispatch {
    /// The dispatch after `event`, or the reason why that cannot happen to it.
    ///
    /// Due times in events are wall times. A dispatch that an attempt leaves SCHEDULED waits for a length of time.
    public func applying(_ event: DispatchEvent, now: Now) throws(TransitionRefusal) -> Dispatch {
        var next = try moved(by: event, now: now)
        next.dueClock = next.state != .scheduled ? .wall : state == .scheduled ? dueClock : .steady
        return next
    }

    private func moved(by event: DispatchEvent, now: Now) throws(TransitionRefusal) -> Dispatch {
        switch (state, event) {
        case (.scheduled, .fallDue(let blocker)): return waiting(for: blocker)
        case (.blocked, .unblock(let next)): return waiting(for: next)
        case (.pending, .claim(let claim)): return claimed(claim, now)
        case (.pending, .holdBack(let other)): return heldBack(behind: other)
        case (.pending, .meetLimit(let kind)): return heldBack(by: kind)

        case (.inProgress, .succeed(let token, let ending)):
            return try owned(by: token).ended(.success, cancelRequested ? .cancelLate : .none, ending, now)
        case (.inProgress, .retry(let token, let ending, let due, let reason)):
            return try owned(by: token).retrying(due: due, reason, ending, now)
        case (.inProgress, .fail(let token, let ending, let reason)):
            return try owned(by: token).ended(.failed, reason, ending, now)
        case (.inProgress, .stop(let token, let ending)):
            return try owned(by: token).stopped(ending, now)
        case (.inProgress, .snooze(let token, let ending, let due)):
            return try owned(by: token).snoozed(due: due, ending, now)
        case (.inProgress, .release(let token)): return try owned(by: token).released(now)
        case (.inProgress, .lose(let policy, let due)): return lost(policy, due: due, now)
        case (.inProgress, .crash(let token, let ending, let policy, let due)):
            return try owned(by: token).crashed(policy, due: due, ending, now)
        case (.inProgress, .cancel(let why, let atOnce)): return askedToStop(why, atOnce)

        case (.scheduled, .giveUp), (.blocked, .giveUp), (.pending, .giveUp):
            return ended(.failed, .retriesOver, nil, now)
        case (.scheduled, .cancel(let why, _)), (.blocked, .cancel(let why, _)), (.pending, .cancel(let why, _)):
            return ended(.cancelled, why, nil, now)
        case (.scheduled, .skip(let why, let met)), (.blocked, .skip(let why, let met)),
            (.pending, .skip(let why, let met)):
            var skipped = ended(.skipped, why, nil, now)
            skipped.blocker = met
            return skipped
        case (.scheduled, .coalesce(let time)), (.blocked, .coalesce(let time)), (.pending, .coalesce(let time)):
            return coalescing(time)

        case (_, .succeed(let token, _)), (_, .retry(let token, _, _, _)), (_, .fail(let token, _, _)),
            (_, .stop(let token, _)), (_, .crash(let token, _, _, _)), (_, .snooze(let token, _, _)),
            (_, .release(let token)):
            throw .lateResult(id, token)
        case (.scheduled, .unblock), (.scheduled, .claim), (.scheduled, .holdBack), (.scheduled, .lose),
            (.blocked, .fallDue), (.blocked, .claim), (.blocked, .holdBack), (.inProgress, .holdBack),
            (.blocked, .lose), (.pending, .fallDue), (.pending, .unblock), (.pending, .lose), (.inProgress, .fallDue),
            (.inProgress, .unblock), (.inProgress, .claim), (.inProgress, .skip), (.inProgress, .coalesce),
            (.scheduled, .meetLimit), (.blocked, .meetLimit), (.inProgress, .meetLimit), (.inProgress, .giveUp),
            (.success, _), (.failed, _), (.cancelled, _), (.skipped, _):
            throw .impossible(id, state, event)
        }
    }

    private func owned(by token: Token) throws(TransitionRefusal) -> Dispatch {
        guard claim?.token == token else { throw .lateResult(id, token) }
        return self
    }

    private func waiting(for other: DispatchID?) -> Dispatch {
        var next = self
        next.state = other == nil ? .pending : .blocked
        next.blocker = other
        // One that a limit has let go is still among those that wait for it, until it is claimed.
        let isKept = reason == .retry || reason == .workerDied || heldBy != nil
        if other == nil { next.reason = isKept ? reason : .none }
        if let other, state == .scheduled || reason == .uniqueKey {
            next.reason = state == .scheduled && other == predecessor ? .uniqueKey : .dependency
        }
        return next
    }

    /// Claimable, whatever it waited for: of a damaged store that may be lost, and what it still has to wait for it meets
    /// at its claim.
    public func freed() -> Dispatch {
        var next = self
        (next.state, next.reason, next.blocker) = (.pending, .none, nil)
        return next
    }

    private func heldBack(behind other: DispatchID) -> Dispatch {
        var next = self
        next.state = .blocked
        next.reason = .overlap
        next.blocker = other
        return next
    }

    private func heldBack(by kind: LimitKind) -> Dispatch {
        var next = self
        next.state = .blocked
        next.reason = kind.reason
        return next
    }

    private func claimed(_ claim: Claim, _ now: Now) -> Dispatch {
        var next = self
        next.state = .inProgress
        next.reason = .none
        next.claim = claim
        next.attempt += 1
        next.started = Moment(now)
        next.ending = nil
        return next
    }

    private func ended(_ end: DispatchState, _ why: DispatchReason, _ ending: Ending?, _ now: Now) -> Dispatch {
        var next = self
        next.state = end
        next.reason = why
        next.claim = nil
        next.blocker = nil
        next.finished = Moment(now)
        if let ending { next.ending = ending }
        return next
    }

    /// CANCELLED, for whichever reason that was asked for.
    private func stopped(_ ending: Ending?, _ now: Now) -> Dispatch {
        ended(.cancelled, reason == .replaced ? .replaced : cancelRequested ? .requested : .handler, ending, now)
    }

    private func retrying(due: Instant, _ why: DispatchReason, _ ending: Ending?, _ now: Now) -> Dispatch {
        guard !cancelRequested else { return stopped(ending, now) }
        var next = self
        next.state = .scheduled
        next.reason = .retry
        next.claim = nil
        next.dueAt = due
        next.ending = ending
        return next
    }

    /// It has not failed: it waits, and has as many attempts left as before.
    private func snoozed(due: Instant, _ ending: Ending, _ now: Now) -> Dispatch {
        var next = retrying(due: due, .snoozed, ending, now)
        guard next.state == .scheduled else { return next }
        next.reason = .snoozed
        next.attempt -= 1
        next.snoozes += 1
        return next
    }

    /// The attempt is as if it had not been; what was to stop anyway is not given to another.
    private func released(_ now: Now) -> Dispatch {
        guard !cancelRequested else { return stopped(nil, now) }
        var next = self
        next.state = .pending
        next.reason = .drained
        next.claim = nil
        next.attempt -= 1
        if next.attempt == 0 { next.started = nil }
        return next
    }

    private func lost(_ policy: RescuePolicy, due: Instant, _ now: Now) -> Dispatch {
        var next = self
        next.crashes += 1
        next.ending = nil
        if cancelRequested { return next.stopped(nil, now) }
        if policy == .fail { return next.ended(.failed, .workerDied, nil, now) }
        if next.crashes >= RescuePolicy.poisonLimit { return next.ended(.failed, .poison, nil, now) }
        next.state = .scheduled
        next.reason = .workerDied
        next.claim = nil
        next.dueAt = due
        return next
    }

    /// As when the worker had died, but it has not, and says how its handler ended.
    private func crashed(_ policy: RescuePolicy, due: Instant, _ ending: Ending, _ now: Now) -> Dispatch {
        var next = lost(policy, due: due, now)
        next.ending = ending
        if next.reason == .workerDied { next.reason = next.state == .scheduled ? .retry : .handler }
        return next
    }

    private func askedToStop(_ why: DispatchReason, _ atOnce: Bool) -> Dispatch {
        var next = self
        next.cancelAtOnce = cancelAtOnce || atOnce
        next.cancelRequested = true
        if why == .replaced { next.reason = .replaced }
        return next
    }

    private func coalescing(_ time: Instant) -> Dispatch {
        var next = self
        next.coalesced += 1
        next.lastScheduledFor = time
        return next
    }
}

// The judgement behind `why`: what holds follows from these facts alone.

internal import SignalboxCore

/// A job, and what of it can be read without looking for a dispatch.
struct WhyFacts {
    let job: Job
    let zone: Zone
    let now: Now
    /// What keeps it waiting for a clock that it can trust; nil when nothing does.
    let clockHold: ClockHold?

    var schedule: Schedule { job.definition.schedule }
    var progress: JobProgress { job.progress }

    /// The times that a person means by `asked`: its minute, or its second where seconds were given.
    func times(meantBy asked: Instant) -> ClosedRange<Instant> {
        let wholeMinute = asked.microseconds % 60_000_000 == 0
        return asked...(asked + .seconds(wholeMinute ? 60 : 1) - .microseconds(1))
    }

    func occurrence(in times: ClosedRange<Instant>) -> Occurrence? {
        let found = schedule.next(after: times.lowerBound - .microseconds(1), in: zone, anchor: progress.anchor)
        return found.flatMap { times.contains($0.due) ? $0 : nil }
    }

    /// The newest due time of the present schedule, which is not older than it.
    var newestOccurrence: Occurrence? {
        let newest = schedule.previous(through: now.wall, in: zone, anchor: progress.anchor)
        return newest.flatMap { $0.due > progress.anchor ? $0 : nil }
    }

    var byClock: Bool {
        switch schedule {
        case .cron, .every, .at: true
        case .boot, .manual: false
        }
    }

    // MARK: Times without a dispatch

    /// Why no dispatch stands for a due time.
    func verdict(onDue occurrence: Occurrence) -> WhyPastVerdict {
        let due = occurrence.due
        if due > now.wall { return .notYet }
        if due <= progress.anchor { return .beforeSchedule(since: progress.anchor) }
        if due > progress.cursor {
            if let pause = progress.pause, pause.since < due { return .paused(pause) }
            // The next pass of a scheduler writes down what lay in a pause.
            if progress.pausedTimes.contains(where: { $0.after < due && due <= $0.through }) {
                return .passedWhilePaused
            }
            return clockHold.map { .clockHeld($0) } ?? .notLookedAt(since: progress.cursor)
        }
        return .noRecord
    }

    /// Why a time is none of the schedule's.
    func verdict(onOther asked: Instant) -> WhyPastVerdict {
        guard byClock else { return .notByClock }
        if let other = occurrenceOfSameClockTime(as: asked) { return .otherOfTwo(other) }
        if let swallowed = timeLeftOut(at: asked) { return .leftOutInGap(swallowed) }
        if asked < progress.anchor { return .beforeSchedule(since: progress.anchor) }
        let before = schedule.previous(through: asked, in: zone, anchor: progress.anchor)
        return .notDue(
            before: before.flatMap { $0.due > progress.anchor ? $0 : nil },
            after: schedule.next(after: asked, in: zone, anchor: progress.anchor))
    }

    /// The due time at the other of the two instants at which clocks show what they show at `asked`.
    private func occurrenceOfSameClockTime(as asked: Instant) -> Occurrence? {
        let instants = zone.instants(of: zone.localTime(at: asked))
        return instants.lazy.filter { $0 != asked }.compactMap { occurrence(in: times(meantBy: $0)) }.first
    }

    /// What the schedule names in the gap that ends at `asked`, where its rule is to leave that out.
    private func timeLeftOut(at asked: Instant) -> LocalTime? {
        guard case .cron(let expression, .skip) = schedule else { return nil }
        let shifting = Schedule.cron(expression, .cron)
        guard let found = shifting.next(after: asked - .microseconds(1), in: zone, anchor: progress.anchor),
            found.due == asked, found.reason == .daylightGap
        else { return nil }
        return found.nominal
    }

    // MARK: Now

    /// Why nothing of the job runs or waits.
    var idle: WhyPresent {
        if let pause = progress.pause { return .paused(pause) }
        switch schedule {
        case .manual: return .manual
        case .boot: return progress.lastBoot == now.bootID ? .bootDone : .bootNotLookedAt
        case .cron, .every, .at: return idleByClock
        }
    }

    private var idleByClock: WhyPresent {
        if let due = progress.nextDue, due <= now.wall, due > progress.cursor {
            return clockHold.map { .clockHeld($0) } ?? .notLookedAt(due: due, since: progress.cursor)
        }
        let from = max(now.wall, progress.cursor)
        return schedule.next(after: from, in: zone, anchor: progress.anchor).map { .notDue(next: $0) } ?? .over
    }
}

/// How a queue stands towards one of its dispatches.
struct QueueFacts {
    let queue: QueueName
    /// What the dispatch is for; nil: it is a command.
    let handler: HandlerName?
    /// Workers of it that can run the dispatch and claim, those that are shutting down, and how many slots the former have in all and in use.
    var online = 0
    var draining = 0
    var slots = 0
    var running = 0
    /// Dispatches of its kind that come before it.
    var others = 0

    var wait: WhyWait {
        guard online > 0 else {
            return handler.map { .handler($0, queue, draining: draining) } ?? .worker(queue, draining: draining)
        }
        guard others >= slots - running else { return .nothing }
        return .slot(queue, others: others, running: running, slots: slots)
    }
}

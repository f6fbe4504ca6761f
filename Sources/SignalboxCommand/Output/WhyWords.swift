import SignalboxCore
import SignalboxStore

/// The sentences of `why`.
struct WhyWords {
    private let job: Job
    private let zone: Zone
    private let now: Now

    init(_ report: WhyReport, _ now: Now) {
        job = report.job
        zone = report.zone
        self.now = now
    }

    func time(_ instant: Instant) -> String { instant.text(in: zone) }

    func lastRun(_ run: LastRun) -> String {
        "dispatch \(run.dispatch), \(run.state.name), ended \(Words.relative(run.finishedAt, to: now))"
    }

    // MARK: One time

    func title(_ past: WhyPast) -> String { (past.occurrence?.due ?? past.asked).map(time) ?? "" }

    func sentence(_ past: WhyPast) -> String {
        let gap = past.occurrence.flatMap { $0.reason == .daylightGap ? $0.nominal : nil }
        let said = gap.map { "\($0) does not exist that day, so that it falls due when the clocks are set forward; " }
        return (said ?? "") + sentence(past.verdict)
    }

    private func sentence(_ verdict: WhyPastVerdict) -> String {
        switch verdict {
        case .dispatch(let dispatch): return sentence(dispatch)
        case .notDue(let before, let after):
            let times = [before, after].map { $0.map { time($0.due) } ?? "none" }
            return "that is none of its times; the one before is \(times[0]), the one after \(times[1])"
        case .otherOfTwo(let other):
            return "clocks are set back and show that time twice; it falls due at the other of the two, "
                + time(other.due)
        case .leftOutInGap(let nominal):
            return "its time that day, \(nominal), does not exist, for clocks are set forward; dst=skip leaves it out"
        case .notByClock: return "it does not run by the clock (\(job.definition.schedule))"
        case .notYet: return "that time is yet to come"
        case .beforeSchedule(let since):
            return "its schedule is in force since \(time(since)), when the job was added or its schedule changed "
                + "(revision \(job.progress.revision))"
        case .passedWhilePaused:
            return "the job was paused, and went on later from then; the next pass of a scheduler writes that down"
        case .paused(let pause): return "the job is paused \(words(pause)); no scheduler has looked since \(cursor)"
        case .clockHeld(let hold): return sentence(hold)
        case .notLookedAt(let since): return unseen(since)
        case .noRecord: return "it was dealt with, and its record is no longer kept"
        }
    }

    private var cursor: String { time(job.progress.cursor) }

    func words(_ pause: JobPause) -> String {
        Words.pause(pause, in: zone)
    }

    private func sentence(_ hold: ClockHold) -> String {
        "the clock is not trusted yet: \(hold.doubt.sentence); jobs of the calendar wait"
            + (hold.remaining(at: now).map { ", at most \(Words.length($0)) more" } ?? "")
    }

    private func unseen(_ since: Instant) -> String {
        "no scheduler has looked at it since \(time(since)): does one run? "
            + "`signalbox scheduler` and `signalbox up` are such"
    }

    // MARK: Now

    func sentence(_ present: WhyPresent) -> String {
        switch present {
        case .running(let dispatch), .waiting(let dispatch): return sentence(dispatch)
        case .paused(let pause): return "it is paused \(words(pause)); `signalbox resume \(job.name)` ends that"
        case .clockHeld(let hold): return sentence(hold)
        case .notLookedAt(let due, let since): return "it is due since \(time(due)), and " + unseen(since)
        case .notDue(let next): return "it is not due before \(time(next.due)), \(Words.relative(next.due, to: now))"
        case .manual: return "it runs only when somebody asks for it, with `signalbox run \(job.name)`"
        case .bootDone: return "it runs once per boot, and will run again with the next one"
        case .bootNotLookedAt: return "it runs once per boot, and no scheduler has started in this one"
        case .over: return "its schedule has no further time"
        }
    }

    // MARK: A dispatch

    private func sentence(_ found: WhyDispatch) -> String {
        let dispatch = found.view.dispatch
        let coalesced = found.relation == .coalesced ? "it was counted on an earlier run that still waited; " : ""
        switch dispatch.state {
        case .skipped: return skipped(found)
        case .cancelled: return coalesced + "dispatch \(dispatch.id) was cancelled: \(cancellation(found))"
        case .inProgress: return coalesced + "it runs: dispatch \(dispatch.id)\(start(found))"
        case .success: return coalesced + "it ran: dispatch \(dispatch.id), SUCCESS\(start(found))"
        case .failed:
            return coalesced + "it ran and failed: dispatch \(dispatch.id), \(Words.state(dispatch))\(start(found)); "
                + "`signalbox logs \(dispatch.id)` shows what it printed"
        case .scheduled, .blocked, .pending: return coalesced + "dispatch \(dispatch.id) " + waiting(found)
        }
    }

    /// ", exit 3, on worker one, began … and took 3 s".
    private func start(_ found: WhyDispatch) -> String {
        let dispatch = found.view.dispatch
        var parts = [Words.ending(dispatch)]
        if dispatch.maxAttempts > 1 { parts.append("attempt \(dispatch.attempt) of \(dispatch.maxAttempts)") }
        if let worker = found.worker { parts.append("on worker \(worker)") }
        if let started = dispatch.started { parts.append("began \(time(started.wall))") }
        if let length = found.view.duration(now: now) { parts.append("took \(Words.length(length))") }
        if dispatch.state == .inProgress { parts = parts.filter { !$0.hasPrefix("took") } }
        return parts.filter { !$0.isEmpty }.map { ", \($0)" }.joined()
    }

    private func cancellation(_ found: WhyDispatch) -> String {
        let dispatch = found.view.dispatch
        let at = dispatch.finished.map { ", at \(time($0.wall))" } ?? ""
        switch dispatch.reason {
        case .replaced: return "a newer one took its place (overlap: replace, or the same unique key)" + at
        case .redefined: return "the job was changed with --replace-pending" + at
        case .parentFailed: return "the dispatch it came after did not succeed" + at
        case .none, .delayed, .retry, .dependency, .overlap, .workerDied, .drained, .snoozed, .concurrency, .rate,
            .exit, .killed, .timeout, .exec, .poison, .idleTimeout, .watchdog, .handler, .retriesOver, .requested,
            .cancelLate, .jobRemoved, .startDeadline, .downtime, .suspended, .clockForward, .paused, .storeFull,
            .untrustedClock, .uniqueKey:
            return "somebody asked for that" + at
        }
    }

    private func skipped(_ found: WhyDispatch) -> String {
        let why = cause(of: found)
        guard case .oneOf(let count, let first, let last) = found.relation else { return "it was skipped: \(why)" }
        return "it was skipped, as one of \(count) times from \(time(first)) to \(time(last)): \(why)"
    }

    private func cause(of found: WhyDispatch) -> String {
        let dispatch = found.view.dispatch
        switch dispatch.reason {
        case .overlap:
            let other = found.blocker.map { "dispatch \($0.id), which is \(Words.state($0.dispatch)) now," }
            return "\(other ?? "an earlier run") was still going (overlap: \(job.definition.overlap.word))"
        case .paused:
            let pause = job.progress.pause.flatMap { $0.at <= dispatch.scheduledFor ?? .distantPast ? $0 : nil }
            return "the job was paused" + (pause.map { " \(words($0))" } ?? "")
        case .downtime: return "no scheduler looked when it was due; \(catchUp)"
        case .suspended: return "the machine slept when it was due; \(catchUp)"
        case .clockForward: return "the clock was set forward past it; \(catchUp)"
        case .startDeadline: return "nobody started it in time (start_by: \(startBy))"
        case .untrustedClock: return "nobody could say yet whether the clock was right; \(catchUp)"
        case .jobRemoved: return "the job was removed while it waited"
        case .storeFull: return "the store was nearly full: `signalbox stat` shows how full it is"
        case .none, .delayed, .retry, .dependency, .workerDied, .drained, .snoozed, .concurrency, .rate, .exit, .killed,
            .timeout, .exec, .poison, .idleTimeout, .watchdog, .handler, .retriesOver, .requested, .parentFailed,
            .replaced, .redefined, .cancelLate, .uniqueKey:
            return dispatch.reason.word ?? "no reason was kept"
        }
    }

    private var startBy: String { job.definition.startBy.map(Words.length) ?? "none any more" }

    private var catchUp: String {
        let policy = job.definition.catchUp
        let window = policy.window.map { " within \(Words.length($0))" } ?? ""
        switch policy.mode {
        case .none: return "its catch-up policy, none, makes up for nothing"
        case .latest: return "its catch-up policy, latest, makes up for the newest missed one only" + window
        case .earliest: return "its catch-up policy, earliest, makes up for the oldest missed one only" + window
        case .all: return "its catch-up policy, all, makes up for the newest \(policy.maximum)" + window
        }
    }

    private func waiting(_ found: WhyDispatch) -> String {
        let dispatch = found.view.dispatch
        guard found.wait == .dispatch else { return WaitWords(now: now, zone: zone).sentence(found.wait, dispatch) }
        let other = found.blocker.map { "dispatch \($0.id), which is \(Words.state($0.dispatch))" }
        return "waits for \(other ?? "another dispatch"): "
            + (dispatch.reason == .dependency ? "it comes after that" : "overlap is \(job.definition.overlap.word)")
    }
}

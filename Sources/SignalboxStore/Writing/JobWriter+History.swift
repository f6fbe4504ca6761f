// What became of the runs of each hour, of each job and of the whole store, kept where a run ends: so that a page can
// show a day without looking at a single dispatch, and so that it can still do so when they have been pruned.

internal import OrderedStore
internal import SignalboxCore

/// The runs that ended in one transaction, added up: each subject's record is read and written once, however many
/// ended.
struct EndedRuns {
    fileprivate var all = RunTotals()
    fileprivate var jobs: [JobName: RunTotals] = [:]

    mutating func add(_ ended: Dispatch) {
        all.add(ended)
        if let job = ended.job { jobs[job, default: RunTotals()].add(ended) }
    }
}

extension JobWriter where Transaction: ~Copyable {
    mutating func writeHistory() throws {
        guard history.all.tally.runs > 0 else { return }
        let hour = UTCHour(of: now.wall)
        try keep(history.all, of: .all, in: hour)
        for (job, runs) in history.jobs where runs.tally.runs > 0 { try keep(runs, of: .job(job), in: hour) }
    }

    private mutating func keep(_ runs: RunTotals, of subject: HistorySubject, in hour: UTCHour) throws {
        try keep(runs.tally, of: subject, in: hour)
        // What still ran of a job that was removed would leave one behind for good.
        if case .job(let job) = subject, try !transaction.contains(.name(job.text), in: Buckets.jobs) { return }
        var kept = try transaction.totals(of: subject)
        kept.merge(runs)
        try put(kept, .totals(subject), in: Buckets.totals)
    }

    private mutating func keep(_ tally: RunTally, of subject: HistorySubject, in hour: UTCHour) throws {
        let key = Key.history(hour, subject)
        guard var kept = try transaction.fetch(RunTally.self, key, in: Buckets.history) else {
            try dropOldHistory(at: hour)
            return try put(tally, key, in: Buckets.history)
        }
        kept.merge(tally)
        try put(kept, key, in: Buckets.history)
    }

    /// With each record that is made some of those too old go, so that none has to be looked for otherwise, and no
    /// transaction has much to do; and some that a clock has left which was ahead. Nothing goes by a clock that was just
    /// set, for it may have been set wrong. And no hour is ahead that steady time has seen, for a clock that was set
    /// back wrong leaves the good ones ahead of it.
    private mutating func dropOldHistory(at hour: UTCHour) throws {
        let clock = try clock()
        guard clock.hasSettled(at: now) else { return }
        let newest = max(hour, UTCHour(of: clock.steady(at: now.boot)))
        try dropHistory(KeyRange(from: [], to: start(of: hour.advanced(by: -HistoryAge.hours))))
        try dropHistory(KeyRange(from: start(of: newest.advanced(by: HistoryAge.hoursAhead + 1)), to: nil))
    }

    private func start(of hour: UTCHour) -> [UInt8] { Key().with(hour.start).bytes }

    private mutating func dropHistory(_ range: KeyRange) throws {
        for key in try transaction.keys(Buckets.history, range, limit: HistoryAge.droppedAtOnce) {
            try transaction.delete(key.span, in: Buckets.history)
        }
    }
}

extension StoreClock {
    /// Whether the wall clock has gone evenly for as long as a mistake in setting it may last, as far as the store
    /// knows.
    func hasSettled(at now: Now) -> Bool {
        let expected = wallStart + .nanoseconds(now.boot.nanoseconds)
        let limit = StoreClock.settling
        guard !isHeld(at: now), !isTimeOffDoubtful(at: now), now.wall < expected + limit, expected < now.wall + limit
        else { return false }
        guard let gap, gap.reason == .clockForward || gap.reason == .untrustedClock, gap.from + limit < gap.through
        else { return true }
        return now.wall < gap.through || gap.through + limit < now.wall
    }
}

/// History is kept for 90 days.
enum HistoryAge {
    static let hours = 90 * 24
    /// More than one, so that what is too old becomes less with every record that is made.
    static let droppedAtOnce = 4
    /// A record that is ahead by more was made by a clock that was wrong.
    static let hoursAhead = 24
}

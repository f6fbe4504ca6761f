// What became of the runs of each hour, of each job and of the whole store, kept where a run ends: so that a page can
// show a day without looking at a single dispatch, and so that it can still do so when they have been pruned.

internal import OrderedStore
internal import SignalboxCore

/// The runs that ended in one transaction, added up: each subject's record is read and written once, however many
/// ended.
struct EndedRuns {
    fileprivate var all = RunTally()
    fileprivate var jobs: [JobName: RunTally] = [:]

    mutating func add(_ ended: Dispatch) {
        all.add(ended)
        if let job = ended.job { jobs[job, default: RunTally()].add(ended) }
    }
}

extension JobWriter where Transaction: ~Copyable {
    mutating func writeHistory() throws {
        guard history.all.runs > 0 else { return }
        let hour = UTCHour(of: now.wall)
        try keep(history.all, of: .all, in: hour)
        for (job, tally) in history.jobs where tally.runs > 0 { try keep(tally, of: .job(job), in: hour) }
    }

    private mutating func keep(_ tally: RunTally, of subject: HistorySubject, in hour: UTCHour) throws {
        let key = Key.history(hour, subject)
        guard var kept = try transaction.fetch(RunTally.self, key, in: Buckets.history) else {
            try dropOldHistory(before: hour.advanced(by: -HistoryAge.hours))
            return try put(tally, key, in: Buckets.history)
        }
        kept.merge(tally)
        try put(kept, key, in: Buckets.history)
    }

    /// With each record that is made some of those too old go, so that none has to be looked for otherwise, and no
    /// transaction has much to do.
    private mutating func dropOldHistory(before oldest: UTCHour) throws {
        let range = KeyRange(from: [], to: Key().with(oldest.start).bytes)
        for key in try transaction.keys(Buckets.history, range, limit: HistoryAge.droppedAtOnce) {
            try transaction.delete(key.span, in: Buckets.history)
        }
    }
}

/// History is kept for 90 days.
enum HistoryAge {
    static let hours = 90 * 24
    /// More than one, so that what is too old becomes less with every record that is made.
    static let droppedAtOnce = 4
}

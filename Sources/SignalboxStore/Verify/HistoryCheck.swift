internal import SignalboxCore

/// Looks at the records of hourly history in the order of their keys. What was counted cannot be counted again, for its
/// dispatches may be gone; but a tally must agree with itself, and an hour's jobs with the whole store.
struct HistoryCheck {
    /// The jobs of an hour, whose whole stands behind them.
    private var jobs: (hour: UTCHour, runs: Int)?

    /// One sentence each.
    mutating func faults(of key: [UInt8], _ tally: RunTally) -> [String] {
        guard let (hour, subject) = parsed(key) else {
            return ["history has \(hexadecimal(key)), which has another shape"]
        }
        var faults = tally.inconsistencies.map { "the history \(words(key, Buckets.history)) \($0)" }
        if let jobs, jobs.hour != hour { faults += faultsAtEnd() }
        let runs = jobs?.runs ?? 0
        switch subject {
        case .job:
            jobs = (hour, runs + tally.runs)
        case .all:
            jobs = nil
            if runs > tally.runs {
                faults.append("the history of \(hour.start) has \(runs) runs of jobs, and \(tally.runs) in all")
            }
        }
        return faults
    }

    /// One sentence each; call it when there are no more records.
    mutating func faultsAtEnd() -> [String] {
        defer { jobs = nil }
        return jobs.map { ["the history of \($0.hour.start) has jobs, and no record of the whole store"] } ?? []
    }

    private func parsed(_ key: [UInt8]) -> (hour: UTCHour, subject: HistorySubject)? {
        var reader = KeyReader(key)
        guard let start = reader.instant(), let kind = reader.byte(), let text = reader.text() else { return nil }
        let hour = UTCHour(of: start)
        let subject = kind == HistorySubject.all.kind ? HistorySubject.all : (try? JobName(text)).map { .job($0) }
        // The key that we would write, so that no other spelling of it is taken.
        guard let subject, Key.history(hour, subject).bytes == key else { return nil }
        return (hour, subject)
    }
}

internal import SignalboxCore

/// Looks at the totals of runs. They cannot be counted again, but there must be one for what has run, a total agrees
/// with itself, and that of the whole store is no less than the history that is kept and than its jobs together.
struct TotalsCheck {
    private let jobs: [JobName: Job]
    private var ofJobs: [JobName: Int] = [:]
    private var ofAll: Int?
    private var inHistory = 0

    init(jobs: [JobName: Job]) { self.jobs = jobs }

    /// One sentence each.
    mutating func faults(of key: [UInt8], _ totals: RunTotals) -> [String] {
        guard let subject = HistorySubject(ofTotals: key) else {
            return ["totals has \(hexadecimal(key)), which has another shape"]
        }
        switch subject {
        case .job(let name): ofJobs[name] = totals.tally.runs
        case .all: ofAll = totals.tally.runs
        }
        return totals.tally.inconsistencies.map { "the total \(words(key, Buckets.totals)) \($0)" }
    }

    /// Takes in a record of hourly history.
    mutating func count(historyOf key: [UInt8], _ tally: RunTally) {
        var reader = KeyReader(key)
        if reader.instant() != nil, reader.byte() == HistorySubject.all.kind { inHistory += tally.runs }
    }

    /// One sentence each; call it when there are no more records.
    func faultsAtEnd() -> [String] {
        var faults = jobs.values.filter { $0.progress.lastRun != nil && ofJobs[$0.name] == nil }
            .map { "the job \($0.name) has run, and has no total of its runs" }.sorted()
        let (all, together) = (ofAll ?? 0, ofJobs.values.reduce(0, +))
        if all < max(together, inHistory) {
            faults.append(
                "the total of all runs is \(all); jobs have \(together) together, and history has \(inHistory)")
        }
        return faults
    }
}

extension HistorySubject {
    /// Nil when the key has another shape.
    init?(ofTotals key: [UInt8]) {
        var reader = KeyReader(key)
        guard let kind = reader.byte(), let text = reader.text() else { return nil }
        let subject = kind == HistorySubject.all.kind ? HistorySubject.all : (try? JobName(text)).map { .job($0) }
        guard let subject, Key.totals(subject).bytes == key else { return nil }
        self = subject
    }
}

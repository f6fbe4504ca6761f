/// What became of the runs of some time, in numbers: what charts and "the last 24 hours" are made of.
///
/// A run is a dispatch that ended in SUCCESS or FAILED, with all its attempts; it is counted once, when it ends.
public struct RunTally: Hashable, Sendable {
    public private(set) var successes: Int
    public private(set) var failures: Int
    /// Of the failures, those whose worker died, so that nobody knows how long they ran; and those that failed while they
    /// waited for another attempt.
    public private(set) var unmeasured: Int
    /// The sum of the durations of all others, in whole microseconds: each that of the newest attempt.
    public private(set) var totalDuration: Duration
    public private(set) var durations: DurationHistogram

    public init() {
        self.init(
            successes: 0, failures: 0, unmeasured: 0, totalDuration: .zero, durations: DurationHistogram())
    }

    /// A tally as a store found it, every field given.
    public init(
        successes: Int, failures: Int, unmeasured: Int, totalDuration: Duration, durations: DurationHistogram
    ) {
        self.successes = successes
        self.failures = failures
        self.unmeasured = unmeasured
        self.totalDuration = totalDuration
        self.durations = durations
    }

    public var runs: Int { successes + failures }

    /// Counts a dispatch that has ended; nothing when it was no run.
    public mutating func add(_ ended: Dispatch) {
        switch ended.state {
        case .success: successes += 1
        case .failed: failures += 1
        case .scheduled, .blocked, .pending, .inProgress, .cancelled, .skipped: return
        }
        guard ended.ending != nil, ended.reason != .retriesOver, let started = ended.started,
            let finished = ended.finished
        else {
            return unmeasured += 1
        }
        let microseconds = max(0, started.boot.duration(to: finished.boot).microseconds)
        addDuration(microseconds)
        durations.add(.microseconds(microseconds))
    }

    /// Counts all that `other` has counted.
    public mutating func merge(_ other: RunTally) {
        successes += other.successes
        failures += other.failures
        unmeasured += other.unmeasured
        addDuration(other.totalDuration.microseconds)
        durations.merge(other.durations)
    }

    private mutating func addDuration(_ microseconds: Int64) {
        totalDuration = .microseconds(totalDuration.microseconds.saturatingSum(microseconds))
    }

    /// What of it contradicts itself, one sentence each.
    public var inconsistencies: [String] {
        var faults: [String] = []
        if durations.total + unmeasured != runs {
            faults.append("has \(runs) runs, and \(durations.total + unmeasured) durations and ends without one")
        }
        if unmeasured > failures { faults.append("has more failures without a duration than failures") }
        if !durations.possibleTotals.contains(totalDuration) {
            faults.append("has durations that cannot add up to \(totalDuration.text)")
        }
        return faults
    }
}

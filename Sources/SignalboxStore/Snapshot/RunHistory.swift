internal import OrderedStore
public import SignalboxCore

/// What became of the runs that ended in the last 24 hours, hour by hour, of a job or of the whole store.
public struct RunHistory: Sendable {
    public struct Hour: Sendable {
        public var hour: UTCHour
        public var tally: RunTally

        public init(hour: UTCHour, tally: RunTally) {
            self.hour = hour
            self.tally = tally
        }
    }

    /// ``length`` of them, oldest first, those without a run too; the newest is the present one, which is not over.
    public var hours: [Hour]

    public init(hours: [Hour]) { self.hours = hours }

    /// All hours together.
    public var total: RunTally {
        hours.reduce(into: RunTally()) { $0.merge($1.tally) }
    }

    /// How many hours it has.
    public static let length = 24
}

extension RunHistory: Encodable {
    private enum CodingKeys: String, CodingKey { case runs, successes, failures, p50_seconds, p95_seconds }

    /// The hours together.
    public func encode(to encoder: any Encoder) throws {
        let total = total
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(total.runs, forKey: .runs)
        try fields.encode(total.successes, forKey: .successes)
        try fields.encode(total.failures, forKey: .failures)
        try fields.encode(total.durations.quantile(0.5)?.inSeconds, forKey: .p50_seconds)
        try fields.encode(total.durations.quantile(0.95)?.inSeconds, forKey: .p95_seconds)
    }
}

extension Duration {
    fileprivate var inSeconds: Double { Double(microseconds) / 1_000_000 }
}

extension ReadTransaction where Self: ~Copyable {
    /// The hours up to the one of `now`, a look-up each.
    func history(of subject: HistorySubject, now: Now) throws -> RunHistory {
        let present = UTCHour(of: now.wall)
        return RunHistory(
            hours: try (1 - RunHistory.length...0).map { offset in
                let hour = present.advanced(by: offset)
                let tally = try fetch(RunTally.self, .history(hour, subject), in: Buckets.history)
                return RunHistory.Hour(hour: hour, tally: tally ?? RunTally())
            })
    }
}

public import SignalboxCore

/// What `verify --schedule` found.
public struct LedgerReport: Sendable, Encodable {
    public var jobs: [JobLedger] = []
    /// One sentence each, at most ``VerifyReport/limit``; empty means that every due time is accounted for once, and
    /// nothing else is.
    public var faults: [String] = []

    public var ok: Bool { faults.isEmpty }
    /// Due times that were recounted, of all jobs.
    public var due: Int { jobs.reduce(0) { $0 + $1.tally.due } }

    mutating func fault(_ text: String) {
        if faults.count < VerifyReport.limit { faults.append(text) }
    }

    private enum CodingKeys: String, CodingKey { case ok, due, jobs, faults }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(ok, forKey: .ok)
        try fields.encode(due, forKey: .due)
        try fields.encode(jobs, forKey: .jobs)
        try fields.encode(faults, forKey: .faults)
    }
}

/// The due times of one job.
public struct JobLedger: Sendable, Encodable {
    public var name: JobName
    /// Those after this time and up to that one were recounted: what was asked for, as far as the job has dealt with
    /// it under its present schedule.
    public var after: Instant
    public var through: Instant
    public var tally: LedgerTally

    private enum CodingKeys: String, CodingKey {
        case name, after, through, due, ran, running, waiting, cancelled, skipped, coalesced
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name.text, forKey: .name)
        try fields.encode(after.description, forKey: .after)
        try fields.encode(through.description, forKey: .through)
        try fields.encode(tally.due, forKey: .due)
        try fields.encode(tally[.ran], forKey: .ran)
        try fields.encode(tally[.running], forKey: .running)
        try fields.encode(tally[.waiting], forKey: .waiting)
        try fields.encode(tally[.cancelled], forKey: .cancelled)
        try fields.encode(tally[.skipped], forKey: .skipped)
        try fields.encode(tally[.coalesced], forKey: .coalesced)
    }
}

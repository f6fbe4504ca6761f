public import SignalboxCore

/// What the first page shows, from one snapshot.
public struct Overview: Sendable {
    public var status: StatusView
    /// Every job in the order of names; only those that are ``drawn(of:)`` have their newest dispatches.
    public var jobs: [JobView]
    /// Online and draining first, then the newest of the others.
    public var workers: [WorkerView]
    /// IN_PROGRESS, the longest running first.
    public var running: [DispatchView]
    /// The newest dispatches of any state, newest first.
    public var recent: [DispatchView]

    public var stamp: StoreStamp { status.stamp }

    /// The jobs that the first page has room for: all, or of too many those that ran last.
    public static func drawn(of jobs: [Job]) -> Set<JobName> {
        guard jobs.count > drawnLimit else { return Set(jobs.map(\.name)) }
        let newest = jobs.sorted {
            ($0.progress.lastRun?.finishedAt ?? .epoch) > ($1.progress.lastRun?.finishedAt ?? .epoch)
        }
        return Set(newest.prefix(drawnLimit).map(\.name))
    }

    static let drawnLimit = 50
}

/// A job with its newest dispatches, newest first.
public struct JobDetail: Sendable {
    public var view: JobView
    public var dispatches: [DispatchView]
    /// Its runs; only where they were asked for.
    public var last24Hours: RunHistory?
    public var stamp: StoreStamp
}

extension JobDetail: Encodable {
    private enum CodingKeys: String, CodingKey { case last_24h }

    /// The fields of the job, and `last_24h`. Its dispatches are asked for by `dispatches`.
    public func encode(to encoder: any Encoder) throws {
        try view.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encodeIfPresent(last24Hours, forKey: .last_24h)
    }
}

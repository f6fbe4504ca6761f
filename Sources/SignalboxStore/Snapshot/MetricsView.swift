internal import OrderedStore
public import SignalboxCore

/// What monitoring asks for, from one snapshot. Its cost grows with the number of jobs, queues and workers, and not
/// with that of dispatches.
public struct MetricsView: Sendable {
    public var status: StatusView
    /// How many dispatches have ever been made.
    public var dispatchesMade: UInt64
    /// When the PENDING dispatch that was made first was made; nil when none is PENDING.
    public var oldestPending: Instant?
    public var totals: RunTotals
    public var jobs: [JobMetrics]
    /// Those that are online or draining.
    public var workers: [WorkerView]
    /// Bytes of the store in use, and the most that can be.
    public var usedBytes: Int
    public var capacityBytes: Int
}

/// One job as monitoring sees it.
public struct JobMetrics: Sendable {
    public var view: JobView
    public var totals: RunTotals
    /// How long its last run took; nil when it had none, its worker died, or it is no longer kept.
    public var lastDuration: Duration?

    public init(view: JobView, totals: RunTotals = RunTotals(), lastDuration: Duration? = nil) {
        self.view = view
        self.totals = totals
        self.lastDuration = lastDuration
    }
}

extension JobStore {
    public func metrics(now: Now) throws -> MetricsView {
        let live = try liveView()
        return try engine.read { transaction in
            let pending = try transaction.ids(Buckets.byState, .state(.pending), limit: 1).first
            let room = try transaction.room()
            return MetricsView(
                status: try transaction.status(isAlive, nil),
                dispatchesMade: try transaction.storeState().nextDispatch - 1,
                oldestPending: try pending.map { try transaction.indexed($0, by: Buckets.byState).dispatch.enqueuedAt },
                totals: try transaction.totals(of: .all),
                jobs: try transaction.jobs().map { try transaction.metrics(of: $0, now) },
                workers: try transaction.workerViews(live, isAlive).filter(\.registration.state.isActive),
                usedBytes: room.used, capacityBytes: room.capacity)
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    func totals(of subject: HistorySubject) throws -> RunTotals {
        try fetch(RunTotals.self, .totals(subject), in: Buckets.totals) ?? RunTotals()
    }

    fileprivate func metrics(of job: Job, _ now: Now) throws -> JobMetrics {
        let last = try job.progress.lastRun.flatMap { try dispatchRecord($0.dispatch)?.dispatch }
        return JobMetrics(
            view: try view(of: job, recent: 0, now), totals: try totals(of: .job(job.name)),
            lastDuration: last.flatMap(runDuration))
    }
}

/// From start to end; nil for what has not ended, or whose worker died.
private func runDuration(_ dispatch: Dispatch) -> Duration? {
    guard dispatch.ending != nil, let started = dispatch.started, let finished = dispatch.finished else { return nil }
    return started.boot.duration(to: finished.boot)
}

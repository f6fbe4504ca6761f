internal import OrderedStore
public import SignalboxCore

/// What pages and reading commands show. Each is one read transaction on the durable store, and before it one on the
/// live one. In that order, because a worker writes to the durable store first when it begins something, and takes it
/// out of the live one last when it has ended: so what the durable snapshot calls running the live one, which is older,
/// cannot have lost; at worst it does not know it yet. The other way round a dispatch could be shown as running that
/// has no output any more.
extension JobStore {
    /// The number of the newest transaction that changed something a reader can see.
    public func sequence() throws -> UInt64 {
        try engine.read { try $0.storeState().sequence }
    }

    /// - Parameter now: the end of the 24 hours whose runs are told of; nil leaves them out.
    public func status(now: Now? = nil) throws -> StatusView {
        try engine.read { try $0.status(isAlive, now) }
    }

    /// - Parameter now: when it is shown, and the end of the 24 hours whose runs are told of; nil leaves these out, and
    ///   shows times by the wall clock as it was last written down.
    public func overview(now: Now? = nil) throws -> Overview {
        let live = try liveView()
        return try engine.read { transaction in
            let running = try transaction.ids(Buckets.byState, .state(.inProgress), .ascending, limit: 50)
            let recent = try transaction.ids(Buckets.dispatches, .all, .descending, limit: 12)
            let jobs = try transaction.jobs()
            let drawn = Overview.drawn(of: jobs)
            return Overview(
                status: try transaction.status(isAlive, now),
                jobs: try jobs.map { try transaction.view(of: $0, recent: drawn.contains($0.name) ? 20 : 0, now) },
                workers: try transaction.workerViews(live, isAlive),
                running: try running.map { try transaction.view(of: $0, live, now) },
                recent: try recent.map { try transaction.view(of: $0, live, now) })
        }
    }

    /// Every job in the order of names, each with so many of its newest dispatches.
    /// - Parameter now: when it is shown; nil: times are shown by the wall clock as it was last written down.
    public func jobs(recent: Int = 0, now: Now? = nil) throws -> [JobView] {
        try engine.read { transaction in
            try transaction.jobs().map { try transaction.view(of: $0, recent: recent, now) }
        }
    }

    /// Nil when there is no such job.
    /// - Parameter now: when it is shown, and the end of the 24 hours whose runs are told of; nil leaves these out, and
    ///   shows times by the wall clock as it was last written down.
    public func job(_ name: JobName, recent: Int = 50, now: Now? = nil) throws -> JobDetail? {
        let live = try liveView()
        return try engine.read { transaction in
            guard let job = try transaction.job(name) else { return nil }
            let range = KeyRange(prefix: Key().with(name.text).bytes)
            let ids = try transaction.ids(Buckets.byJob, range, .descending, limit: recent)
            return JobDetail(
                view: try transaction.view(of: job, recent: 20, now),
                dispatches: try ids.map { try transaction.view(of: $0, live, now) },
                last24Hours: try now.map { try transaction.history(of: .job(name), now: $0) },
                stamp: try transaction.stamp())
        }
    }

    /// - Parameter now: when it is shown; nil: times are shown by the wall clock as it was last written down.
    public func dispatches(_ filter: DispatchFilter, now: Now? = nil) throws -> [DispatchView] {
        let live = try liveView()
        return try engine.read { transaction in
            try transaction.search(filter, lookingAt: .max).found.map { try transaction.view(of: $0, live, now) }
        }
    }

    /// The same for a page, which must cost the same however many dispatches there are and however few match: it looks
    /// at no more than ``DispatchPage/mostLookedAt`` of them. So it may have fewer than the filter's limit, or none, and
    /// go on all the same.
    public func page(of filter: DispatchFilter, now: Now? = nil) throws -> DispatchPage {
        let live = try liveView()
        return try engine.read { transaction in
            let search = try transaction.search(filter, lookingAt: DispatchPage.mostLookedAt)
            return DispatchPage(
                dispatches: try search.found.map { try transaction.view(of: $0, live, now) }, next: search.next,
                previous: search.previous, looked: search.looked, stamp: try transaction.stamp())
        }
    }

    /// Nil when there is no such dispatch.
    /// - Parameters:
    ///   - attempt: whose output to bring; nil means the newest that has any.
    ///   - now: when it is shown; nil: times are shown by the wall clock as it was last written down.
    public func dispatch(_ id: DispatchID, attempt: Int? = nil, now: Now? = nil) throws -> DispatchDetail? {
        try dispatch(id, attempt: attempt, now: now, explained: nil)
    }

    /// The same, with what it waits for; that can mean a look at all workers, and at many that come before it.
    public func explainedDispatch(_ id: DispatchID, now: Now) throws -> DispatchDetail? {
        try dispatch(id, attempt: nil, now: now, explained: now)
    }

    private func dispatch(
        _ id: DispatchID, attempt: Int?, now: Now?, explained: Now?
    ) throws -> DispatchDetail? {
        let live = try liveView(outputOf: id)
        return try engine.read { transaction in
            guard try transaction.dispatchRecord(id) != nil else { return nil }
            let view = try transaction.view(of: id, live, now)
            let attempts = try transaction.attempts(of: id)
            let isRunning = view.state == .inProgress
            let chosen = attempt ?? (isRunning ? view.dispatch.startNumber : attempts.last?.number ?? 0)
            let kept = try transaction.outputLines(of: id, attempt: chosen, in: Buckets.outputs)
            return DispatchDetail(
                view: view, request: try transaction.request(of: id), attempts: attempts,
                output: kept.isEmpty && isRunning ? live.output[chosen] ?? [] : kept,
                wait: try explained.flatMap { try transaction.wait(of: view.dispatch, now: $0, isAlive: isAlive) },
                stamp: try transaction.stamp())
        }
    }

    /// Online and draining first, then the newest of the others.
    public func workers() throws -> [WorkerView] { try workerList().workers }

    public func workerList() throws -> WorkerList {
        let live = try liveView()
        return try engine.read { transaction in
            WorkerList(workers: try transaction.workerViews(live, isAlive), stamp: try transaction.stamp())
        }
    }

    /// - Parameter id: the dispatch whose output so far is wanted, too.
    func liveView(outputOf id: DispatchID? = nil) throws -> LiveView {
        guard let live else { return LiveView(isAlive: isAlive) }
        return try live.engine.read { transaction in
            var view = LiveView(isAlive: isAlive)
            try transaction.records(Heartbeat.self, LiveBuckets.heartbeats, .all) { key, beat in
                view.heartbeats[WorkerID(key.reduce(0) { $0 << 8 | UInt64($1) })] = beat
                return .next
            }
            try transaction.records(ProgressReport.self, LiveBuckets.progress, .all) { key, report in
                view.progress[try dispatchID(atEndOf: key, in: LiveBuckets.progress)] = report
                return .next
            }
            if let id { view.output = try transaction.outputByAttempt(of: id, in: LiveBuckets.output) }
            return view
        }
    }
}

/// What the live environment adds to a page; small, for it holds only what runs now.
struct LiveView {
    /// Whether a registered worker lives.
    let isAlive: (WorkerID) -> Bool
    var heartbeats: [WorkerID: Heartbeat] = [:]
    var progress: [DispatchID: ProgressReport] = [:]
    /// What the attempts of one dispatch have printed so far.
    var output: [Int: [OutputLine]] = [:]
}

extension KeyRange {
    static func state(_ state: DispatchState) -> KeyRange {
        KeyRange(prefix: Key().with(state).bytes)
    }
}

extension ReadTransaction where Self: ~Copyable {
    func status(_ isAlive: (WorkerID) -> Bool, _ now: Now?) throws -> StatusView {
        let state = try storeState()
        let header = try header()
        var jobs = 0
        try scan(Buckets.jobProgress, .all, .ascending) { _, _ in
            jobs += 1
            return .next
        }
        var workers = 0
        try records(WorkerRegistration.self, Buckets.workers, .all) { _, registration in
            if registration.state.isActive, isAlive(registration.id) { workers += 1 }
            return .next
        }
        let queues = try queueViews(isAlive, now)
        let counts = DispatchState.allCases.map { ($0, Int(clamping: state.count($0))) }
        return StatusView(
            jobs: jobs, workers: workers, queues: queues,
            unserved: try unservedHandlers(in: queues.map(\.name), isAlive),
            dispatches: Dictionary(uniqueKeysWithValues: counts),
            sequence: state.sequence, pruned: state.pruned, storeID: header.storeID, formatVersion: header.format,
            filling: StoreFilling(try room()),
            last24Hours: try now.map { try history(of: .all, now: $0) },
            clockHold: try storedClock().flatMap(ClockHold.init))
    }

    func view(of job: Job, recent: Int, _ now: Now?) throws -> JobView {
        let range = KeyRange(prefix: Key().with(job.name.text).bytes)
        let ids = recent > 0 ? try ids(Buckets.byJob, range, .descending, limit: recent) : []
        return JobView(
            job: try shown(job, at: now), running: try count(job.name, in: [.inProgress]),
            waiting: try count(job.name, in: [.scheduled, .blocked, .pending]),
            recent: try ids.map { try shown(indexed($0, by: Buckets.byJob).dispatch, at: now) },
            keep: job.definition.keep.over(try storeSettings().keep))
    }

    func view(of id: DispatchID, _ live: LiveView, _ now: Now?) throws -> DispatchView {
        let record = try indexed(id, by: Buckets.dispatches)
        let dispatch = try shown(record.dispatch, at: now)
        let worker = try dispatch.claim.flatMap { try workerRegistration($0.worker) }
        let isRunning = dispatch.state == .inProgress
        var lacksWorker = false
        if dispatch.state == .pending, let handler = dispatch.handler {
            lacksWorker = try !isServed(handler, in: dispatch.queue, live.isAlive)
        }
        return DispatchView(
            dispatch: dispatch, command: try request(of: id).command.redacted.summary, worker: worker?.name,
            progress: isRunning ? live.progress[id] : nil, lacksWorker: lacksWorker, isPinned: record.isPinned)
    }

    func attempts(of id: DispatchID) throws -> [Attempt] {
        var attempts: [Attempt] = []
        try records(Attempt.self, Buckets.attempts, KeyRange(prefix: Key.dispatch(id).bytes)) { _, attempt in
            attempts.append(attempt)
            return .next
        }
        return attempts
    }

    /// A worker that has died and was not settled yet is dead all the same.
    func workerViews(_ live: LiveView, _ isAlive: (WorkerID) -> Bool) throws -> [WorkerView] {
        var views: [WorkerView] = []
        try records(WorkerRegistration.self, Buckets.workers, .all, .descending) { _, stored in
            var registration = stored
            if registration.state.isActive, !isAlive(registration.id) { registration.state = .dead }
            let running =
                stored.state.isActive
                ? try keys(Buckets.running, KeyRange(prefix: Key.worker(registration.id).bytes), limit: .max).count : 0
            views.append(
                WorkerView(registration: registration, heartbeat: live.heartbeats[registration.id], running: running))
            return .next
        }
        return views.filter(\.registration.state.isActive).reversed() + views.filter { !$0.registration.state.isActive }
    }
}

internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// What ran in the last 24 hours and what falls due in the next, of the jobs after `name` in the order of names. It
    /// costs the same however much ran: of a busy job the newest runs are read, and for the hours before them what was
    /// counted.
    /// - Parameter zones: those that the jobs name; of a job whose zone is not among them no due times are told.
    public func timeline(after name: JobName?, zones: ZoneTable, now: Now) throws -> Timeline {
        try engine.read { transaction in
            let from = name.map { Key.name($0.text).bytes + [0] } ?? []
            let range = KeyRange(from: from, to: nil)
            let keys = try transaction.keys(Buckets.jobProgress, range, limit: Timeline.rowLimit + 1)
            let jobs = try keys.prefix(Timeline.rowLimit).map { try transaction.job(ofKey: $0) }
            return Timeline(
                rows: try jobs.map { try transaction.timelineRow(of: $0, zones, now) },
                waiting: try transaction.waitingWithoutJob(now),
                next: keys.count > Timeline.rowLimit ? jobs.last?.name : nil, stamp: try transaction.stamp())
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    fileprivate func timelineRow(of stored: Job, _ zones: ZoneTable, _ now: Now) throws -> TimelineRow {
        let job = try shown(stored, at: now)
        let begin = now.wall - Timeline.reach
        let range = KeyRange(prefix: Key().with(job.name.text).bytes)
        let ids = try ids(Buckets.byJob, range, .descending, limit: Timeline.markLimit)
        let newest = try ids.map { try shown(indexed($0, by: Buckets.byJob).dispatch, at: now) }
        // There are more before them in the day only when none of them is older than that.
        let isCut = ids.count == Timeline.markLimit && newest.last.map { $0.lastInstant >= begin } == true
        let cut = isCut ? newest.last.map { UTCHour(of: $0.lastInstant) } : nil
        let future = zones[job.definition.zone].map { job.dueTimes(in: $0, now) }
        return TimelineRow(
            job: job,
            runs: newest.filter { !$0.state.isTerminal || $0.lastInstant >= (cut?.advanced(by: 1).start ?? begin) },
            olderHours: try cut.map { try hours(of: job.name, through: $0, now) } ?? [],
            due: future?.times ?? [], dueCount: future?.count ?? 0)
    }

    /// The hours in which something ended: what of them is not read one by one.
    private func hours(of job: JobName, through last: UTCHour, _ now: Now) throws -> [RunHistory.Hour] {
        try history(of: .job(job), now: now).hours.filter { $0.hour <= last && $0.tally.runs > 0 }
    }

    /// Dispatches that were asked for with a delay or a time, not made by a job.
    fileprivate func waitingWithoutJob(_ now: Now) throws -> [Dispatch] {
        var found: [Dispatch] = []
        for clock in DueClock.allCases {
            let range = KeyRange(prefix: Key().with(clock).bytes)
            for id in try ids(Buckets.scheduled, range, limit: Timeline.markLimit) {
                let dispatch = try shown(indexed(id, by: Buckets.scheduled).dispatch, at: now)
                if dispatch.job == nil, dispatch.dueAt < now.wall + Timeline.reach { found.append(dispatch) }
            }
        }
        return Array(found.sorted { $0.dueAt < $1.dueAt }.prefix(Timeline.markLimit))
    }
}

extension Dispatch {
    /// When it was last heard of: it ended, began, or was made.
    fileprivate var lastInstant: Instant { finished?.wall ?? started?.wall ?? enqueuedAt }
}

extension Job {
    /// Its due times within a day of `now`, and how many these are. One that waits to be dealt with is the first.
    fileprivate func dueTimes(in zone: Zone, _ now: Now) -> (times: [Instant], count: Int) {
        let start = max(now.wall, progress.cursor, progress.anchor)
        let end = now.wall + Timeline.reach
        guard progress.nextDue != nil, start < end else { return ([], 0) }
        let schedule = definition.schedule
        let times = schedule.occurrences(after: start, in: zone, anchor: progress.anchor).lazy
            .map(\.due).prefix { $0 <= end }.prefix(Timeline.markLimit)
        let count = schedule.count(after: start, through: end, in: zone, anchor: progress.anchor)
        return (Array(times), count)
    }
}

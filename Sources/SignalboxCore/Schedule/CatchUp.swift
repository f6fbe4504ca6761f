/// What to do about the due times that have come since a job's cursor.
public struct CatchUpPlan: Hashable, Sendable {
    /// The occurrences to dispatch, in order of time.
    public var runs: [Occurrence]
    /// The ones that are not run: one for each stretch of time, paused or not, that has any; in order of time.
    public var skipped: [SkippedSummary]
    /// Where the job's cursor is to stand: every due time up to it is in `runs` or `skipped`.
    public var cursor: Instant

    /// Leaves all but the first `count` runs for another plan.
    public mutating func limit(to count: Int) {
        guard runs.count > count, count > 0 else { return }
        runs = Array(runs.prefix(count))
        cursor = runs[count - 1].due
        skipped.removeAll { $0.last > cursor }
    }
}

/// Due times that were passed over, for one SKIPPED record.
public struct SkippedSummary: Hashable, Sendable {
    public var count: Int
    public var first: Instant
    public var last: Instant
    public var reason: DispatchReason
}

/// Decides about missed runs.
public enum CatchUp {
    /// The newest due time is on time when it is no later than this, and runs even where the policy makes up for
    /// nothing: between a due time and the pass that sees it there is always a moment, on a busy machine a long one.
    public static let punctual: Duration = .seconds(60)

    /// Plans the due times after `cursor` and up to `now`. The number of missed times does not matter: none but those
    /// that run are gone through.
    /// - Parameters:
    ///   - anchor: where an `every` schedule counts from.
    ///   - reason: why times may have been missed, for the record of what is skipped.
    ///   - punctual: how late the newest due time may be and still count as on time; nil: none does.
    ///   - paused: when the job was paused, in order of time: of these times none runs, and the policy does not see them.
    public static func plan(
        _ schedule: Schedule, zone: Zone, anchor: Instant, cursor: Instant, now: Instant, policy: CatchUpPolicy,
        reason: DispatchReason, punctual: Duration? = punctual, paused: [PausedTime] = []
    ) -> CatchUpPlan {
        guard let newest = schedule.previous(through: now, in: zone, anchor: anchor), newest.due > cursor else {
            return CatchUpPlan(runs: [], skipped: [], cursor: cursor)
        }
        let parts = TimePart.parts(after: cursor, through: now, paused)
        let open = parts.filter { !$0.isPaused }
        let lines = open.compactMap { MissedTimes(schedule: schedule, zone: zone, anchor: anchor, part: $0) }
        var runs = chosen(by: policy, after: policy.window.map { now - $0 - .microseconds(1) } ?? cursor, of: lines)
        let isOnTime = punctual.map { newest.due + $0 >= now } ?? false
        if runs.isEmpty, isOnTime, open.contains(where: { $0.contains(newest.due) }) { runs = [newest] }
        let skipped = skipped(
            schedule, zone: zone, anchor: anchor, cursor: cursor, now: now, without: runs, reason: reason,
            paused: paused)
        return CatchUpPlan(runs: runs, skipped: skipped, cursor: newest.due)
    }

    /// The due times after `cursor` and up to `now` but for `runs`, which the policy chose of them: those that came
    /// while the job was paused, and those that were missed because of `reason`.
    public static func skipped(
        _ schedule: Schedule, zone: Zone, anchor: Instant, cursor: Instant, now: Instant, without runs: [Occurrence],
        reason: DispatchReason, paused: [PausedTime] = []
    ) -> [SkippedSummary] {
        TimePart.parts(after: cursor, through: now, paused).compactMap { part in
            MissedTimes(schedule: schedule, zone: zone, anchor: anchor, part: part)?.summary(
                without: runs.filter { part.contains($0.due) }, reason: part.isPaused ? .paused : reason)
        }
    }

    /// What `policy` makes up for of times that lie in several stretches, as if there were nothing between them.
    private static func chosen(
        by policy: CatchUpPolicy, after oldest: Instant, of lines: [MissedTimes]
    ) -> [Occurrence] {
        var (runs, rest) = ([Occurrence](), policy)
        for line in policy.mode == .earliest ? lines : lines.reversed() {
            runs = line.chosen(by: rest, after: max(oldest, line.cursor)) + runs
            rest.maximum = policy.maximum - runs.count
            if !runs.isEmpty, policy.mode != .all || rest.maximum <= 0 { break }
        }
        return runs
    }
}

/// The due times after the cursor and up to the newest in a stretch of time; there is at least one.
private struct MissedTimes {
    let schedule: Schedule
    let zone: Zone
    let anchor: Instant
    let cursor: Instant
    let newest: Occurrence

    /// Nil when there is none in `part`.
    init?(schedule: Schedule, zone: Zone, anchor: Instant, part: TimePart) {
        guard let newest = schedule.previous(through: part.through, in: zone, anchor: anchor), newest.due > part.after
        else { return nil }
        (self.schedule, self.zone, self.anchor) = (schedule, zone, anchor)
        (cursor, self.newest) = (part.after, newest)
    }

    /// The ones that `policy` makes up for, none of them at or before `oldest`.
    func chosen(by policy: CatchUpPolicy, after oldest: Instant) -> [Occurrence] {
        switch policy.mode {
        case .none: return []
        case .latest: return newest.due > oldest ? [newest] : []
        case .earliest:
            guard newest.due > oldest else { return [] }
            return schedule.next(after: oldest, in: zone, anchor: anchor).map { [$0] } ?? []
        case .all: return newestFirst(limit: policy.maximum, after: oldest).reversed()
        }
    }

    private func newestFirst(limit: Int, after oldest: Instant) -> [Occurrence] {
        var found: [Occurrence] = []
        var next: Occurrence? = newest
        while let occurrence = next, occurrence.due > oldest, found.count < limit {
            found.append(occurrence)
            next = schedule.previous(through: occurrence.due - .microseconds(1), in: zone, anchor: anchor)
        }
        return found
    }

    /// What remains without `runs`, which are consecutive; nil when nothing does.
    func summary(without runs: [Occurrence], reason: DispatchReason) -> SkippedSummary? {
        let total = schedule.count(after: cursor, through: newest.due, in: zone, anchor: anchor)
        guard total > runs.count, let first = skippedEnd(runs, .first), let last = skippedEnd(runs, .last) else {
            return nil
        }
        return SkippedSummary(count: total - runs.count, first: first, last: last, reason: reason)
    }

    private enum End { case first, last }

    /// The first or last due time that is not among `runs`.
    private func skippedEnd(_ runs: [Occurrence], _ end: End) -> Instant? {
        switch end {
        case .first:
            let first = schedule.next(after: cursor, in: zone, anchor: anchor)
            guard let run = runs.first, run.due == first?.due else { return first?.due }
            return schedule.next(after: runs[runs.count - 1].due, in: zone, anchor: anchor)?.due
        case .last:
            guard let run = runs.last, run.due == newest.due else { return newest.due }
            return schedule.previous(through: runs[0].due - .microseconds(1), in: zone, anchor: anchor)?.due
        }
    }
}

// What a careful reader says of a job before it runs: each of these is allowed, and most people who write it mean
// something else. `check` prints them.

/// Remarks on one job.
public struct JobReview: Hashable, Sendable {
    public let notes: [String]

    /// - Parameter now: the next change of the zone's clocks is looked for from here, through thirteen months.
    public init(of job: JobDefinition, zone: Zone, now: Instant) {
        var notes: [String] = []
        if case .cron(let expression, let rule) = job.schedule {
            notes += Self.dayNotes(expression) + Self.stepNotes(expression)
            notes += Self.clockNotes(expression, rule, zone, now)
        }
        if case .at(let time) = job.schedule, time <= now { notes.append("its time \(time) has passed: it never runs") }
        notes += Self.lengthNotes(job, zone, now)
        self.notes = notes
    }
}

// MARK: - The fields

extension JobReview {
    private static func dayNotes(_ expression: CronExpression) -> [String] {
        guard expression.restrictsBothDays, expression.dayRule == .either else { return [] }
        return [
            "day of month and day of week are both given: as in cron, a day that matches either of them runs; "
                + "`days: and` asks for both"
        ]
    }

    private static func stepNotes(_ expression: CronExpression) -> [String] {
        let fields = expression.fields.split(separator: " ").map(String.init)
        guard fields.count >= 5 else { return [] }
        let kinds: [CronField] = [.dayOfMonth, .hour, .minute, .second]
        return zip(kinds, [fields.count - 3, fields.count - 4, fields.count - 5, fields.count - 6]).compactMap {
            kind, index in index < 0 ? nil : stepNote(kind, fields[index])
        }
    }

    /// A step that does not divide its field begins anew at the field's end.
    private static func stepNote(_ kind: CronField, _ text: String) -> String? {
        guard text.hasPrefix("*/"), let step = Int(text.dropFirst(2)), step > 1, step < kind.values.count else {
            return nil
        }
        if kind.isDayOfMonth {
            let last = 1 + (31 - 1) / step * step
            return "\(text) in the day of month begins anew on every 1st: after the \(last) comes the 1 of the next "
                + "month, however near; for an even distance use an interval, as in @every \(step * 24)h"
        }
        guard kind.values.count % step != 0 else { return nil }
        let last = (kind.values.count - 1) / step * step
        let rest = "\(kind.values.count - last) \(kind.name)s"
        return "\(text) in the \(kind.name) is not even: after \(last) comes 0, only \(rest) later"
    }
}

// MARK: - Clocks set forward and back

extension JobReview {
    /// The next gap and the next fold that this schedule meets.
    private static func clockNotes(
        _ expression: CronExpression, _ rule: DaylightRule, _ zone: Zone, _ now: Instant
    ) -> [String] {
        guard !expression.isWildcard, rule != .utc else { return [] }
        let changes = zone.transitions(after: now, through: now + .seconds(400 * 86_400), limit: 8)
        let gap = changes.lazy.compactMap { gapNote(expression, rule, zone, $0) }.first
        let fold = changes.lazy.compactMap { foldNote(expression, rule, zone, $0) }.first
        return [gap, fold].compactMap { $0 }
    }

    private static func gapNote(
        _ expression: CronExpression, _ rule: DaylightRule, _ zone: Zone, _ change: ZoneTransition
    ) -> String? {
        // `twice` runs in gap and fold alike: it finds what the job's own rule may leave out.
        let all = CronTimeline(expression, .twice, zone)
        guard let met = all.next(after: change.at - .microseconds(1)), met.due == change.at, met.reason == .daylightGap
        else { return nil }
        let what = "\(met.nominal) does not exist, for clocks are set forward"
        switch rule {
        case .cron, .twice: return "\(what): it runs once, at \(met.due.text(in: zone)) (dst: \(rule.rawValue))"
        case .skip: return "\(what): it is left out that day (dst: skip)"
        case .utc: return nil
        }
    }

    private static func foldNote(
        _ expression: CronExpression, _ rule: DaylightRule, _ zone: Zone, _ change: ZoneTransition
    ) -> String? {
        let back = Int64(change.before.seconds - change.after.seconds)
        guard let met = CronTimeline(expression, .twice, zone).next(after: change.at - .microseconds(1)),
            met.reason == .fold, met.due < change.at + .seconds(back)
        else { return nil }
        let what = "\(met.nominal) comes twice, for clocks are set back"
        switch rule {
        case .cron, .skip: return "\(what): it runs at the first of the two (dst: \(rule.rawValue))"
        case .twice: return "\(what): it runs both times (dst: twice)"
        case .utc: return nil
        }
    }
}

// MARK: - How long it may run

extension JobReview {
    private static func lengthNotes(_ job: JobDefinition, _ zone: Zone, _ now: Instant) -> [String] {
        guard let period = shortestPeriod(of: job.schedule, zone, now) else { return [] }
        switch job.overlap.policy {
        case .allow, .replace: return []
        case .skip: return tooLong(job, period, "those that fall due meanwhile are skipped")
        case .queueOne, .queueAll:
            guard job.timeout != nil else {
                return [
                    "overlap is \(job.overlap.word) and there is no timeout: a run that hangs holds up all that follow"
                ]
            }
            return tooLong(job, period, "those that fall due meanwhile wait")
        }
    }

    private static func tooLong(_ job: JobDefinition, _ period: Duration, _ outcome: String) -> [String] {
        guard let timeout = job.timeout, timeout > period else { return [] }
        let overlap = "overlap: \(job.overlap.word)"
        return ["it may run \(timeout.text) and can fall due every \(period.text): \(outcome) (\(overlap))"]
    }

    /// The shortest distance among the next due times; nil where there are not two.
    private static func shortestPeriod(of schedule: Schedule, _ zone: Zone, _ now: Instant) -> Duration? {
        let due = schedule.occurrences(after: now, in: zone, anchor: now).prefix(32).map(\.due)
        return zip(due, due.dropFirst()).map { $0.duration(to: $1) }.min()
    }
}

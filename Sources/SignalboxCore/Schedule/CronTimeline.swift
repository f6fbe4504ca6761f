/// A cron expression laid on the time line of one zone.
///
/// The line is walked from one change of the zone's clocks to the next. Inside such a stretch local time runs evenly,
/// and the expression alone decides; where two stretches meet, the daylight rule does.
struct CronTimeline {
    private let pattern: CronPattern
    private let zone: Zone
    private let shiftsGap: Bool
    private let runsFoldOnce: Bool

    init(_ expression: CronExpression, _ rule: DaylightRule, _ zone: Zone) {
        pattern = expression.pattern
        self.zone = rule == .utc ? .utc : zone
        shiftsGap = !expression.isWildcard && (rule == .cron || rule == .twice)
        runsFoldOnce = !expression.isWildcard && (rule == .cron || rule == .skip)
    }

    /// Eight whole years, wherever in its year a search begins; in seconds.
    private static let reach = Int64(CronPattern.searchYears + 1) * 366 * 86_400
    /// From here on a change is a zone defined anew, and nothing is made up for.
    private static let longestShift: Int64 = 3 * 3_600

    /// The first occurrence strictly after `instant`, within eight years.
    func next(after instant: Instant) -> Occurrence? {
        var from = instant.wholeSeconds + 1
        let limit = from + Self.reach
        while from < limit {
            let stretch = Stretch(zone.span(at: from), limit: limit)
            if from == stretch.span.start, let shifted = shifted(into: stretch) { return shifted }
            let lower = max(from + stretch.span.offset, evenStart(of: stretch))
            if let local = pattern.first(in: lower..<max(lower, stretch.localEnd)) {
                return stretch.occurrence(local)
            }
            from = stretch.span.end
        }
        return nil
    }

    /// The last occurrence at or before `instant`, within eight years.
    func previous(through instant: Instant) -> Occurrence? {
        var through = instant.wholeSeconds
        let limit = through - Self.reach
        while through >= limit {
            let stretch = Stretch(zone.span(at: through), limit: .max)
            let lower = evenStart(of: stretch)
            let upper = through + stretch.span.offset + 1
            let searched = max(lower, limit + stretch.span.offset)
            if let local = pattern.last(in: searched..<max(searched, upper)) {
                return stretch.occurrence(local)
            }
            if let shifted = shifted(into: stretch) { return shifted }
            through = stretch.span.start - 1
        }
        return nil
    }

    /// How many there are after `start` and up to `end`; exact unless they lie more than eight years apart.
    func count(after start: Instant, through end: Instant) -> (count: Int, isExact: Bool) {
        let last = end.wholeSeconds
        let limit = last - Self.reach
        var from = max(start.wholeSeconds + 1, limit)
        var total = 0
        while from <= last {
            let stretch = Stretch(zone.span(at: from), limit: last + 1)
            if from == stretch.span.start, shifted(into: stretch) != nil { total += 1 }
            let lower = max(from + stretch.span.offset, evenStart(of: stretch))
            total += pattern.count(in: lower..<max(lower, stretch.localEnd))
            from = stretch.span.end
        }
        return (total, start.wholeSeconds + 1 >= limit)
    }

    /// The local second from which matches count in `stretch`: after a fold that runs once, where the repeated time
    /// ends.
    private func evenStart(of stretch: Stretch) -> Int64 {
        guard runsFoldOnce, let back = stretch.shiftAtStart, back < 0, -back < Self.longestShift else {
            return stretch.localStart
        }
        return stretch.localStart - back
    }

    /// The run at the start of `stretch` that makes up for the gap before it: one, however many matches the gap
    /// swallowed, and none when that instant matches by itself.
    private func shifted(into stretch: Stretch) -> Occurrence? {
        guard shiftsGap, let forward = stretch.shiftAtStart, forward > 0, forward < Self.longestShift,
            pattern.first(in: stretch.localStart..<(stretch.localStart + 1)) == nil,
            let nominal = pattern.first(in: (stretch.localStart - forward)..<stretch.localStart)
        else { return nil }
        return Occurrence(
            due: Instant(seconds: stretch.span.start), localSeconds: nominal,
            reason: .daylightGap)
    }
}

/// A stretch without a change of offset, with its local times.
private struct Stretch {
    let span: ZoneSpan
    let localStart: Int64
    /// The first local second behind it, or behind what is searched.
    let localEnd: Int64

    init(_ span: ZoneSpan, limit: Int64) {
        self.span = span
        localStart = span.start + span.offset
        localEnd = min(span.end, limit) + span.offset
    }

    /// How far clocks were set forward where it begins; negative: back; nil when it has no beginning.
    var shiftAtStart: Int64? { span.offsetBefore.map { span.offset - $0 } }

    func occurrence(_ local: Int64) -> Occurrence {
        Occurrence(
            due: Instant(seconds: local - span.offset), localSeconds: local,
            reason: isRepeated(local) ? .fold : .regular)
    }

    /// Clocks show this time once more, in the stretch before or behind.
    private func isRepeated(_ local: Int64) -> Bool {
        if let before = span.offsetBefore, local < span.start + before { return true }
        if let after = span.offsetAfter, local >= span.end + after { return true }
        return false
    }
}

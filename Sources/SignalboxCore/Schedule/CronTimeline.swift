/// A cron expression laid on the time line of one zone.
///
/// The line is walked from one change of the zone's clocks to the next. Inside such a stretch local time runs evenly,
/// and the expression alone decides; where two stretches meet, the daylight rule does.
struct CronTimeline {
    private let pattern: CronPattern
    private let zone: ZoneFile
    private let shiftsGap: Bool
    private let runsFoldOnce: Bool

    init(_ expression: CronExpression, _ rule: DaylightRule, _ zone: Zone) {
        pattern = expression.pattern
        self.zone = rule == .utc ? Zone.utc.file : zone.file
        shiftsGap = !expression.isWildcard && (rule == .cron || rule == .twice)
        runsFoldOnce = !expression.isWildcard && (rule == .cron || rule == .skip)
    }

    /// Eight whole years, wherever in its year a search begins; in seconds.
    private static let reach = Int64(CronPattern.searchYears + 1) * 366 * 86_400
    /// From here on a change is a zone defined anew, and nothing is made up for.
    private static let longestShift: Int64 = 3 * 3_600
    /// More than two offsets of a zone can ever differ by, and three hours.
    private static let widestShift: Int64 = 3 * 86_400

    /// The first occurrence strictly after `instant`, within eight years.
    func next(after instant: Instant) -> Occurrence? {
        var from = instant.wholeSeconds + 1
        let limit = from + Self.reach
        while from < limit {
            let stretch = zone.span(at: from)
            if from == stretch.start, let shifted = shifted(into: stretch) { return shifted }
            let lower = max(from + stretch.offset, evenStart(of: stretch))
            guard let local = pattern.first(in: lower..<max(lower, limit + stretch.offset)) else { return nil }
            if local < stretch.localEnd { return stretch.occurrence(local) }
            // Until then there is none, whatever the clocks do; but close to the change they may be set back to times
            // that were not looked at.
            let isFar = stretch.end - from > Self.widestShift
            from = isFar ? max(stretch.end, local - stretch.offset - Self.widestShift) : stretch.end
        }
        return nil
    }

    /// The last occurrence at or before `instant`, within eight years.
    func previous(through instant: Instant) -> Occurrence? {
        var through = instant.wholeSeconds
        let limit = through - Self.reach
        while through >= limit {
            let stretch = zone.span(at: through)
            let upper = through + stretch.offset + 1
            let lower = max(evenStart(of: stretch), limit + stretch.offset)
            if let local = pattern.last(in: lower..<max(lower, upper)) { return stretch.occurrence(local) }
            if let shifted = shifted(into: stretch) { return shifted }
            through = stretch.start - 1
        }
        return nil
    }

    /// How many there are after `start` and up to `end`. However far these lie apart, no more than the changes that a
    /// zone lists and two cycles of the calendar are gone through.
    func count(after start: Instant, through end: Instant) -> Int {
        let (first, behind) = (start.wholeSeconds + 1, end.wholeSeconds + 1)
        let even = zone.ruleStart.map { max(first, $0) } ?? behind
        guard even < behind else { return count(in: first..<max(first, behind)) }
        let cycle = Int64(CronPattern.cycle) * 86_400
        let (cycles, rest) = (behind - even).quotientAndRemainder(dividingBy: cycle)
        let perCycle = cycles > 0 ? count(in: even..<(even + cycle)) : 0
        return count(in: first..<even) + Int(cycles) * perCycle + count(in: (behind - rest)..<behind)
    }

    private func count(in seconds: Range<Int64>) -> Int {
        var from = seconds.lowerBound
        var total = 0
        while from < seconds.upperBound {
            let stretch = zone.span(at: from)
            if from == stretch.start, shifted(into: stretch) != nil { total += 1 }
            let lower = max(from + stretch.offset, evenStart(of: stretch))
            let upper = min(stretch.localEnd, seconds.upperBound + stretch.offset)
            total += pattern.count(in: lower..<max(lower, upper))
            from = stretch.end
        }
        return total
    }

    /// The local second from which matches count in `stretch`: after a fold that runs once, where the repeated time
    /// ends.
    private func evenStart(of stretch: ZoneSpan) -> Int64 {
        guard runsFoldOnce, let back = stretch.shiftAtStart, back < 0, -back < Self.longestShift else {
            return stretch.localStart
        }
        return stretch.localStart - back
    }

    /// The run at the start of `stretch` that makes up for the gap before it: one, however many matches the gap
    /// swallowed, and none when that instant matches by itself.
    private func shifted(into stretch: ZoneSpan) -> Occurrence? {
        guard shiftsGap, let forward = stretch.shiftAtStart, forward > 0, forward < Self.longestShift,
            pattern.first(in: stretch.localStart..<(stretch.localStart + 1)) == nil,
            let nominal = pattern.first(in: (stretch.localStart - forward)..<stretch.localStart)
        else { return nil }
        return Occurrence(due: Instant(seconds: stretch.start), localSeconds: nominal, reason: .daylightGap)
    }
}

/// A stretch between two changes of the clocks, with its local times.
extension ZoneSpan {
    fileprivate var localStart: Int64 { start + offset }
    /// The first local second behind it.
    fileprivate var localEnd: Int64 { end + offset }

    /// How far clocks were set forward where it begins; negative: back; nil when it has no beginning.
    fileprivate var shiftAtStart: Int64? { offsetBefore.map { offset - $0 } }

    fileprivate func occurrence(_ local: Int64) -> Occurrence {
        Occurrence(
            due: Instant(seconds: local - offset), localSeconds: local, reason: isRepeated(local) ? .fold : .regular)
    }

    /// Clocks show this time once more, in the stretch before or behind.
    private func isRepeated(_ local: Int64) -> Bool {
        if let before = offsetBefore, local < start + before { return true }
        if let after = offsetAfter, local >= end + after { return true }
        return false
    }
}

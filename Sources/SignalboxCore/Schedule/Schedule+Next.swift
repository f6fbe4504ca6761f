/// When a schedule falls due: forwards, backwards, and how often, without going through all in between.
extension Schedule {
    /// The first due time strictly after `instant`; nil when there is none (`boot` and `manual` never fall due by the
    /// clock).
    /// - Parameter anchor: where `every` counts from; calendar schedules do not look at it.
    public func next(after instant: Instant, in zone: Zone, anchor: Instant) -> Occurrence? {
        switch self {
        case .cron(let expression, let rule):
            return CronTimeline(expression, rule, zone).next(after: instant)
        case .every(let period):
            let grid = IntervalGrid(anchor: anchor, period: period)
            return Self.plain(grid.due(grid.index(of: instant) + 1), zone)
        case .at(let due): return due > instant ? Self.plain(due, zone) : nil
        case .boot, .manual: return nil
        }
    }

    /// The last due time at or before `instant`; nil when there is none.
    public func previous(through instant: Instant, in zone: Zone, anchor: Instant) -> Occurrence? {
        switch self {
        case .cron(let expression, let rule):
            return CronTimeline(expression, rule, zone).previous(through: instant)
        case .every(let period):
            let grid = IntervalGrid(anchor: anchor, period: period)
            return Self.plain(grid.due(grid.index(of: instant)), zone)
        case .at(let due): return due <= instant ? Self.plain(due, zone) : nil
        case .boot, .manual: return nil
        }
    }

    /// How many due times there are after `start` and up to `end`, however many; calendar schedules are counted by months.
    public func count(after start: Instant, through end: Instant, in zone: Zone, anchor: Instant) -> Int {
        guard start < end else { return 0 }
        switch self {
        case .cron(let expression, let rule):
            return CronTimeline(expression, rule, zone).count(after: start, through: end)
        case .every(let period):
            let grid = IntervalGrid(anchor: anchor, period: period)
            return Int(clamping: grid.index(of: end) - grid.index(of: start))
        case .at(let due): return start < due && due <= end ? 1 : 0
        case .boot, .manual: return 0
        }
    }

    private static func plain(_ due: Instant?, _ zone: Zone) -> Occurrence? {
        due.map { Occurrence(due: $0, localSeconds: zone.localSeconds(at: $0), reason: .regular) }
    }
}

/// The due times of a schedule one after the other, as `next` shows them; it never ends for most.
public struct Occurrences: Sequence, IteratorProtocol {
    private let schedule: Schedule
    private let zone: Zone
    private let anchor: Instant
    /// Kept, so that each step costs only the search.
    private let timeline: CronTimeline?
    private var time: Instant

    fileprivate init(_ schedule: Schedule, _ zone: Zone, _ anchor: Instant, after time: Instant) {
        (self.schedule, self.zone, self.anchor, self.time) = (schedule, zone, anchor, time)
        if case .cron(let expression, let rule) = schedule {
            timeline = CronTimeline(expression, rule, zone)
        } else {
            timeline = nil
        }
    }

    public mutating func next() -> Occurrence? {
        let found = timeline.map { $0.next(after: time) } ?? schedule.next(after: time, in: zone, anchor: anchor)
        if let found { time = found.due }
        return found
    }
}

extension Schedule {
    /// Every due time strictly after `instant`, in order, each found when it is asked for.
    /// - Parameter anchor: where `every` counts from; calendar schedules do not look at it.
    public func occurrences(after instant: Instant, in zone: Zone, anchor: Instant) -> Occurrences {
        Occurrences(self, zone, anchor, after: instant)
    }
}

/// The due times of an interval, anchor + n · period for every whole n, in closed form.
private struct IntervalGrid {
    let anchor: Int128
    let period: Int128

    init(anchor: Instant, period: Duration) {
        self.anchor = Int128(anchor.microseconds)
        self.period = Int128(max(1, period.microseconds))
    }

    /// The n of the last due time at or before `instant`.
    func index(of instant: Instant) -> Int128 {
        (Int128(instant.microseconds) - anchor).flooredDivision(by: period).quotient
    }

    /// Nil beyond the ends of time.
    func due(_ index: Int128) -> Instant? {
        Int64(exactly: anchor + index * period).map(Instant.init(microseconds:))
    }
}

/// A ``Rate`` with the starts that count against it. It remembers each start for as long as it matters, so that the
/// rate holds exactly, in every window and not only on the average. Times are steady time (``StoreClock``): no step of
/// the wall clock opens or closes it, and it goes on after a reboot.
public struct RateWindow: Hashable, Sendable {
    public var rate: Rate
    /// Those that may still count, oldest first.
    public var starts: [Instant]

    public init(rate: Rate, starts: [Instant] = []) {
        self.rate = rate
        self.starts = starts
    }

    /// How many more starts it allows at `now`.
    public func room(at now: Instant) -> Int { max(0, rate.count - counted(at: now).count) }

    /// When it will next allow more than at `now`; nil when nothing counts against it.
    public func nextOpening(after now: Instant) -> Instant? {
        let counted = counted(at: now)
        guard !counted.isEmpty else { return nil }
        // Where the rate was lowered, more may count than it allows.
        return counted[counted.startIndex + max(0, counted.count - rate.count)] + rate.per
    }

    /// Counts a start, and forgets those that count no more. A start is never older than the one before, though the
    /// clocks of two processes were read in another order.
    public mutating func take(at now: Instant) {
        let start = max(now, starts.last ?? now)
        starts = Array(counted(at: start)) + [start]
    }

    /// Whether no start counts against it any more.
    public func isUnused(at now: Instant) -> Bool { counted(at: now).isEmpty }

    /// Forgets the starts that count no more.
    public mutating func forget(at now: Instant) { starts = Array(counted(at: now)) }

    /// A start counts until its period has passed, to the microsecond.
    private func counted(at now: Instant) -> ArraySlice<Instant> {
        let first = starts.firstIndex { $0 + rate.per > now } ?? starts.endIndex
        return starts[first...]
    }
}

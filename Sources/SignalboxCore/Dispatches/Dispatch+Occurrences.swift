/// Which due times of its job a dispatch stands for.
extension Dispatch {
    /// This record of missed occurrences, standing for `further` more of them: the last was due at `last`.
    public func standing(forFurther further: Int, last: Instant) -> Dispatch {
        precondition(state == .skipped && reason.isOfMissedTimes, "only a record of missed times can stand for more")
        var next = self
        next.coalesced += further
        next.lastScheduledFor = last
        return next
    }

    /// A record of several due times at once that were passed over, from ``scheduledFor`` to ``lastScheduledFor``.
    public var isSummary: Bool { state == .skipped && coalesced > 0 && reason.isOfMissedTimes }

    /// How many due times the store has to name it for: its own, and those that it took in while it waited. A summary
    /// is named for the first that it stands for only, and what makes up for a due time that a summary stands for
    /// (its ``parent``) not for that.
    public var occurrences: Int { (scheduledFor == nil || parent != nil ? 0 : 1) + (isSummary ? 0 : coalesced) }

    /// Whether `time` can be one of those. What it took in may lie before its own time, if the clock was set back.
    public func canStandFor(_ time: Instant) -> Bool { time == scheduledFor || (coalesced > 0 && !isSummary) }

    /// What has become of the due time `time`, for which the store names it.
    public func account(of time: Instant) -> LedgerEntry.Account {
        guard canStandFor(time) else { return .lost }
        guard time == scheduledFor else { return .coalesced }
        switch state {
        case .scheduled, .blocked, .pending: return .waiting
        case .inProgress: return .running
        case .success, .failed: return .ran
        case .cancelled: return .cancelled
        case .skipped: return .skipped
        }
    }
}

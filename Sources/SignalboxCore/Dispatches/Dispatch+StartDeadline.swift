/// `start_by`: an occurrence that is worth nothing when it begins too late.
extension Dispatch {
    /// The last instant at which it may be started for the first time. One that stands for several occurrences counts
    /// from the newest. Nil when it may start at any time, has been started already, or is no occurrence.
    public func startDeadline(_ startBy: Duration?) -> Instant? {
        guard let startBy, attempt == 0, let due = lastScheduledFor ?? scheduledFor else { return nil }
        return due + startBy
    }

    /// Whether a start at `now` would be too late.
    public func isTooLate(startBy: Duration?, at now: Instant) -> Bool {
        startDeadline(startBy).map { $0 < now } ?? false
    }
}

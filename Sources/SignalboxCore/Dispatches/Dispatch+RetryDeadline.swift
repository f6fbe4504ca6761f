/// `retry_for`: attempts that end a while after the first began, however the wall clock is set meanwhile.
extension Dispatch {
    /// Whether another attempt may begin at the steady time `steady`. The first may always.
    public func mayBeRetried(at steady: Instant) -> Bool {
        guard attempt > 0, let retryDeadline else { return true }
        return steady <= retryDeadline
    }

    /// The same, about to be started for the first time at the steady time `steady`; one that was started before is left
    /// as it is.
    public func retryable(for limit: Duration, from steady: Instant) -> Dispatch {
        guard attempt == 0 else { return self }
        var next = self
        next.retryDeadline = steady + limit
        return next
    }
}

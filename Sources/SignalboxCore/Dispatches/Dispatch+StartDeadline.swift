/// `start_by`: an occurrence that is worth nothing when it begins too late. It is measured in steady time, from where its
/// due time stood when it was made: however the wall clock is set, it has the same real time to begin in.
extension Dispatch {
    /// The last instant at which it may be started for the first time, as ``startDeadline`` counts; nil when it may start
    /// at any time, or has been started already.
    public var latestStart: Instant? { attempt == 0 ? startDeadline : nil }

    /// Whether a start would be too late.
    /// - Parameter steady: the present, in steady time.
    public func isTooLate(at steady: Instant) -> Bool { latestStart.map { $0 < steady } ?? false }

    /// The same, with another deadline: another occurrence is counted on it, or it is to be shown in wall time.
    public func startable(until deadline: Instant?) -> Dispatch {
        var moved = self
        moved.startDeadline = deadline
        return moved
    }
}

/// One time at which a schedule falls due.
public struct Occurrence: Hashable, Sendable {
    /// Why it falls due at just this instant.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        case regular
        /// Its local time does not exist that day: the clock was set forward over it. It is due at the end of the gap.
        case daylightGap = "dst_gap"
        /// Its local time exists twice that day: the clock is set back over it.
        case fold = "dst_fold"
    }

    public let due: Instant
    public let reason: Reason
    /// The nominal time as seconds since a local clock showed 1970-01-01 00:00:00: searching makes many, few are shown.
    private let localSeconds: Int64

    /// The local time that the schedule names; in a gap one that no clock shows.
    public var nominal: LocalTime { LocalTime(secondsSinceEpoch: localSeconds) }

    public init(due: Instant, nominal: LocalTime, reason: Reason) {
        self.init(due: due, localSeconds: nominal.secondsSinceEpoch, reason: reason)
    }

    init(due: Instant, localSeconds: Int64, reason: Reason) {
        self.due = due
        self.localSeconds = localSeconds
        self.reason = reason
    }
}

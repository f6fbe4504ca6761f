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
    /// The local time that the schedule names; in a gap one that no clock shows.
    public let nominal: LocalTime
    public let reason: Reason

    public init(due: Instant, nominal: LocalTime, reason: Reason) {
        self.due = due
        self.nominal = nominal
        self.reason = reason
    }
}

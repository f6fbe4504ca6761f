/// A point in wall time: the one type for "when" in every record, schedule and page.
///
/// It is UTC, in microseconds since 1970-01-01T00:00:00Z, and reaches some 292,000 years either way. Arithmetic
/// saturates at those ends and never traps, so that no stored or typed value can bring a process down.
public struct Instant: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z; negative before.
    public let microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// Whole seconds since 1970-01-01T00:00:00Z, clamped to what an instant can hold.
    public init(seconds: Int64) {
        self.init(microseconds: seconds.saturatingProduct(1_000_000))
    }

    public static let epoch = Instant(microseconds: 0)
    public static let distantPast = Instant(microseconds: .min)
    public static let distantFuture = Instant(microseconds: .max)

    /// Whole seconds since 1970, rounded down.
    public var wholeSeconds: Int64 { microseconds.flooredDivision(by: 1_000_000).quotient }

    public static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }

    /// Later by `duration`; less than a microsecond is dropped.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds.saturatingSum(duration.microseconds))
    }

    /// Earlier by `duration`; less than a microsecond is dropped.
    public static func - (instant: Instant, duration: Duration) -> Instant {
        Instant(microseconds: instant.microseconds.saturatingDifference(duration.microseconds))
    }

    /// The time from `right` to `left`; negative when `left` is earlier.
    public static func - (left: Instant, right: Instant) -> Duration { right.duration(to: left) }

    public static func += (instant: inout Instant, duration: Duration) { instant = instant + duration }
    public static func -= (instant: inout Instant, duration: Duration) { instant = instant - duration }

    /// The time from here to `other`; negative when `other` is earlier.
    public func duration(to other: Instant) -> Duration {
        .microseconds(other.microseconds.saturatingDifference(microseconds))
    }
}

extension Int64 {
    func saturatingSum(_ other: Int64) -> Int64 {
        let (value, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : value
    }

    func saturatingDifference(_ other: Int64) -> Int64 {
        let (value, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : value
    }

    func saturatingProduct(_ factor: Int64) -> Int64 {
        let (value, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? ((self < 0) == (factor < 0) ? .max : .min) : value
    }
}

/// A point on the boot clock: the one type for "when" wherever a step of the wall clock must not matter, as in
/// timeouts, delays and intervals.
///
/// It counts from the start of the machine and goes on while the machine sleeps (CLOCK_BOOTTIME). Two of them compare
/// only within one boot, so what is stored carries a ``BootID`` beside it. Arithmetic saturates and never traps.
public struct BootInstant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the machine started; 64 bits reach 292 years.
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static let distantPast = BootInstant(nanoseconds: .min)
    public static let distantFuture = BootInstant(nanoseconds: .max)

    public static func < (left: BootInstant, right: BootInstant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Later by `duration`; less than a nanosecond is dropped.
    public static func + (instant: BootInstant, duration: Duration) -> BootInstant {
        BootInstant(nanoseconds: instant.nanoseconds.saturatingSum(duration.nanoseconds))
    }

    /// Earlier by `duration`; less than a nanosecond is dropped.
    public static func - (instant: BootInstant, duration: Duration) -> BootInstant {
        BootInstant(nanoseconds: instant.nanoseconds.saturatingDifference(duration.nanoseconds))
    }

    /// The time from `right` to `left`; negative when `left` is earlier.
    public static func - (left: BootInstant, right: BootInstant) -> Duration { right.duration(to: left) }

    public static func += (instant: inout BootInstant, duration: Duration) { instant = instant + duration }
    public static func -= (instant: inout BootInstant, duration: Duration) { instant = instant - duration }

    /// The time from here to `other`; negative when `other` is earlier.
    public func duration(to other: BootInstant) -> Duration {
        .nanoseconds(other.nanoseconds.saturatingDifference(nanoseconds))
    }
}

extension Duration {
    /// Whole nanoseconds, less than one dropped, clamped to 64 bits.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds.saturatingProduct(1_000_000_000).saturatingSum(attoseconds / 1_000_000_000)
    }
}

/// An hour of UTC, which history is kept by: it has no gaps and no folds, whatever zones do.
public struct UTCHour: Hashable, Comparable, Sendable {
    /// Hours since 1970-01-01T00:00:00Z; negative before.
    private let number: Int64

    /// The hour that `instant` lies in.
    public init(of instant: Instant) { number = instant.wholeSeconds.flooredDivision(by: 3600).quotient }

    private init(number: Int64) { self.number = number }

    /// Its first instant.
    public var start: Instant { Instant(seconds: number * 3600) }

    /// So many hours later; earlier when negative.
    public func advanced(by hours: Int) -> UTCHour { UTCHour(number: number + Int64(hours)) }

    public static func < (left: UTCHour, right: UTCHour) -> Bool { left.number < right.number }
}

/// What a clock on the wall shows: a day and a time of day, to the second, in no particular zone.
public struct LocalTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let day: CalendarDay
    /// 0 to 23.
    public let hour: Int
    /// 0 to 59.
    public let minute: Int
    /// 0 to 59; leap seconds are not shown.
    public let second: Int

    /// Traps when there is no such time of day: a programmer's error, for typed text is checked where it is read.
    public init(day: CalendarDay, hour: Int, minute: Int, second: Int = 0) {
        precondition(
            (0...23).contains(hour) && (0...59).contains(minute) && (0...59).contains(second),
            "no such time of day: \(hour):\(minute):\(second)")
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The time that this clock shows so many seconds after it showed 1970-01-01 00:00:00.
    init(secondsSinceEpoch: Int64) {
        let (days, rest) = secondsSinceEpoch.flooredDivision(by: 86_400)
        let seconds = Int(rest)
        self.init(
            day: CalendarDay(daysSinceEpoch: Int(days)), hour: seconds / 3_600, minute: seconds / 60 % 60,
            second: seconds % 60)
    }

    /// Seconds since this clock showed 1970-01-01 00:00:00.
    var secondsSinceEpoch: Int64 { Int64(day.daysSinceEpoch) * 86_400 + Int64(hour * 3_600 + minute * 60 + second) }

    public static func < (left: LocalTime, right: LocalTime) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }

    /// "14:30:00"
    var clockText: String { "\(hour.padded(to: 2)):\(minute.padded(to: 2)):\(second.padded(to: 2))" }

    /// "2026-11-22 14:30:00"
    public var description: String { "\(day) \(clockText)" }
}

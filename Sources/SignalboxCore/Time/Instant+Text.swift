/// RFC 3339, the form in which instants stand in dumps, JSON and messages.
extension Instant: CustomStringConvertible {
    /// "2026-11-22T04:23:44.000000Z": UTC, always six digits of the second. Years past 9999 or before 0 carry a sign.
    public var description: String {
        let (seconds, fraction) = microseconds.flooredDivision(by: 1_000_000)
        let local = LocalTime(secondsSinceEpoch: seconds)
        return "\(local.day)T\(local.clockText).\(fraction.padded(to: 6))Z"
    }

    /// Reads RFC 3339: a date, `T` or a space, a time with 0 to 9 digits of the second (beyond six they are dropped),
    /// and `Z` or an offset such as `+02:00`.
    /// - Throws: `TimeTextError` with the part that is wrong.
    public init(text: String) throws(TimeTextError) {
        var scanner = TextScanner(text.trimmed)
        let parts = try DateTimeParts(&scanner, of: text)
        guard let offset = try scanner.takeOffset(of: text) else {
            throw TimeTextError(
                .malformed,
                "no time zone in \"\(text)\": expected Z or an offset, as in 2026-11-22T14:30:00Z or …+01:00")
        }
        guard scanner.isAtEnd else { throw .notATime(text) }
        self = parts.instant(offset: offset)
    }
}

/// A date and a time of day as written, before it is known in which zone.
struct DateTimeParts {
    var local: LocalTime
    var microsecond: Int64

    /// Reads "2026-11-22T14:30[:00[.123456789]]" (`T`, `t` or blanks between) and stops behind it.
    init(_ scanner: inout TextScanner, of text: String) throws(TimeTextError) {
        let day = try scanner.takeDay(of: text)
        let blanks = scanner.takeWhile { $0 == UInt8(ascii: " ") }
        guard !blanks.isEmpty || scanner.take("T") || scanner.take("t") else { throw .notATime(text) }
        let clock = try scanner.takeClock(of: text)
        local = LocalTime(day: day, hour: clock.hour, minute: clock.minute, second: clock.second)
        microsecond = clock.microsecond
    }

    /// The instant, when local time is `offset` seconds ahead of UTC.
    func instant(offset: Int64) -> Instant {
        let exact = Int128(local.secondsSinceEpoch - offset) * 1_000_000 + Int128(microsecond)
        return Instant(microseconds: Int64(clamping: exact))
    }
}

extension TimeTextError {
    static func notATime(_ text: String) -> TimeTextError {
        TimeTextError(.malformed, "\"\(text)\" is not a time: expected the form 2026-11-22T14:30:00Z")
    }
}

extension TextScanner {
    /// "2026-11-22", or a year of 4 to 6 digits with a sign.
    fileprivate mutating func takeDay(of text: String) throws(TimeTextError) -> CalendarDay {
        let negative = take("-")
        let signed = negative || take("+")
        guard let year = takeNumber(width: signed ? 4...6 : 4...4), take("-"),
            let month = takeNumber(width: 2...2), take("-"), let day = takeNumber(width: 2...2)
        else { throw .notATime(text) }
        guard let result = CalendarDay(year: negative ? -year : year, month: month, day: day) else {
            throw TimeTextError(
                .outOfRange, "there is no day \(year)-\(month.padded(to: 2))-\(day.padded(to: 2)) (in \"\(text)\")")
        }
        return result
    }

    /// "14:30", "14:30:05" or "14:30:05.25".
    mutating func takeClock(
        of text: String
    ) throws(TimeTextError) -> (hour: Int, minute: Int, second: Int, microsecond: Int64) {
        guard let hour = takeNumber(width: 1...2), take(":"), let minute = takeNumber(width: 2...2) else {
            throw .notATime(text)
        }
        var second = 0
        var microsecond: Int64 = 0
        if take(":") {
            guard let value = takeNumber(width: 2...2) else { throw .notATime(text) }
            second = value
            if take(".") { microsecond = try takeFraction(of: text) }
        }
        guard hour < 24, minute < 60, second < 60 else {
            throw TimeTextError(.outOfRange, "no such time of day in \"\(text)\": the last one is 23:59:59")
        }
        return (hour, minute, second, microsecond)
    }

    private mutating func takeFraction(of text: String) throws(TimeTextError) -> Int64 {
        let digits = takeWhile { $0.isDigit }
        guard (1...9).contains(digits.count) else { throw .notATime(text) }
        return digits.prefix(6).reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
            * [0, 100_000, 10_000, 1_000, 100, 10, 1][min(digits.count, 6)]
    }

    /// "Z" or "+02:00" as seconds ahead of UTC; nil when neither comes next.
    mutating func takeOffset(of text: String) throws(TimeTextError) -> Int64? {
        if take("Z") || take("z") { return 0 }
        let ahead = take("+")
        guard ahead || take("-") else { return nil }
        guard let hours = takeNumber(width: 2...2), take(":"), let minutes = takeNumber(width: 2...2) else {
            throw .notATime(text)
        }
        guard hours < 24, minutes < 60 else {
            throw TimeTextError(.outOfRange, "no such offset in \"\(text)\": it goes up to 23:59")
        }
        let seconds = Int64(hours * 3600 + minutes * 60)
        return ahead ? seconds : -seconds
    }
}

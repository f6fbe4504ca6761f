// OnCalendar= expressions (systemd.time(7), "Calendar events"), as sets of values. All parts must match.

import SignalboxCore

/// What an OnCalendar= names.
struct CalendarEvent: Hashable {
    /// Bit 0 is Sunday.
    var weekdays: UInt64 = 0b111_1111
    /// Nil: every year.
    var years: [YearRange]?
    var months: UInt64 = 0b1_1111_1111_1110
    /// Days from the first; with `daysFromEnd` empty, and all 31 set, every day.
    var days: UInt64 = Self.allDays
    /// Bit 0 is the last day of the month; set only where the day is written behind `~`.
    var daysFromEnd: UInt64 = 0
    var hours: UInt64 = 1
    var minutes: UInt64 = 1
    var seconds: UInt64 = 1
    /// The IANA name; nil: the machine's zone.
    var zone: String?

    static let allDays: UInt64 = 0xFFFF_FFFE

    /// - Throws: `CalendarError` with what is wrong, in words.
    init(_ text: String) throws(CalendarError) {
        var words = text.split(separator: " ").map(String.init)
        guard !words.isEmpty else { throw CalendarError("it is empty; expected as in Mon..Fri 04:30") }
        if words.count > 1, let last = words.last, last.first?.isLetter == true {
            zone = last
            words.removeLast()
        }
        if words.count == 1, let fields = Self.shorthands[words[0].lowercased()] {
            let zone = self.zone
            self = try CalendarEvent(fields)
            self.zone = zone
            return
        }
        if let first = words.first, first.first?.isLetter == true { weekdays = try Self.weekdays(words.removeFirst()) }
        if let first = words.first, !first.contains(":") { try readDate(words.removeFirst()) }
        if let first = words.first {
            try readTime(first)
            words.removeFirst()
        }
        guard words.isEmpty else { throw CalendarError("\(quoted(words[0])) is one part too many") }
    }

    private static let shorthands: [String: String] = [
        "minutely": "*:*", "hourly": "*:0", "daily": "*-*-*", "weekly": "Mon", "monthly": "*-*-1",
        "quarterly": "*-1,4,7,10-1", "semiannually": "*-1,7-1", "semi-annually": "*-1,7-1", "biannually": "*-1,7-1",
        "bi-annually": "*-1,7-1", "yearly": "*-1-1", "annually": "*-1-1", "anually": "*-1-1",
    ]
}

/// Years of an expression: from one to another, every so many.
struct YearRange: Hashable {
    let first: Int
    /// Nil: for ever.
    let last: Int?
    let step: Int
}

/// Why an expression cannot be read, or not be said as a schedule of ours.
struct CalendarError: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

// MARK: - Parts

extension CalendarEvent {
    private static let dayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
    /// As systemd counts them: Monday first.
    private static func weekday(_ text: Substring) throws(CalendarError) -> Int {
        let lower = text.lowercased()
        guard let index = dayNames.firstIndex(where: { $0 == lower || $0.prefix(3) == lower }) else {
            throw CalendarError("\(quoted(text)) is no weekday; expected as in Mon, Sat,Sun or Mon..Fri")
        }
        return (index + 6) % 7
    }

    private static func weekdays(_ text: String) throws(CalendarError) -> UInt64 {
        var mask: UInt64 = 0
        for item in text.split(separator: ",") {
            let dots = item.replacing("..", with: "-").split(separator: "-", omittingEmptySubsequences: false)
            guard let start = dots.first, let end = dots.last, dots.count <= 2 else {
                throw CalendarError("\(quoted(item)) is no weekday")
            }
            let (first, last) = (try weekday(start), try weekday(end))
            guard first <= last else {
                throw CalendarError("\(quoted(item)) goes backwards; a week of systemd begins on Monday")
            }
            for day in first...last { mask |= 1 << UInt64((day + 1) % 7) }
        }
        return mask
    }

    /// "2026-11-22", "*-*~3" or "11-22".
    private mutating func readDate(_ text: String) throws(CalendarError) {
        if text.hasPrefix("@") { throw CalendarError("a count of seconds since 1970 is one moment, not a calendar") }
        let parts = text.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var fields = parts[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2 { fields.append(parts[1]) }
        guard (2...3).contains(fields.count) else {
            throw CalendarError("\(quoted(text)) is no date; expected YEAR-MONTH-DAY or MONTH-DAY, as in *-*-1")
        }
        if fields.count == 3 { years = try Self.years(fields.removeFirst()) }
        months = try Self.mask(fields[0], in: 1...12, "month")
        guard parts.count == 2 else {
            days = try Self.mask(fields[1], in: 1...31, "day")
            return
        }
        guard fields[1] != "*" else { return }
        days = 0
        for item in fields[1].split(separator: ",", omittingEmptySubsequences: false) {
            daysFromEnd |= try Self.daysFromEnd(item)
        }
    }

    /// "04", "04:30" or "04:30:15".
    private mutating func readTime(_ text: String) throws(CalendarError) {
        let fields = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(fields.count) else {
            throw CalendarError("\(quoted(text)) is no time; expected HOUR:MINUTE or HOUR:MINUTE:SECOND")
        }
        hours = try Self.mask(fields[0], in: 0...23, "hour")
        minutes = try Self.mask(fields[1], in: 0...59, "minute")
        if fields.count == 3 {
            if fields[2].contains(where: { $0 == "." }), fields[2].replacing("..", with: "").contains(".") {
                throw CalendarError("\(quoted(fields[2])) has fractions of a second; schedules here know whole ones")
            }
            seconds = try Self.mask(fields[2], in: 0...59, "second")
        }
    }
}

// MARK: - Values of a part

extension CalendarEvent {
    /// "*", or a list of "a", "a..b", "a/n" and "a..b/n".
    private static func mask(
        _ text: String, in range: ClosedRange<Int>, _ name: String
    ) throws(CalendarError) -> UInt64 {
        var mask: UInt64 = 0
        if text == "*" {
            for value in range { mask |= 1 << UInt64(value) }
            return mask
        }
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = try CalendarRange(item, name)
            guard range.contains(part.first), range.contains(part.last ?? part.first) else {
                throw CalendarError(
                    "\(quoted(item)) is out of range for the \(name): \(range.lowerBound) to \(range.upperBound)")
            }
            for value in part.values(through: range.upperBound) { mask |= 1 << UInt64(value) }
        }
        return mask
    }

    private static func years(_ text: String) throws(CalendarError) -> [YearRange]? {
        guard text != "*" else { return nil }
        var years: [YearRange] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let part = try CalendarRange(item, "year")
            guard (1970...2199).contains(part.first) else {
                throw CalendarError("\(quoted(item)) is out of range for the year: 1970 to 2199")
            }
            years.append(
                YearRange(
                    first: part.first, last: part.step == nil ? part.last ?? part.first : part.last,
                    step: part.step ?? 1))
        }
        return years
    }

    /// "3" is the third last day; "7/1" are the last seven; "1..3" the last three.
    private static func daysFromEnd(_ item: Substring) throws(CalendarError) -> UInt64 {
        let part = try CalendarRange(item, "day")
        guard (1...31).contains(part.first), (1...31).contains(part.last ?? part.first) else {
            throw CalendarError("\(quoted(item)) is out of range for the day from the end of the month: 1 to 31")
        }
        // Time goes from the larger number to the smaller.
        let from = part.last ?? part.first
        let to = part.last == nil ? (part.step == nil ? from : 1) : part.first
        return stride(from: from, through: to, by: -(part.step ?? 1)).reduce(0) { $0 | 1 << UInt64($1 - 1) }
    }
}

/// "a", "a..b", "a/n" or "a..b/n".
private struct CalendarRange {
    let first: Int
    let last: Int?
    let step: Int?

    init(_ text: Substring, _ name: String) throws(CalendarError) {
        let unreadable = CalendarError(
            "cannot read \(quoted(text)) as \(name): expected *, a number, a range a..b, or a step a/n or a..b/n")
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        step = halves.count == 2 ? Self.number(halves[1]) : nil
        if halves.count == 2, (step ?? 0) < 1 { throw unreadable }
        guard let dots = halves[0].firstRange(of: "..") else {
            guard let number = Self.number(halves[0]) else { throw unreadable }
            (first, last) = (number, nil)
            return
        }
        guard let start = Self.number(halves[0][..<dots.lowerBound]),
            let end = Self.number(halves[0][dots.upperBound...]),
            start <= end
        else { throw unreadable }
        (first, last) = (start, end)
    }

    /// From the first to the last, or, of an open step, to `limit`.
    func values(through limit: Int) -> StrideThrough<Int> {
        stride(from: first, through: last ?? (step == nil ? first : limit), by: step ?? 1)
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.count <= 9, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(text)
    }
}

/// The POSIX TZ rule in a zone file's footer, "CET-1CEST,M3.5.0,M10.5.0/3": standard time, and between two dates of
/// every year daylight time. RFC 8536 lets its hours go from -167 to 167.
struct ZoneRule: Sendable {
    private let standard: ZoneOffset
    private let daylight: (offset: ZoneOffset, start: RuleDate, end: RuleDate)?

    /// - Throws: `ZoneError` when `text` is not of this form.
    init(_ text: [UInt8], name: String) throws(ZoneError) {
        var scanner = TextScanner(bytes: text)
        let error = ZoneError(
            .rule,
            "the rule \(quoted(String(decoding: text, as: UTF8.self))) of the zone \(quoted(name)) cannot be read")
        guard let abbreviation = scanner.takeAbbreviation(), let offset = scanner.takeHours(limit: 24) else {
            throw error
        }
        standard = ZoneOffset(seconds: -offset, isDaylight: false, abbreviation: abbreviation)
        if scanner.isAtEnd {
            daylight = nil
            return
        }
        guard let summer = scanner.takeAbbreviation() else { throw error }
        let ahead = scanner.peek == UInt8(ascii: ",") ? offset - 3_600 : scanner.takeHours(limit: 24)
        guard let ahead, scanner.take(","), let start = RuleDate(&scanner), scanner.take(","),
            let end = RuleDate(&scanner), scanner.isAtEnd
        else { throw error }
        daylight = (ZoneOffset(seconds: -ahead, isDaylight: true, abbreviation: summer), start, end)
    }

    /// Standard time, and daylight time where there is one.
    var kinds: [ZoneOffset] { daylight.map { [standard, $0.offset] } ?? [standard] }

    /// A change to one of the ``kinds``.
    struct Change {
        let at: Int64
        let kind: Int
    }

    /// The changes of `years`, in order of time; some of the years beside them too.
    func changes(in years: ClosedRange<Int>) -> [Change] {
        guard let daylight else { return [] }
        var found: [Change] = []
        for year in (years.lowerBound - 1)...(years.upperBound + 1) {
            found.append(Change(at: daylight.start.seconds(in: year) - Int64(standard.seconds), kind: 1))
            found.append(
                Change(at: daylight.end.seconds(in: year) - Int64(daylight.offset.seconds), kind: 0))
        }
        found.sort { $0.at < $1.at }
        // Daylight time all year is written as an end that meets the next start: no change at all. The outermost two
        // have a neighbour that was not looked at, and are far away.
        return found.indices.dropFirst().dropLast()
            .filter { found[$0 - 1].at != found[$0].at && found[$0].at != found[$0 + 1].at }
            .map { found[$0] }
    }

    /// Not so for a rule without daylight time, or with nothing else all year.
    var changesClocks: Bool { !changes(in: 1970...1971).isEmpty }

    /// The kind that holds all year where nothing ever changes; else standard time.
    var permanentKind: Int { daylight == nil || changesClocks ? 0 : 1 }
}

/// One of the two dates of a rule, with the local time of the change.
private struct RuleDate: Sendable {
    private enum Day: Sendable {
        /// 1 to 365; 29 February is never counted.
        case ofCommonYear(Int)
        /// 0 to 365; 29 February is counted.
        case ofYear(Int)
        /// The n-th weekday of a month; 5 is the last.
        case ofMonth(month: Int, week: Int, weekday: Int)
    }

    private let day: Day
    /// Seconds after local midnight; also negative, also beyond a day.
    private let time: Int

    /// Nil when the text is no such date.
    init?(_ scanner: inout TextScanner) {
        if scanner.take("J") {
            guard let day = scanner.takeNumber(width: 1...3), (1...365).contains(day) else { return nil }
            self.day = .ofCommonYear(day)
        } else if scanner.take("M") {
            guard let month = scanner.takeNumber(width: 1...2), (1...12).contains(month), scanner.take("."),
                let week = scanner.takeNumber(width: 1...1), (1...5).contains(week), scanner.take("."),
                let weekday = scanner.takeNumber(width: 1...1), (0...6).contains(weekday)
            else { return nil }
            day = .ofMonth(month: month, week: week, weekday: weekday)
        } else {
            guard let day = scanner.takeNumber(width: 1...3), (0...365).contains(day) else { return nil }
            self.day = .ofYear(day)
        }
        guard scanner.take("/") else {
            time = 7_200
            return
        }
        guard let time = scanner.takeHours(limit: 167) else { return nil }
        self.time = time
    }

    /// Seconds from 1970-01-01 00:00:00 to this date of `year`, by the clock that is valid before the change.
    func seconds(in year: Int) -> Int64 {
        Int64(daysSinceEpoch(in: year)) * 86_400 + Int64(time)
    }

    private func daysSinceEpoch(in year: Int) -> Int {
        switch day {
        case .ofCommonYear(let number):
            let leapDay = CalendarDay.isLeap(year: year) && number >= 60 ? 1 : 0
            return Self.days(year, 1) + number - 1 + leapDay
        case .ofYear(let number): return Self.days(year, 1) + number
        case .ofMonth(let month, let week, let weekday):
            let first = Self.days(year, month)
            let firstWeekday = CalendarDay(daysSinceEpoch: first).weekday
            let day = (weekday - firstWeekday + 7) % 7 + 7 * (week - 1)
            return first + (day < CalendarDay.length(ofMonth: month, year: year) ? day : day - 7)
        }
    }

    /// Days from 1970-01-01 to the first of a month.
    private static func days(_ year: Int, _ month: Int) -> Int {
        CalendarDay(firstOf: month, year: year).daysSinceEpoch
    }
}

extension TextScanner {
    /// Three or more letters, or anything between `<` and `>`.
    fileprivate mutating func takeAbbreviation() -> String? {
        let bytes: [UInt8]
        if take("<") {
            bytes = takeWhile { $0 != UInt8(ascii: ">") }
            guard take(">") else { return nil }
        } else {
            bytes = takeWhile { $0.isLetter }
        }
        return bytes.count >= 3 ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// "[+-]h[:mm[:ss]]" in seconds.
    fileprivate mutating func takeHours(limit: Int) -> Int? {
        let negative = take("-")
        if !negative { _ = take("+") }
        guard let hours = takeNumber(width: 1...3), hours <= limit else { return nil }
        var seconds = hours * 3_600
        if take(":") {
            guard let minutes = takeNumber(width: 2...2), minutes < 60 else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let rest = takeNumber(width: 2...2), rest < 60 else { return nil }
                seconds += rest
            }
        }
        return negative ? -seconds : seconds
    }
}

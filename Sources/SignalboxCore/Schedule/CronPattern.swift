/// What a cron expression matches, as bits and nothing else: a search is a few operations on words. It is shared, so
/// that a schedule is passed on without copying it.
final class CronPattern: Sendable {
    /// Bit v of each: the value v matches.
    let seconds: UInt64
    let minutes: UInt64
    let hours: UInt64
    let months: UInt64
    let daysOfMonth: CronValues
    let daysOfWeek: CronValues
    /// Both fields for days restrict, and a day matches if either does.
    let eitherDay: Bool
    /// Every day of every month matches.
    private let everyDay: Bool

    /// - Parameter values: of second, minute, hour, day of month, month and day of week.
    init(_ values: [CronValues], dayRule: DayRule) {
        (seconds, minutes, hours, months) = (
            values[0].mask, values[1].mask, values[2].mask, values[4].mask
        )
        (daysOfMonth, daysOfWeek) = (values[3], values[5])
        eitherDay = dayRule == .either && !daysOfMonth.beginsWithStar && !daysOfWeek.beginsWithStar
        everyDay = values[3].mask == 0xFFFF_FFFE && values[4].mask == 0x1FFE && values[5].mask == 0x7F
    }
}

// MARK: - Days, counted from 1970-01-01

extension CronPattern {
    /// The first matching day in `range`; nil when there is none.
    func firstDay(in range: Range<Int>) -> Int? {
        if everyDay { return range.isEmpty ? nil : range.lowerBound }
        var month = CalendarMonth(of: range.lowerBound)
        while month.first < range.upperBound {
            let found = days(of: month, in: range)
            if found != 0 { return month.first + found.trailingZeroBitCount - 1 }
            month.advance(in: months)
        }
        return nil
    }

    /// The last matching day in `range`; nil when there is none.
    func lastDay(in range: Range<Int>) -> Int? {
        if everyDay { return range.last }
        var month = CalendarMonth(of: range.upperBound - 1)
        while month.first + month.length > range.lowerBound {
            let found = days(of: month, in: range)
            if found != 0 { return month.first + 62 - found.leadingZeroBitCount }
            month.retreat()
        }
        return nil
    }

    /// The days of 400 years: whole weeks, so that then everything comes again.
    static let cycle = 146_097

    /// How many days in `range` match, month by month, and no cycle more than once.
    func countDays(in range: Range<Int>) -> Int {
        if everyDay { return range.count }
        let (cycles, rest) = range.count.quotientAndRemainder(dividingBy: Self.cycle)
        let perCycle = cycles > 0 ? countByMonths(range.lowerBound..<(range.lowerBound + Self.cycle)) : 0
        return cycles * perCycle + countByMonths((range.upperBound - rest)..<range.upperBound)
    }

    private func countByMonths(_ range: Range<Int>) -> Int {
        var month = CalendarMonth(of: range.lowerBound)
        var total = 0
        while month.first < range.upperBound {
            total += days(of: month, in: range).nonzeroBitCount
            month.advance(in: months)
        }
        return total
    }

    /// No eight years in a row pass without a match, whatever the year: then a search never runs longer than that.
    var comesOften: Bool {
        // A Gregorian cycle has 400 years of only 14 kinds: by the weekday of 1 January, and leap or not.
        let kinds = (0..<14).map { comes(inLeapYear: $0 >= 7, firstWeekday: $0 % 7) }
        if kinds.allSatisfy({ $0 }) { return true }
        var missing = 0
        var weekday = 6  // 1 January 2000 was a Saturday.
        for year in 2000..<2408 {
            let leap = CalendarDay.isLeap(year: year)
            missing = kinds[weekday + (leap ? 7 : 0)] ? 0 : missing + 1
            if missing >= Self.searchYears { return false }
            weekday = (weekday + (leap ? 366 : 365)) % 7
        }
        return true
    }

    /// How many years a search for the next or last time looks through.
    static let searchYears = 8

    private func comes(inLeapYear leap: Bool, firstWeekday: Int) -> Bool {
        var weekday = firstWeekday
        for month in 1...12 {
            let length = CalendarDay.length(ofMonth: month, year: leap ? 2000 : 2001)
            if months.hasBit(month), days(length: length, firstWeekday: weekday) != 0 { return true }
            weekday = (weekday + length) % 7
        }
        return false
    }

    /// Bit d: day d of `month` matches and lies in `range`.
    private func days(of month: CalendarMonth, in range: Range<Int>) -> UInt64 {
        guard months.hasBit(month.number) else { return 0 }
        var found = days(length: month.length, firstWeekday: month.firstWeekday)
        if range.lowerBound > month.first {
            found &= .max << UInt64(range.lowerBound - month.first + 1)
        }
        if range.upperBound < month.first + month.length {
            found &= 1 << UInt64(range.upperBound - month.first + 1) - 1
        }
        return found
    }

    /// Bit d: day d of a month that matches matches too.
    private func days(length: Int, firstWeekday: Int) -> UInt64 {
        let byDate = daysOfMonth.mask | daysFromEnd(length)
        let byWeekday = daysByWeekday(length, firstWeekday)
        let all: UInt64 = 1 << UInt64(length + 1) - 2
        return all & (eitherDay ? byDate | byWeekday : byDate & byWeekday)
    }

    private func daysFromEnd(_ length: Int) -> UInt64 {
        var (rest, found) = (daysOfMonth.daysFromEnd, UInt64(0))
        while rest != 0 {
            found |= 1 << UInt64(max(0, length - rest.trailingZeroBitCount))
            rest &= rest - 1
        }
        return found
    }

    private func daysByWeekday(_ length: Int, _ firstWeekday: Int) -> UInt64 {
        // One bit for each of the five weeks that begin on the 1st, the 8th and so on.
        let weeks: UInt64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28
        let week = { (weekdays: UInt64) in
            ((weekdays >> UInt64(firstWeekday)) | (weekdays << UInt64(7 - firstWeekday))) & 0x7F
        }
        var found = week(daysOfWeek.mask) &* weeks
        if daysOfWeek.lastWeekdays != 0 {
            found |= week(UInt64(daysOfWeek.lastWeekdays)) &* weeks & (.max << UInt64(length - 7))
        }
        if daysOfWeek.nthWeekdays != 0 {
            for shift in stride(from: UInt64(0), to: 35, by: 7) {
                found |= week(daysOfWeek.nthWeekdays >> shift & 0x7F) << shift
            }
        }
        return found << 1
    }
}

/// A month on the line of days since 1970-01-01.
private struct CalendarMonth {
    private var year: Int
    /// 1 to 12.
    private(set) var number: Int
    /// Its first day.
    private(set) var first: Int
    private(set) var length: Int

    init(of day: Int) {
        let date = CalendarDay(daysSinceEpoch: day)
        (year, number, first) = (date.year, date.month, day - date.day + 1)
        length = CalendarDay.length(ofMonth: number, year: year)
    }

    /// 0 is Sunday.
    var firstWeekday: Int { (first + 4).flooredDivision(by: 7).remainder }

    /// To the next of `months`, bit m for month m, of which there is one.
    mutating func advance(in months: UInt64) {
        let next = months.bit(atOrAfter: number + 1)
        if next == number + 1 {
            first += length
            number += 1
        } else {
            (year, number) = (next == nil ? year + 1 : year, next ?? months.trailingZeroBitCount)
            first = CalendarDay(firstOf: number, year: year).daysSinceEpoch
        }
        length = CalendarDay.length(ofMonth: number, year: year)
    }

    mutating func retreat() {
        (year, number) = number == 1 ? (year - 1, 12) : (year, number - 1)
        length = CalendarDay.length(ofMonth: number, year: year)
        first -= length
    }
}

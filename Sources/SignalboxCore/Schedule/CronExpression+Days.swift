/// Which days an expression matches.
extension CronExpression {
    /// Whether `day` matches month, day of month and day of week.
    func matches(_ day: CalendarDay) -> Bool {
        matches(
            month: day.month, day: day.day, length: CalendarDay.length(ofMonth: day.month, year: day.year),
            weekday: day.weekday)
    }

    private func matches(month: Int, day: Int, length: Int, weekday: Int) -> Bool {
        guard months & (1 << UInt64(month)) != 0 else { return false }
        let byDate =
            daysOfMonth.mask & (1 << UInt64(day)) != 0 || daysOfMonth.daysFromEnd & (1 << UInt32(length - day)) != 0
        let byWeekday =
            daysOfWeek.mask & (1 << UInt64(weekday)) != 0
            || (daysOfWeek.lastWeekdays & (1 << UInt8(weekday)) != 0 && day + 7 > length)
            || daysOfWeek.nthWeekdays & (1 << UInt64(7 * ((day - 1) / 7) + weekday)) != 0
        return restrictsBothDays && dayRule == .either ? byDate || byWeekday : byDate && byWeekday
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
            for day in 1...length {
                if matches(month: month, day: day, length: length, weekday: weekday) { return true }
                weekday = weekday == 6 ? 0 : weekday + 1
            }
        }
        return false
    }
}

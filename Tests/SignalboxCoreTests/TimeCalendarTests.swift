import Testing

@testable import SignalboxCore

@Suite struct `A calendar day` {
    @Test func `counts on without a gap through 800 years`() {
        var expected = (year: 1800, month: 1, day: 1)
        let first = CalendarDay(year: 1800, month: 1, day: 1)!.daysSinceEpoch
        for days in first..<(first + 2 * 146_097) {
            let day = CalendarDay(daysSinceEpoch: days)
            guard (day.year, day.month, day.day) == expected, day.daysSinceEpoch == days else {
                Issue.record("day \(days) is \(day), expected \(expected)")
                return
            }
            expected.day += 1
            if expected.day > CalendarDay.length(ofMonth: expected.month, year: expected.year) {
                expected = expected.month == 12 ? (expected.year + 1, 1, 1) : (expected.year, expected.month + 1, 1)
            }
        }
        #expect(expected == (2600, 1, 1))
    }

    @Test func `knows its weekday`() {
        #expect(CalendarDay(year: 1970, month: 1, day: 1)?.weekday == 4)
        #expect(CalendarDay(year: 2026, month: 11, day: 22)?.weekday == 0)
        #expect(CalendarDay(year: 1899, month: 12, day: 31)?.weekday == 0)
    }

    @Test func `does not exist past the end of its month`() {
        #expect(CalendarDay(year: 1900, month: 2, day: 29) == nil)
        #expect(CalendarDay(year: 2000, month: 2, day: 29) != nil)
        #expect(CalendarDay(year: 2026, month: 4, day: 31) == nil)
        #expect(CalendarDay(year: 2026, month: 13, day: 1) == nil)
        #expect(CalendarDay(year: 2026, month: 0, day: 1) == nil)
    }
}

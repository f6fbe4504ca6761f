import Testing

@testable import SignalboxCore

@Suite struct `A cron expression` {
    /// The next times after 2026-01-01 00:00 UTC, a Thursday, as "MM-dd HH:mm", with the second where it is not 0.
    private func times(_ text: String, _ count: Int, days: DayRule = .either) throws -> [String] {
        let schedule = Schedule.cron(try CronExpression.parse(text, days: days), .cron)
        var time = try instant("2026-01-01T00:00:00Z")
        var found: [String] = []
        for _ in 0..<count {
            let next = try #require(schedule.next(after: time, in: .utc, anchor: .epoch))
            time = next.due
            let text = next.nominal.description.dropFirst(5)
            found.append(String(next.nominal.second == 0 ? text.dropLast(3) : text))
        }
        return found
    }

    @Test(arguments: [
        ("0 4 * * *", ["01-01 04:00", "01-02 04:00"]), ("*/25 * * * *", ["01-01 00:25", "01-01 00:50", "01-01 01:00"]),
        ("5,10-12 0 * * *", ["01-01 00:05", "01-01 00:10", "01-01 00:11", "01-01 00:12", "01-02 00:05"]),
        ("0 0 1 jan,MAR *", ["03-01 00:00", "01-01 00:00"]), ("0 0 * * Tue", ["01-06 00:00", "01-13 00:00"]),
        ("0 0 * * 0", ["01-04 00:00"]), ("0 0 * * 7", ["01-04 00:00"]), ("0 0 * * sunday", ["01-04 00:00"]),
        ("0 0 * february *", ["02-01 00:00"]),
        ("10/20 0 * * *", ["01-01 00:10", "01-01 00:30", "01-01 00:50", "01-02 00:10"]),
        ("0-10/5 0 * * *", ["01-01 00:05", "01-01 00:10", "01-02 00:00"]),
        ("30 59 23 * * *", ["01-01 23:59:30", "01-02 23:59:30"]),
        ("*/20 0 0 2 1 *", ["01-02 00:00", "01-02 00:00:20"]),
    ])
    func `matches by its fields`(text: String, expected: [String]) throws {
        #expect(try times(text, expected.count) == expected)
    }

    @Test(arguments: [
        ("0 0 * * fri-mon", ["01-02 00:00", "01-03 00:00", "01-04 00:00", "01-05 00:00", "01-09 00:00"]),
        ("0 22-3/2 * * *", ["01-01 02:00", "01-01 22:00", "01-02 00:00", "01-02 02:00"]),
        ("0 0 30-2 * *", ["01-02 00:00", "01-30 00:00", "01-31 00:00", "02-01 00:00", "02-02 00:00"]),
        ("0 0 1 nov-jan *", ["11-01 00:00", "12-01 00:00", "01-01 00:00", "11-01 00:00"]),
        ("0 0 * * 5-7", ["01-02 00:00", "01-03 00:00", "01-04 00:00", "01-09 00:00"]),
        ("0 0 * * 7-1", ["01-04 00:00", "01-05 00:00", "01-11 00:00"]),
        ("0 0 * * 0-7", ["01-02 00:00", "01-03 00:00"]),
        ("58-1 0 * * *", ["01-01 00:01", "01-01 00:58", "01-01 00:59", "01-02 00:00"]),
    ])
    func `has ranges that wrap`(text: String, expected: [String]) throws {
        #expect(try times(text, expected.count) == expected)
    }

    @Test(arguments: [
        ("0 0 L * *", ["01-31 00:00", "02-28 00:00", "03-31 00:00", "04-30 00:00"]),
        ("0 0 L-3 * *", ["01-28 00:00", "02-25 00:00"]),
        ("0 0 * * 5L", ["01-30 00:00", "02-27 00:00"]), ("0 0 * * friL", ["01-30 00:00"]),
        ("0 0 * * 7L", ["01-25 00:00"]),
        ("0 0 * * 2#1", ["01-06 00:00", "02-03 00:00"]), ("0 0 * * mon#5", ["03-30 00:00", "06-29 00:00"]),
        ("0 0 1,L * *", ["01-31 00:00", "02-01 00:00", "02-28 00:00"]), ("0 0 29 2 *", ["02-29 00:00"]),
    ])
    func `counts from the end of the month and by its weeks`(text: String, expected: [String]) throws {
        #expect(try times(text, expected.count) == expected)
    }

    @Test func `whose day fields both restrict matches a day if either does`() throws {
        // Thursday 1 January 2026; the 13th is a Tuesday, Fridays are the 2nd, 9th, 16th.
        #expect(try times("0 0 13 * fri", 4) == ["01-02 00:00", "01-09 00:00", "01-13 00:00", "01-16 00:00"])
        #expect(try CronExpression.parse("0 0 13 * fri").restrictsBothDays)
    }

    @Test func `with a day field that begins with a star needs both`() throws {
        // The even Fridays: */2 counts 1, 3, 5, so the odd days.
        #expect(try times("0 0 */2 * fri", 3) == ["01-09 00:00", "01-23 00:00", "02-13 00:00"])
        #expect(try times("0 0 13 * */2", 2) == ["01-13 00:00", "06-13 00:00"])
        #expect(!(try CronExpression.parse("0 0 */2 * fri").restrictsBothDays))
    }

    @Test func `with days=and needs both`() throws {
        #expect(try times("0 0 13 * fri", 3, days: .both) == ["02-13 00:00", "03-13 00:00", "11-13 00:00"])
    }

    @Test(arguments: [
        ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"), ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@hourly", "0 * * * *"), ("@Minutely", "* * * * *"),
    ])
    func `may be a word`(word: String, fields: String) throws {
        #expect(try times(word, 3) == times(fields, 3))
        #expect(try CronExpression.parse(word).fields == word.lowercased())
    }

    @Test func `is a wildcard when minute or hour begins with a star`() throws {
        for text in ["* 2 * * *", "0 * * * *", "*/5 2 * * *", "0 */2 * * *", "@hourly", "0 * 2 * * *"] {
            #expect(try CronExpression.parse(text).isWildcard, "\(text)")
        }
        for text in ["0 2 * * *", "0-59 0-23 * * *", "@daily", "* 0 2 * * *", "~ 2 * * *"] {
            #expect(try !CronExpression.parse(text).isWildcard, "\(text)")
        }
    }
}

@Suite struct `A tilde` {
    @Test func `draws one stable value from the seed`() throws {
        let first = try CronExpression.parse("~ ~ * * *", seed: "machine backup")
        #expect(try CronExpression.parse("~ ~ * * *", seed: "machine backup") == first)
        #expect(first.pattern.minutes.nonzeroBitCount == 1 && first.pattern.hours.nonzeroBitCount == 1)
        let drawn = try Set(
            (0..<100).map { try CronExpression.parse("~ 4 * * *", seed: "machine job\($0)").pattern.minutes })
        #expect(drawn.count > 20)
    }

    @Test func `stays inside its range`() throws {
        for number in 0..<200 {
            let expression = try CronExpression.parse("10~19 ~3 * * *", seed: "\(number)")
            #expect(expression.pattern.minutes & ~0xFFC00 == 0 && expression.pattern.hours & ~0xF == 0)
        }
    }

    @Test func `is kept by the text of the schedule, so that it is never drawn again`() throws {
        let drawn = try Schedule(text: "~ 4 * * *", seed: "machine backup")
        #expect(try Schedule(text: drawn.description, seed: "another machine") == drawn)
        #expect(try Schedule(text: "~ 4 * * *", seed: "another machine") != drawn)
    }
}

@Suite struct `A faulty cron expression` {
    @Test(arguments: [
        ("61 * * * *", "minute", 1, "0-59"), ("0 24 * * *", "hour", 3, "0-23"),
        ("0 0 0 * *", "day of month", 5, "1-31"),
        ("0 0 32 * *", "day of month", 5, "1-31"), ("0 0 1 13 *", "month", 7, "jan-dec"),
        ("0 0 * * 8", "day of week", 9, "Sunday"),
        ("0 0 * * 1,8", "day of week", 11, "0-7"), ("a * * * *", "minute", 1, "0-59"),
        ("*/0 * * * *", "minute", 3, "1 to 60"),
        ("*/90 * * * *", "minute", 3, "@every 90m"), ("1- * * * *", "minute", 3, "a-b"),
        ("1-2-3 * * * *", "minute", 1, "a-b"),
        ("0 5-25 * * *", "hour", 5, "0-23"), (", * * * *", "minute", 1, "lists"), ("*/ * * * *", "minute", 3, "/n"),
        ("0 0 L-31 * *", "day of month", 5, "L-3"), ("0 0 LW * *", "day of month", 5, "L-3"),
        ("0 0 * * L", "day of week", 9, "5L"),
        ("0 0 * * 2#6", "day of week", 9, "1 to 5"), ("0 0 * * #1", "day of week", 9, "0-7"),
        ("0 0 ~ * *", "day of month", 5, "1-31"),
        ("0 0 ? * *", "day of month", 5, "*"), ("5~1 * * * *", "minute", 1, "0-59"),
        ("60 0 0 * * *", "second", 1, "0-59"),
        ("-5 * * * *", "minute", 1, "0-59"), ("0 0 1  smarch *", "month", 8, "jan-dec"),
    ])
    func `is refused with its field, its place and what is allowed`(
        text: String, field: String, column: Int, allowed: String
    ) {
        let error = #expect(throws: ScheduleError.self) { try CronExpression.parse(text) }
        #expect(error?.field == field)
        #expect(error?.column == column)
        #expect(error?.message.contains(allowed) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["", "   ", "* * * *", "* * * * * * *", "0 4 * *"])
    func `with the wrong number of fields says what the fields are`(text: String) {
        let error = #expect(throws: ScheduleError.self) { try CronExpression.parse(text) }
        #expect(error?.code == .fieldCount)
        #expect(error?.message.contains("minute hour day-of-month month day-of-week") == true)
    }

    @Test(arguments: ["30 2 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 L-29 2 *", "0 0 30 feb mon days=and"])
    func `that never comes is refused`(text: String) {
        let error = #expect(throws: ScheduleError.self) { try Schedule(text: text) }
        #expect(error?.code == .neverComes)
    }

    @Test(arguments: ["0 0 29 2 */7", "0 0 29 2 mon days=and", "0 0 * 2 1#5"])
    func `that comes once in 28 years is refused`(text: String) {
        let error = #expect(throws: ScheduleError.self) { try Schedule(text: text) }
        #expect(error?.code == .neverComes)
    }

    @Test(arguments: ["0 0 29 2 *", "0 0 */31 2 *", "0 0 30 feb mon", "0 0 L-28 2 *"])
    func `is not one that comes at least every eight years`(text: String) throws {
        let schedule = try Schedule(text: text)
        // No leap day between 2096 and 2104.
        for start in ["2026-03-01T00:00:00Z", "2096-02-29T00:00:00Z", "2096-12-31T00:00:00Z"] {
            #expect(schedule.next(after: try instant(start), in: .utc, anchor: .epoch) != nil)
            #expect(schedule.previous(through: try instant(start), in: .utc, anchor: .epoch) != nil)
        }
    }

    @Test func `points at the place`() {
        let error = #expect(throws: ScheduleError.self) { try CronExpression.parse("0 25 * * *") }
        #expect(error?.marked == "0 25 * * *\n  ^")
    }

    @Test func `shows no control characters`() {
        let error = #expect(throws: ScheduleError.self) { try CronExpression.parse("\u{1B}[31m * * * *") }
        #expect(error?.message.contains("\u{1B}") == false && error?.marked.contains("\u{1B}") == false)
    }
}

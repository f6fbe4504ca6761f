import Testing

@testable import SignalboxCore

@Suite struct `The text of a schedule` {
    @Test(arguments: [
        "0 4 * * *", "*/5 * * * *", "30 0 4 * * mon-fri", "@daily", "@every 10s", "@every 1h30m", "@boot", "@manual",
        "@at 2026-11-22T14:30:00.000000Z", "30 2 * * * dst=skip", "0 0 13 * fri days=and",
        "0 0 13 * fri dst=utc days=and",
        "~ 4 * * * seed=1f", "@daily dst=twice",
    ])
    func `reads back exactly`(text: String) throws {
        let schedule = try Schedule(text: text)
        #expect(schedule.description == text)
        #expect(try Schedule(text: schedule.description) == schedule)
    }

    @Test(arguments: [
        ("  0   4 * * * ", "0 4 * * *"), ("@reboot", "@boot"), ("@DAILY", "@daily"), ("@every 90s", "@every 1m30s"),
        ("@at 2026-11-22 15:30:00+01:00", "@at 2026-11-22T14:30:00.000000Z"),
        ("0 4 * * * dst=cron days=or", "0 4 * * *"),
    ])
    func `is written in one form only`(text: String, expected: String) throws {
        #expect(try Schedule(text: text).description == expected)
    }

    @Test(
        arguments: [
            ("", .fieldCount, 1), ("@every", .operand, 1), ("@every 10", .operand, 8), ("@every 0s", .operand, 8),
            ("@every 20w 600w", .operand, 8), ("@at", .operand, 1), ("@at noon", .operand, 5),
            ("@boot now", .operand, 7),
            ("@fortnightly", .unknownWord, 1), ("0 4 * * * dst=never", .unknownWord, 11),
            ("0 4 * * * zone=UTC", .unknownWord, 11),
        ] as [(String, ScheduleError.Code, Int)])
    func `that cannot be read says where and why`(text: String, code: ScheduleError.Code, column: Int) {
        let error = #expect(throws: ScheduleError.self) { try Schedule(text: text) }
        #expect(error?.code == code && error?.column == column && error?.message.isEmpty == false)
    }
}

@Suite struct `The next time of a schedule` {
    @Test func `of an interval lies on the grid of its anchor`() throws {
        let anchor = try instant("2026-01-01T00:00:07Z")
        let schedule = Schedule.every(.seconds(90))
        let next = { (time: String) in
            schedule.next(after: try instant(time), in: .utc, anchor: anchor)?.due.description.dropFirst(11).prefix(8)
        }
        #expect(try next("2026-01-01T00:00:07Z") == "00:01:37")
        #expect(try next("2026-01-01T00:01:36.999999Z") == "00:01:37")
        #expect(try next("2026-01-01T00:01:37Z") == "00:03:07")
        #expect(try next("2025-12-31T23:59:00Z") == "00:00:07", "a clock set back behind the anchor keeps the cadence")
    }

    @Test func `of an interval is found at any distance`() throws {
        let schedule = Schedule.every(.milliseconds(1))
        let far = try instant("9999-01-01T00:00:00Z")
        #expect(schedule.next(after: far, in: .utc, anchor: .epoch)?.due == far + .milliseconds(1))
        #expect(schedule.next(after: .distantFuture, in: .utc, anchor: .distantPast) == nil)
        #expect(schedule.previous(through: .distantPast, in: .utc, anchor: .distantFuture) == nil)
    }

    @Test func `of a single time comes once`() throws {
        let time = try instant("2026-01-01T00:00:00Z")
        let schedule = Schedule.at(time)
        #expect(schedule.next(after: time - .microseconds(1), in: .utc, anchor: .epoch)?.due == time)
        #expect(schedule.next(after: time, in: .utc, anchor: .epoch) == nil)
        #expect(schedule.previous(through: time, in: .utc, anchor: .epoch)?.due == time)
        #expect(schedule.previous(through: time - .microseconds(1), in: .utc, anchor: .epoch) == nil)
    }

    @Test func `of boot and manual never comes by the clock`() {
        for schedule in [Schedule.boot, .manual] {
            #expect(schedule.next(after: .epoch, in: .utc, anchor: .epoch) == nil)
            #expect(schedule.previous(through: .epoch, in: .utc, anchor: .epoch) == nil)
            #expect(schedule.count(after: .distantPast, through: .distantFuture, in: .utc, anchor: .epoch) == 0)
        }
    }

    @Test func `is found at the ends of time without a trap`() throws {
        let berlin = try zone("Europe/Berlin")
        for text in ["0 4 * * *", "0 0 29 2 *", "@every 1h", "* * * * * *"] {
            let schedule = try Schedule(text: text)
            for time in [Instant.distantPast, .distantFuture] {
                _ = schedule.next(after: time, in: berlin, anchor: .epoch)
                _ = schedule.previous(through: time, in: berlin, anchor: .epoch)
                #expect(schedule.count(after: time, through: time, in: berlin, anchor: .epoch) == 0)
            }
            _ = schedule.count(after: .distantPast, through: .distantFuture, in: berlin, anchor: .epoch)
        }
    }

    @Test(arguments: [
        ("0 4 * * *", "Europe/Berlin"), ("30 2 * * 0#2", "America/New_York"), ("*/20 1-3 L 3,10 *", "Europe/Berlin"),
        ("0 0 29 2 *", "UTC"), ("15 2 * * * dst=twice", "Europe/Berlin"), ("15 2 * * * dst=skip", "Europe/Berlin"),
    ])
    func `of the calendar is counted exactly, however long it is`(text: String, name: String) throws {
        let (schedule, zone) = (try Schedule(text: text), try zone(name))
        func count(_ start: String, _ end: String) throws -> Int {
            let (start, end) = (try instant(start), try instant(end))
            return schedule.count(after: start, through: end, in: zone, anchor: .epoch)
        }
        let end = try instant("2026-11-22T12:00:00Z")
        let found = schedule.occurrences(after: .epoch, in: zone, anchor: .epoch).prefix { $0.due <= end }.count
        #expect(try count("1970-01-01T00:00:00Z", "2026-11-22T12:00:00Z") == found)
        // A thousand years at once, and decade by decade.
        var total = 0
        for year in stride(from: 2020, to: 3020, by: 10) {
            total += try count("\(year)-03-29T01:00:00Z", "\(year + 10)-03-29T01:00:00Z")
        }
        #expect(try count("2020-03-29T01:00:00Z", "3020-03-29T01:00:00Z") == total)
    }
}

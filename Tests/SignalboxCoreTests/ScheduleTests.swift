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
            #expect(schedule.count(after: .distantPast, through: .distantFuture, in: .utc, anchor: .epoch) == (0, true))
        }
    }

    @Test func `is found at the ends of time without a trap`() throws {
        let berlin = try zone("Europe/Berlin")
        for text in ["0 4 * * *", "0 0 29 2 *", "@every 1h", "* * * * * *"] {
            let schedule = try Schedule(text: text)
            for time in [Instant.distantPast, .distantFuture] {
                _ = schedule.next(after: time, in: berlin, anchor: .epoch)
                _ = schedule.previous(through: time, in: berlin, anchor: .epoch)
                #expect(schedule.count(after: time, through: time, in: berlin, anchor: .epoch).count == 0)
            }
            _ = schedule.count(after: .distantPast, through: .distantFuture, in: berlin, anchor: .epoch)
        }
    }

    @Test func `lies after its time, never goes back, and is found again from behind`() throws {
        var random = Seeded(state: 5)
        let zones = try [
            "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC", "Asia/Kathmandu",
        ]
        .map(zone)
        let base = try instant("2005-01-01T00:00:00Z").microseconds
        for _ in 0..<2_500 {
            let schedule = try randomSchedule(&random)
            let zone = zones.randomElement(using: &random)!
            let time = Instant(microseconds: base + Int64.random(in: 0..<(40 * 365 * 86_400_000_000), using: &random))
            let later = time + .seconds(Int64.random(in: 0..<400_000, using: &random))
            let next = try #require(schedule.next(after: time, in: zone, anchor: .epoch), "\(schedule) \(zone) \(time)")
            let nextOfLater = try #require(schedule.next(after: later, in: zone, anchor: .epoch))
            let label: Comment = "\(schedule) in \(zone) after \(time)"
            #expect(next.due > time && next.due <= nextOfLater.due, label)
            #expect(schedule.previous(through: next.due, in: zone, anchor: .epoch) == next, label)
            let before = schedule.previous(through: next.due - .microseconds(1), in: zone, anchor: .epoch)
            #expect(before.map { $0.due <= time } ?? true, label)
            #expect(schedule.count(after: time, through: next.due, in: zone, anchor: .epoch) == (1, true), label)
        }
    }

    private func randomSchedule(_ random: inout Seeded) throws -> Schedule {
        let minute = ["0", "30", "*/15", "5,35,59", "*", "10-20/3"].randomElement(using: &random)!
        let hour = ["*", "2", "1,2,3", "*/2", "0", "22-3"].randomElement(using: &random)!
        let day = ["*", "1", "L", "L-3", "13", "*/2", "28-2"].randomElement(using: &random)!
        let month = ["*", "*", "2", "mar,oct", "nov-apr"].randomElement(using: &random)!
        let weekday = ["*", "*", "sun", "5L", "2#1", "fri-mon"].randomElement(using: &random)!
        let rule = ["cron", "skip", "twice", "utc"].randomElement(using: &random)!
        let second = Bool.random(using: &random) ? "" : "*/20 "
        return try Schedule(text: "\(second)\(minute) \(hour) \(day) \(month) \(weekday) dst=\(rule)")
    }
}

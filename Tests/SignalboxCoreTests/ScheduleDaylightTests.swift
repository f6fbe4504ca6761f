import Testing

@testable import SignalboxCore

/// One cell of the table in the rules on daylight saving: what falls due on one local date.
struct DaylightVector: Sendable, CustomTestStringConvertible {
    let zone: String
    let date: String
    let schedule: String
    let count: Int
    /// The due times in UTC, each followed by "shift" if it makes up for the gap; nil where only the count is given.
    var due: [String]?

    var testDescription: String { "\(zone) \(date) \(schedule)" }
}

private func row(_ zone: String, _ date: String, _ cells: [(Int, [String]?)]) -> [DaylightVector] {
    let schedules = ["30 2 * * *", "0 1,2,3 * * *", "0 * * * *", "*/15 * * * *", "*/10 2 * * *", "0 */2 * * *"]
    return zip(schedules, cells).map { DaylightVector(zone: zone, date: date, schedule: $0, count: $1.0, due: $1.1) }
}

private let vectors: [DaylightVector] =
    row(
        "Europe/Berlin", "2026-03-29",
        [(1, ["29T01:00 shift"]), (2, ["29T00:00", "29T01:00"]), (23, nil), (92, nil), (0, []), (11, nil)])
    + row(
        "Europe/Berlin", "2026-10-25",
        [(1, ["25T00:30"]), (3, ["24T23:00", "25T00:00", "25T02:00"]), (25, nil), (100, nil), (12, nil), (13, nil)])
    + row(
        "America/New_York", "2026-03-08",
        [(1, ["08T07:00 shift"]), (2, ["08T06:00", "08T07:00"]), (23, nil), (92, nil), (0, []), (11, nil)])
    + row(
        "America/New_York", "2026-11-01",
        [(1, ["01T07:30"]), (3, ["01T05:00", "01T07:00", "01T08:00"]), (25, nil), (100, nil), (6, nil), (12, nil)])
    + row(
        "Australia/Lord_Howe", "2026-10-04",
        [
            (1, ["03T15:30"]), (3, ["03T14:30", "03T15:30 shift", "03T16:00"]), (23, nil), (94, nil), (3, nil),
            (11, nil),
        ])
    + row(
        "Australia/Lord_Howe", "2026-04-05",
        [(1, ["04T16:00"]), (3, ["04T14:00", "04T15:30", "04T16:30"]), (24, nil), (98, nil), (6, nil), (12, nil)])

@Suite struct `Where the clocks change` {
    /// Everything due on a local date, forwards.
    private func due(_ text: String, _ zoneName: String, _ date: String) throws -> [Occurrence] {
        let (schedule, zone) = (try Schedule(text: text), try zone(zoneName))
        let midnight = LocalTime(secondsSinceEpoch: try instant(date + "T00:00:00Z").wholeSeconds)
        let next = LocalTime(secondsSinceEpoch: midnight.secondsSinceEpoch + 86_400)
        var time = zone.instant(of: midnight) - .microseconds(1)
        var found: [Occurrence] = []
        while let occurrence = schedule.next(after: time, in: zone, anchor: .epoch),
            occurrence.due < zone.instant(of: next)
        {
            found.append(occurrence)
            time = occurrence.due
        }
        return found
    }

    @Test(arguments: vectors)
    func `a schedule falls due as in the table`(vector: DaylightVector) throws {
        let found = try due(vector.schedule, vector.zone, vector.date)
        #expect(found.count == vector.count)
        if let expected = vector.due {
            let texts = found.map {
                String($0.due.description.dropFirst(8).prefix(8)) + ($0.reason == .daylightGap ? " shift" : "")
            }
            #expect(texts == expected)
        }
    }

    @Test(arguments: vectors)
    func `the count and the way back agree with the way forward`(vector: DaylightVector) throws {
        let (schedule, zone) = (try Schedule(text: vector.schedule), try zone(vector.zone))
        let found = try due(vector.schedule, vector.zone, vector.date)
        guard let first = found.first, let last = found.last else { return }
        let count = schedule.count(after: first.due - .microseconds(1), through: last.due, in: zone, anchor: .epoch)
        #expect(count == found.count)
        var backwards: [Occurrence] = []
        var time = last.due
        while let occurrence = schedule.previous(through: time, in: zone, anchor: .epoch), occurrence.due >= first.due {
            backwards.append(occurrence)
            time = occurrence.due - .microseconds(1)
        }
        #expect(backwards.reversed() == found)
    }

    @Test func `a time in the gap keeps its nominal time`() throws {
        let found = try due("30 2 * * *", "Europe/Berlin", "2026-03-29")
        #expect(found.map(\.nominal.description) == ["2026-03-29 02:30:00"])
    }

    @Test func `several times in the gap run once, and not beside a regular one`() throws {
        let gap = try due("10,20,30 2 * * *", "Europe/Berlin", "2026-03-29")
        #expect(gap.map { "\($0.nominal) \($0.reason)" } == ["2026-03-29 02:10:00 daylightGap"])
        let regular = try due("0,30 2,3 * * *", "Europe/Berlin", "2026-03-29")
        #expect(
            regular.map { "\($0.nominal) \($0.reason)" } == [
                "2026-03-29 03:00:00 regular", "2026-03-29 03:30:00 regular",
            ])
    }

    @Test func `a repeated time is marked`() throws {
        let fixed = try due("30 1,2,3 * * *", "Europe/Berlin", "2026-10-25")
        #expect(fixed.map(\.reason) == [.regular, .fold, .regular])
        let wildcard = try due("30 * * * *", "Europe/Berlin", "2026-10-25")
        #expect(wildcard.map(\.reason).filter { $0 == .fold }.count == 2)
    }

    @Test(
        arguments: [
            ("30 2 * * * dst=skip", "2026-03-29", []), ("30 2 * * * dst=skip", "2026-10-25", ["25T00:30"]),
            ("30 2 * * * dst=twice", "2026-03-29", ["29T01:00"]),
            ("30 2 * * * dst=twice", "2026-10-25", ["25T00:30", "25T01:30"]),
            ("30 2 * * * dst=utc", "2026-03-29", ["29T02:30"]), ("30 2 * * * dst=utc", "2026-10-25", ["25T02:30"]),
        ] as [(String, String, [String])])
    func `dst= chooses another rule`(text: String, date: String, expected: [String]) throws {
        let found = try due(text, "Europe/Berlin", date)
        #expect(found.map { String($0.due.description.dropFirst(8).prefix(8)) } == expected)
    }

    @Test func `a day left out whole is not made up for`() throws {
        // Samoa crossed the date line: it had no 30 December 2011.
        let schedule = try Schedule(text: "0 12 * * *")
        let apia = try zone("Pacific/Apia")
        let before = try instant("2011-12-29T23:00:00Z")
        let next = try #require(schedule.next(after: before, in: apia, anchor: .epoch))
        #expect(next.nominal.description == "2011-12-31 12:00:00" && next.reason == .regular)
        #expect(schedule.previous(through: next.due - .seconds(1), in: apia, anchor: .epoch)?.nominal.day.day == 29)
    }

    /// The rules once more, written down minute by minute with nothing in common with the walk along the time line.
    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca",
    ])
    func `random schedules agree with a minute by minute reading of the rules`(zoneName: String) throws {
        let zone = try zone(zoneName)
        var random = Seeded(state: 4)
        let changes = zone.transitions(
            after: try instant("2026-01-01T00:00:00Z"), through: try instant("2027-12-31T00:00:00Z"))
        try #require(changes.count >= 2)
        for change in changes {
            for _ in 0..<12 {
                let text = randomExpression(&random)
                let expression = try CronExpression.parse(text)
                let (start, end) = (change.at - .seconds(5 * 3_600), change.at + .seconds(5 * 3_600))
                var found: [Instant] = []
                var time = start - .microseconds(1)
                let schedule = Schedule.cron(expression, .cron)
                while let next = schedule.next(after: time, in: zone, anchor: .epoch), next.due < end {
                    found.append(next.due)
                    time = next.due
                }
                #expect(found == naive(expression, zone, start, end), "\(text) at \(change.at)")
            }
        }
    }

    private func naive(_ expression: CronExpression, _ zone: Zone, _ start: Instant, _ end: Instant) -> [Instant] {
        func matches(_ local: LocalTime) -> Bool {
            expression.pattern.minutes & 1 << UInt64(local.minute) != 0
                && expression.pattern.hours & 1 << UInt64(local.hour) != 0
                && expression.pattern.countDays(in: local.day.daysSinceEpoch..<(local.day.daysSinceEpoch + 1)) == 1
        }
        var due: Set<Instant> = []
        var real = start
        while expression.isWildcard && real < end {
            if matches(zone.localTime(at: real)) { due.insert(real) }
            real += .seconds(60)
        }
        var local = zone.localTime(at: start).secondsSinceEpoch - 7_200
        let last = zone.localTime(at: end).secondsSinceEpoch + 7_200
        while !expression.isWildcard && local < last {
            let time = LocalTime(secondsSinceEpoch: local)
            if matches(time) { due.insert(zone.instant(of: time)) }
            local += 60
        }
        return due.filter { $0 >= start && $0 < end }.sorted()
    }

    private func randomExpression(_ random: inout Seeded) -> String {
        let minute = ["0", "30", "*/15", "*/7", "5,35,59", "0-10", "*", "~"].randomElement(using: &random)!
        let hour = ["*", "2", "1,2,3", "*/2", "0", "23", "22-3", "0-23"].randomElement(using: &random)!
        return "\(minute) \(hour) * * *"
    }
}

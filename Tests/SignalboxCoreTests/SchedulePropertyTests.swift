import Testing

@testable import SignalboxCore

/// What holds for any schedule, zone and time, over random ones; a failing run prints the seed that shows it again.
@Suite struct `Any schedule in any zone at any time` {
    private static let zoneNames = [
        "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Havana",
        "America/Sao_Paulo", "America/Asuncion", "America/Santiago", "America/Nuuk", "Africa/Casablanca",
        "Africa/Cairo",
        "Asia/Tehran", "Asia/Beirut", "Asia/Amman", "Asia/Kathmandu", "Australia/Lord_Howe", "Australia/Sydney",
        "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Antarctica/Troll", "Antarctica/Casey", "UTC",
    ]

    private struct Triple {
        let expression: (text: String, schedule: Schedule, naive: NaiveCron)
        let zone: Zone
        let time: Instant
    }

    /// Times of forty years, a third of them close to a change of clocks.
    private func triples(_ count: Int, _ random: inout Seeded, _ text: (inout Seeded) -> String) throws -> [Triple] {
        let expressions = try (0..<min(300, count)).map { _ in
            let text = text(&random)
            return (text, try Schedule(text: text), NaiveCron(text))
        }
        let (start, end) = (try instant("2000-01-01T00:00:00Z"), try instant("2040-01-01T00:00:00Z"))
        let zones = try Self.zoneNames.map { name in
            let zone = try zone(name)
            return (zone, zone.transitions(after: start, through: end).map(\.at))
        }
        return (0..<count).map { number in
            let (zone, changes) = zones.randomElement(using: &random)!
            var time = start + .microseconds(Int64.random(in: 0..<start.duration(to: end).microseconds, using: &random))
            if number % 3 == 0, let change = changes.randomElement(using: &random) {
                time = change + .seconds(Int64.random(in: -14_400...14_400, using: &random))
            }
            return Triple(expression: expressions[number % expressions.count], zone: zone, time: time)
        }
    }

    @Test func `has a next time that is later, is the first, never goes back, and is found again from behind`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("next times: seed \(seed)")
        var random = Seeded(state: seed)
        for triple in try triples(10_000, &random, Self.anyExpression) {
            let (zone, time, schedule) = (triple.zone, triple.time, triple.expression.schedule)
            let label: Comment = "\(triple.expression.text) in \(zone) after \(time), seed \(seed)"
            guard let next = schedule.next(after: time, in: zone, anchor: .epoch) else {
                Issue.record(label)
                continue
            }
            let later = time + .seconds(Int64.random(in: 0..<400_000, using: &random))
            let nextOfLater = schedule.next(after: later, in: zone, anchor: .epoch)
            let before = schedule.previous(through: next.due - .microseconds(1), in: zone, anchor: .epoch)
            let isFirst = before.map { $0.due <= time } ?? true
            let isFoundAgain = schedule.previous(through: next.due, in: zone, anchor: .epoch) == next
            let counted = schedule.count(after: time, through: next.due, in: zone, anchor: .epoch) == 1
            let neverGoesBack = nextOfLater.map { $0.due >= next.due } ?? false
            #expect(next.due > time && neverGoesBack && isFirst && isFoundAgain && counted, label)
            // By brute force: some hours from the time on, and before what was found.
            let near = min(next.due, time + .seconds(3 * 3_600))
            let naive = triple.expression.naive
            #expect(naive.due(after: time, through: near, in: zone) == (near == next.due ? [near] : []), label)
            let close = max(time, next.due - .seconds(3_600))
            #expect(naive.due(after: close, through: next.due, in: zone) == [next.due], label)
        }
    }

    @Test func `runs a fixed job exactly once on each local day that it matches`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("once a day: seed \(seed)")
        var random = Seeded(state: seed)
        for triple in try triples(1_500, &random, Self.daily) {
            let zone = triple.zone
            let first = zone.localTime(at: triple.time).day.daysSinceEpoch
            var found: [Int: Int] = [:]
            for occurrence in triple.expression.schedule.occurrences(
                after: triple.time - .seconds(2 * 86_400), in: zone, anchor: .epoch)
            {
                guard occurrence.due < triple.time + .seconds(7 * 86_400) else { break }
                found[occurrence.nominal.day.daysSinceEpoch, default: 0] += 1
            }
            for day in first..<(first + 5) {
                let isShown = !zone.isShiftedWidely(around: day)
                let expected = triple.expression.naive.matchesDay(Int64(day) * 86_400) ? 1 : 0
                #expect(
                    found[day, default: 0] == expected || !isShown,
                    "\(triple.expression.text) in \(zone) on \(CalendarDay(daysSinceEpoch: day)), seed \(seed)")
            }
        }
    }

    @Test func `counts as many as it goes through`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("counts: seed \(seed)")
        var random = Seeded(state: seed)
        for triple in try triples(1_000, &random, Self.anyExpression) {
            let due = triple.expression.schedule.occurrences(after: triple.time, in: triple.zone, anchor: .epoch)
                .prefix(Int.random(in: 1...40, using: &random)).map(\.due)
            guard let end = due.last else { continue }
            let label: Comment = "\(triple.expression.text) in \(triple.zone) after \(triple.time), seed \(seed)"
            let schedule = triple.expression.schedule
            #expect(
                schedule.count(after: triple.time, through: end, in: triple.zone, anchor: .epoch) == due.count, label)
            var backwards: [Instant] = []
            var time = end
            while let found = schedule.previous(through: time, in: triple.zone, anchor: .epoch), found.due > triple.time
            {
                backwards.append(found.due)
                time = found.due - .microseconds(1)
            }
            #expect(backwards.reversed().elementsEqual(due), label)
        }
    }

    private static func anyExpression(_ random: inout Seeded) -> String {
        let minute = ["0", "30", "*/15", "5,35,59", "*", "10-20/3", "7", "0-59", "58-2"].randomElement(using: &random)!
        let hour = ["*", "2", "1,2,3", "*/2", "0", "22-3", "0-23", "23", "12"].randomElement(using: &random)!
        let day = ["*", "*", "*", "1", "L", "L-3", "13", "*/2", "28-2", "31"].randomElement(using: &random)!
        let month = ["*", "*", "*", "mar,oct", "nov-apr", "1-12/3"].randomElement(using: &random)!
        let weekday = ["*", "*", "*", "sun", "5L", "2#1", "fri-mon", "*/2"].randomElement(using: &random)!
        return "\(minute) \(hour) \(day) \(month) \(weekday)"
    }

    private static func daily(_ random: inout Seeded) -> String {
        let (minute, hour) = (
            Int.random(in: 0...59, using: &random), [0, 0, 1, 2, 3, 23, 12].randomElement(using: &random)!
        )
        let day = ["*", "*", "1-15", "*/2", "28-2", "L"].randomElement(using: &random)!
        let weekday = ["*", "*", "sun", "fri-mon", "5L"].randomElement(using: &random)!
        return "\(minute) \(hour) \(day) * \(weekday)"
    }
}

extension Zone {
    /// Clocks are set by three hours or more within a day of `day`: what is left out or repeated then stays so.
    fileprivate func isShiftedWidely(around day: Int) -> Bool {
        let middle = Instant(seconds: Int64(day) * 86_400 + 43_200)
        return transitions(after: middle - .seconds(3 * 86_400), through: middle + .seconds(3 * 86_400)).contains {
            abs($0.after.seconds - $0.before.seconds) >= 10_800
        }
    }
}

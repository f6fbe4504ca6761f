// A calendar event said in our cron dialect.

import SignalboxCore

extension CalendarEvent {
    /// The schedule that falls due at the same times.
    /// - Parameters:
    ///   - now: what years are compared with.
    ///   - clock: the zone's clocks, for a single moment.
    /// - Throws: `CalendarError` where ours knows no such times: years that are limited and not one moment.
    func schedule(now: Instant, clock: Zone) throws(CalendarError) -> Schedule {
        if let years { return .at(try moment(in: years, now: now, clock: clock)) }
        do throws(ScheduleError) { return try Schedule(text: cron) } catch { throw CalendarError(error.message) }
    }

    /// Whether all its years have passed.
    func isOver(now: Instant, clock: Zone) -> Bool {
        let thisYear = clock.localTime(at: now).day.year
        guard let years else { return false }
        return years.allSatisfy { $0.last.map { $0 < thisYear } ?? false }
            || (try? moment(in: years, now: now, clock: clock)).map { $0 <= now } ?? false
    }

    private var cron: String {
        let isEveryDay = days == Self.allDays && daysFromEnd == 0
        let dayOfMonth = isEveryDay ? "*" : daysFromEnd == 0 ? Self.field(days, in: 1...31) : lastDays
        let dayOfWeek = weekdays == 0b111_1111 ? "*" : Self.weekdayField(weekdays)
        var fields = [
            Self.field(minutes, in: 0...59), Self.field(hours, in: 0...23), dayOfMonth, Self.field(months, in: 1...12),
            dayOfWeek,
        ]
        if seconds != 1 { fields.insert(Self.field(seconds, in: 0...59), at: 0) }
        // All parts must match; cron would be content with one of the two days.
        if !dayOfMonth.hasPrefix("*"), dayOfWeek != "*" { fields.append("days=and") }
        return fields.joined(separator: " ")
    }

    private var lastDays: String {
        (0..<31).reversed().filter { daysFromEnd & (1 << UInt64($0)) != 0 }.map { $0 == 0 ? "L" : "L-\($0)" }
            .joined(separator: ",")
    }

    private func moment(in years: [YearRange], now: Instant, clock: Zone) throws(CalendarError) -> Instant {
        let parts = [months, days, hours, minutes, seconds].compactMap(Self.only)
        guard parts.count == 5, years.count == 1, years[0].first == years[0].last, daysFromEnd == 0,
            weekdays == 0b111_1111
        else {
            throw CalendarError("it is limited to certain years, and schedules here know no years")
        }
        guard let day = CalendarDay(year: years[0].first, month: parts[0], day: parts[1]) else {
            throw CalendarError("there is no such day")
        }
        return clock.instant(of: LocalTime(day: day, hour: parts[2], minute: parts[3], second: parts[4]))
    }

    /// The one value of a mask; nil when it has several.
    private static func only(_ mask: UInt64) -> Int? { mask.nonzeroBitCount == 1 ? mask.trailingZeroBitCount : nil }
}

// MARK: - Fields

extension CalendarEvent {
    /// "*", "*/n", or numbers and ranges.
    static func field(_ mask: UInt64, in range: ClosedRange<Int>) -> String {
        let values = range.filter { mask & (1 << UInt64($0)) != 0 }
        if values.count == range.count { return "*" }
        if values.count > 2, values[0] == range.lowerBound {
            let step = values[1] - values[0]
            if step > 1, values == Array(stride(from: range.lowerBound, through: range.upperBound, by: step)) {
                return "*/\(step)"
            }
        }
        return runs(values).map {
            $0.count > 2 ? "\($0[0])-\($0[$0.count - 1])" : $0.map(String.init).joined(separator: ",")
        }
        .joined(separator: ",")
    }

    private static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// By name, the week beginning on Monday.
    private static func weekdayField(_ mask: UInt64) -> String {
        let days = (0..<7).filter { mask & (1 << UInt64(($0 + 1) % 7)) != 0 }
        return runs(days).map { run in
            run.count > 2
                ? "\(names[run[0]])-\(names[run[run.count - 1]])" : run.map { names[$0] }.joined(separator: ",")
        }.joined(separator: ",")
    }

    /// Values that follow each other, together.
    private static func runs(_ values: [Int]) -> [[Int]] {
        values.reduce(into: []) { runs, value in
            if let last = runs.last?.last, value == last + 1 {
                runs[runs.count - 1].append(value)
            } else {
                runs.append([value])
            }
        }
    }
}

// MARK: - Several in one

extension CalendarEvent {
    /// One event with the times of both; nil where that takes two, since they differ in more than one part.
    func merged(with other: CalendarEvent) -> CalendarEvent? {
        let parts: [WritableKeyPath<CalendarEvent, UInt64>] = [
            \.weekdays, \.months, \.days, \.daysFromEnd, \.hours, \.minutes, \.seconds,
        ]
        let differing = parts.filter { self[keyPath: $0] != other[keyPath: $0] }
        guard years == nil, other.years == nil, zone == other.zone, differing.count <= 1 else { return nil }
        var merged = self
        for part in differing { merged[keyPath: part] |= other[keyPath: part] }
        return merged
    }

    /// As few events as pairwise merging gives, in the order of the first of each.
    static func merging(_ events: [CalendarEvent]) -> [CalendarEvent] {
        var merged: [CalendarEvent] = []
        for event in events {
            if let index = merged.firstIndex(where: { $0.merged(with: event) != nil }),
                let both = merged[index].merged(with: event)
            {
                merged[index] = both
            } else {
                merged.append(event)
            }
        }
        return merged
    }
}

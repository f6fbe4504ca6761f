import Glibc

@testable import SignalboxCore

/// The rules of cron once more, minute by minute, with nothing in common with the product but the changes of a zone:
/// the fields are lists of numbers, and the calendar is the C library's.
struct NaiveCron {
    private let fields: [String]
    private let allowed: [[Bool]]
    let isWildcard: Bool
    private static let names = [
        "sun", "mon", "tue", "wed", "thu", "fri", "sat", "", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug",
        "sep",
        "oct", "nov", "dec",
    ]

    /// Five fields of numbers, names of three letters, `*`, lists, ranges, steps, `L`, `L-3`, `5L` and `2#1`.
    init(_ text: String) {
        fields = text.split(separator: " ").map(String.init)
        precondition(fields.count == 5, text)
        allowed = zip(fields, [0...59, 0...23, 1...31, 1...12, 0...6]).map(Self.values)
        isWildcard = fields[0].hasPrefix("*") || fields[1].hasPrefix("*")
    }

    /// Which values match, without the extras for days.
    private static func values(_ field: String, _ range: ClosedRange<Int>) -> [Bool] {
        var found = [Bool](repeating: false, count: 60)
        for item in field.split(separator: ",") where !item.contains("L") && !item.contains("#") {
            let halves = item.split(separator: "/").map(String.init)
            let ends = halves[0].split(separator: "-").map { number(String($0)) }
            let open = halves.count > 1 ? range.upperBound : ends[0]
            var (value, last) = halves[0] == "*" ? (range.lowerBound, range.upperBound) : (ends[0], ends.last ?? 0)
            if ends.count == 1, halves[0] != "*" { last = open }
            if last < value { last += range.count }
            while value <= last {
                found[(value - range.lowerBound) % range.count + range.lowerBound] = true
                value += halves.count > 1 ? number(halves[1]) : 1
            }
        }
        return found
    }

    private static func number(_ text: String) -> Int {
        if text == "*" { return 0 }
        if let index = names.firstIndex(of: text.lowercased()) { return index < 7 ? index : index - 7 }
        return Int(text)!
    }

    /// Whether the clock's time, as seconds since it showed 1970-01-01 00:00:00, matches.
    func matches(_ local: Int64) -> Bool {
        // Locals are positive here: from 1970 on.
        guard allowed[0][Int(local / 60 % 60)], allowed[1][Int(local / 3_600 % 24)] else { return false }
        return matchesDay(local)
    }

    func matchesDay(_ local: Int64) -> Bool {
        var (time, date) = (time_t(local), tm())
        gmtime_r(&time, &date)
        guard allowed[3][Int(date.tm_mon) + 1] else { return false }
        let (day, weekday) = (Int(date.tm_mday), Int(date.tm_wday))
        var next = tm()
        next.tm_year = date.tm_year
        next.tm_mon = date.tm_mon + 1
        next.tm_mday = 1
        var lastSecond = timegm(&next) - 1
        gmtime_r(&lastSecond, &date)
        let length = Int(date.tm_mday)
        let byDate =
            allowed[2][day]
            || fields[2].split(separator: ",").contains { item in
                item == "L" && day == length || item.hasPrefix("L-") && day == length - Int(item.dropFirst(2))!
            }
        let byWeekday =
            allowed[4][weekday]
            || fields[4].split(separator: ",").contains { item in
                item.hasSuffix("L") && Self.number(String(item.dropLast())) % 7 == weekday && day > length - 7
                    || item.contains("#")
                        && item.split(separator: "#").map { Self.number(String($0)) }
                            == [weekday, (day + 6) / 7]
            }
        return fields[2].hasPrefix("*") || fields[4].hasPrefix("*") ? byDate && byWeekday : byDate || byWeekday
    }

    /// A stretch of time with one offset.
    private struct Stretch {
        var start: Int64
        var end: Int64
        var offset: Int64
    }

    /// The due times after `start` and up to `end`, in whole minutes.
    func due(after start: Instant, through end: Instant, in zone: Zone) -> [Instant] {
        let margin: Int64 = 2 * 86_400
        let (from, to) = (start.wholeSeconds - margin, end.wholeSeconds + margin)
        var stretches = [Stretch(start: from, end: to, offset: Int64(zone.offset(at: Instant(seconds: from)).seconds))]
        for change in zone.transitions(after: Instant(seconds: from), through: Instant(seconds: to)) {
            stretches[stretches.count - 1].end = change.at.wholeSeconds
            stretches.append(Stretch(start: change.at.wholeSeconds, end: to, offset: Int64(change.after.seconds)))
        }
        let found = isWildcard ? real(stretches, start, end) : nominal(stretches, start, end)
        return found.filter { $0 > start.wholeSeconds && $0 <= end.wholeSeconds }.sorted().map(Instant.init(seconds:))
    }

    /// Every real minute whose local time matches.
    private func real(_ stretches: [Stretch], _ start: Instant, _ end: Instant) -> Set<Int64> {
        var found: Set<Int64> = []
        for stretch in stretches {
            var time = (max(stretch.start, start.wholeSeconds) + 59) / 60 * 60
            while time < min(stretch.end, end.wholeSeconds + 1) {
                if matches(time + stretch.offset) { found.insert(time) }
                time += 60
            }
        }
        return found
    }

    /// Every local minute that matches, at the first real time that shows it, or behind the gap that swallowed it.
    private func nominal(_ stretches: [Stretch], _ start: Instant, _ end: Instant) -> Set<Int64> {
        let offsets = stretches.map(\.offset)
        var found: Set<Int64> = []
        // What a gap swallowed comes later than its nominal time.
        let margin: Int64 = stretches.count > 1 ? 10_800 : 0
        var local = (start.wholeSeconds + offsets.min()! - margin) / 60 * 60
        while local <= end.wholeSeconds + offsets.max()! + margin {
            if matches(local) { found.formUnion(instants(of: local, stretches)) }
            local += 60
        }
        return found
    }

    private func instants(of local: Int64, _ stretches: [Stretch]) -> [Int64] {
        let shown = stretches.filter { (($0.start + $0.offset)..<($0.end + $0.offset)).contains(local) }
            .map { local - $0.offset }
        if shown.isEmpty {
            let gap = zip(stretches, stretches.dropFirst()).first {
                (($1.start + $0.offset)..<($1.start + $1.offset)).contains(local) && $1.offset - $0.offset < 10_800
            }
            return gap.map { [$0.1.start] } ?? []
        }
        return shown.enumerated().filter { $0.offset == 0 || $0.element - shown[$0.offset - 1] >= 10_800 }.map(
            \.element)
    }
}

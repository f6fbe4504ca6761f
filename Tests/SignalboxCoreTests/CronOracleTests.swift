import Glibc
import Testing

@testable import SignalboxCore

/// Where Signalbox means to differ from cronsim, and why. Each has to explain just so many cases of the fixture: a new
/// difference and one that has gone both fail.
private enum IntendedDifference: CaseIterable {
    /// A shift of three hours or more is a zone defined anew, or a crossing of the date line: as in Debian's cron
    /// nothing is made up for. cronsim makes up for a gap of any length, and runs a fold of any length once.
    case longShift
    /// cronsim's wildcard jobs go from hour to hour in whole hours of real time: behind a change that is not between
    /// two full hours (Lord Howe's half hour, one past midnight in St. John's) they miss times that clocks show, or
    /// come back for ever to those they have left.
    case brokenHour
    /// Where midnight lies in the gap, cronsim begins the day at a time that no clock shows, and misses its first runs.
    case missingMidnight

    /// How many of the 18,928 cases.
    var cases: Int {
        switch self {
        case .longShift: 240
        case .brokenHour: 77
        case .missingMidnight: 4
        }
    }
}

@Suite struct `Debian's cron as cronsim has it` {
    @Test func `agrees about when jobs fall due around real changes of clocks`() throws {
        let fixture = try OracleFixture()
        #expect(fixture.zones.count >= 30 && fixture.expressions.count >= 50)
        #expect(fixture.zones.map(\.changes.count).reduce(0, +) >= 300)
        var explained: [IntendedDifference: Int] = [:]
        for zone in fixture.zones {
            for change in zone.changes {
                for (expression, times) in zip(fixture.expressions, change.times) {
                    let found = expression.due(around: change.at, zone.zone)
                    if found == times.due && !times.goesBack { continue }
                    guard let reason = difference(expression, change.at, zone.zone) else {
                        Issue.record(
                            "\(expression.text) in \(zone.zone) around \(change.at): \(found), not \(times.due)")
                        continue
                    }
                    explained[reason, default: 0] += 1
                    #expect(found == expression.naive(around: change.at, zone.zone), "\(expression.text) \(change.at)")
                }
            }
        }
        for difference in IntendedDifference.allCases {
            #expect(explained[difference, default: 0] == difference.cases, "\(difference)")
        }
    }

    /// What may explain a difference there; nil when nothing may.
    private func difference(_ expression: OracleExpression, _ at: Instant, _ zone: Zone) -> IntendedDifference? {
        let changes = zone.transitions(after: at - expression.window, through: at + expression.window)
        if !expression.naiveCron.isWildcard {
            return changes.contains { abs($0.after.seconds - $0.before.seconds) >= 10_800 } ? .longShift : nil
        }
        for change in changes {
            let (last, first) = (
                change.at.wholeSeconds + Int64(change.before.seconds),
                change.at.wholeSeconds + Int64(change.after.seconds)
            )
            if last % 3_600 != 0 || first % 3_600 != 0 { return .brokenHour }
            if last < first, (last + 86_399) / 86_400 * 86_400 < first { return .missingMidnight }
        }
        return nil
    }
}

private struct OracleExpression {
    let text: String
    let schedule: Schedule
    let naiveCron: NaiveCron
    /// How far before and behind a change times are compared.
    let window: Duration

    func due(around change: Instant, _ zone: Zone) -> [Instant] {
        var found: [Instant] = []
        for occurrence in schedule.occurrences(after: change - window, in: zone, anchor: .epoch) {
            guard occurrence.due <= change + window else { break }
            found.append(occurrence.due)
        }
        return found
    }

    func naive(around change: Instant, _ zone: Zone) -> [Instant] {
        naiveCron.due(after: change - window, through: change + window, in: zone)
    }
}

/// Oracle/cronsim.txt; the script beside it explains the form.
private struct OracleFixture {
    struct Times {
        var due: [Instant]
        /// cronsim came back to a time it had left behind.
        var goesBack: Bool
    }

    struct ZoneChanges {
        var zone: Zone
        var changes: [(at: Instant, times: [Times])]
    }

    private(set) var expressions: [OracleExpression] = []
    private(set) var zones: [ZoneChanges] = []

    init() throws {
        let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
        let path = "/\(folder)/Oracle/cronsim.txt"
        let text = String(decoding: try fileBytes(path), as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        while let line = lines.popFirst() {
            let words = line.split(separator: " ").map(String.init)
            if words.isEmpty || words[0] == "#" { continue }
            if words[0] == "zone" {
                zones.append(ZoneChanges(zone: try Self.zone(words), changes: []))
            } else if words[0] == "change" {
                let at = Instant(seconds: try #require(Int64(words[1])))
                zones[zones.count - 1].changes.append((at, try times(at, &lines)))
            } else {
                let text = words.dropLast(2).joined(separator: " ")
                expressions.append(
                    OracleExpression(
                        text: text, schedule: try Schedule(text: text), naiveCron: NaiveCron(text),
                        window: .seconds(3_600 * (try #require(Int64(words[words.count - 1]))))))
            }
        }
    }

    /// A line for each expression, or one that names the change with just such lines.
    private func times(_ at: Instant, _ lines: inout ArraySlice<Substring>) throws -> [Times] {
        if let first = lines.first, first.hasPrefix("=") {
            lines.removeFirst()
            let other = Instant(seconds: try #require(Int64(first.dropFirst())))
            let same = try #require(zones[zones.count - 1].changes.first { $0.at == other })
            return same.times.map { times in
                Times(due: times.due.map { $0 + other.duration(to: at) }, goesBack: times.goesBack)
            }
        }
        let coded = lines.prefix(expressions.count)
        lines = lines.dropFirst(expressions.count)
        return try zip(coded, expressions).map { line, expression in
            try Self.times(String(line), after: at - expression.window)
        }
    }

    /// "900*12 3600 !"
    private static func times(_ line: String, after start: Instant) throws -> Times {
        var times = Times(due: [], goesBack: false)
        var time = start
        for word in line.split(separator: " ") {
            if word == "!" {
                times.goesBack = true
                break
            }
            let parts = word.split(separator: "*")
            let distance = Duration.seconds(try #require(Int64(parts[0])))
            for _ in 0..<(parts.count == 2 ? try #require(Int(parts[1])) : 1) {
                time += distance
                times.due.append(time)
            }
        }
        return times
    }

    /// "zone Europe/Berlin 3600 638326800 7200 …" as a zone file.
    private static func zone(_ words: [String]) throws -> Zone {
        let numbers = try words.dropFirst(2).map { try #require(Int64($0)) }
        let offsets = [numbers[0]] + stride(from: 2, to: numbers.count, by: 2).map { numbers[$0] }
        let times = stride(from: 1, to: numbers.count, by: 2).map { numbers[$0] }
        var kinds: [Int64] = []
        for offset in offsets where !kinds.contains(offset) { kinds.append(offset) }
        let file = ZoneFileWriter(
            times: times, indexes: offsets.dropFirst().map { UInt8(kinds.firstIndex(of: $0)!) },
            types: kinds.map { (Int32($0), 0, 0) })
        return try Zone(name: words[1], tzif: file.bytes)
    }
}

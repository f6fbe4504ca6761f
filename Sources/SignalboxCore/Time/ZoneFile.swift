/// The contents of a TZif file (RFC 8536): a table of changes, and a rule for the time behind it.
///
/// The rule is laid out into the table for the years that schedules ask about, so that a look-up there is a search in
/// sorted numbers; only times far away are computed. It is shared, not copied: many jobs have the same zone.
final class ZoneFile: Sendable {
    /// In order of time: what the file lists, then what its rule says up to ``lastYear``.
    private let changes: [Change]
    /// How many of them the file lists.
    private let listedCount: Int
    /// The kinds of local time, the rule's behind the file's.
    let kinds: [ZoneOffset]
    private let ruleKinds: Int
    /// The kind before the first change.
    private let initialKind: Int
    /// Nil also when the rule changes nothing.
    private let rule: ZoneRule?

    private struct Change {
        let at: Int64
        /// The kind from there on.
        let kind: Int
    }

    init(fixed offset: ZoneOffset) {
        (changes, listedCount, kinds, ruleKinds, initialKind, rule) = ([], 0, [offset], 1, 0, nil)
    }

    init(_ bytes: [UInt8], name: String) throws(ZoneError) {
        guard bytes.count <= 1 << 20 else {
            throw ZoneError(.malformed, "\(quoted(name)): more than 1 MiB of zone data")
        }
        var reader = ZoneFileReader(bytes: bytes, name: name)
        let contents = try reader.contents()
        kinds = contents.types + (contents.rule?.kinds ?? [])
        ruleKinds = contents.types.count
        // Instants reach some 9·10^12 seconds; earlier entries, such as the Big Bang of old files, are as good as -∞.
        let listed = contents.transitions.map {
            Change(at: min(max($0.time, Zone.start + 1), Zone.end - 1), kind: $0.type)
        }
        listedCount = listed.count
        let permanent = contents.rule.map { contents.types.count + $0.permanentKind }
        initialKind = listed.isEmpty ? permanent ?? 0 : 0
        rule = contents.rule.flatMap { $0.changesClocks ? $0 : nil }
        changes = listed + Self.laidOut(rule, behind: listed.last?.at, kinds: contents.types.count)
    }

    /// The last year for which a rule is laid out.
    private static let lastYear = 2060

    private static func laidOut(_ rule: ZoneRule?, behind end: Int64?, kinds: Int) -> [Change] {
        guard let rule else { return [] }
        let first = end.map { max(1970, year(of: $0)) } ?? 1970
        return rule.changes(in: first...max(first, lastYear)).map {
            Change(at: $0.at, kind: kinds + $0.kind)
        }
        .filter { $0.at > end ?? Zone.start }
    }

    private static func year(of seconds: Int64) -> Int {
        CalendarDay(daysSinceEpoch: Int(seconds.flooredDivision(by: 86_400).quotient)).year
    }

    /// Two years behind the last change that is listed: from there on only the rule changes clocks, which comes again with
    /// every cycle of the calendar. Nil where there is no rule.
    var ruleStart: Int64? {
        guard rule != nil else { return nil }
        return listedCount == 0 ? Zone.start : changes[listedCount - 1].at + 2 * 366 * 86_400
    }

    /// The time around `seconds` without a change.
    func span(at seconds: Int64) -> ZoneSpan {
        let index = Self.count(of: changes, through: seconds)
        if let rule, index == listedCount || index == changes.count {
            return farSpan(at: seconds, rule)
        }
        return span(changes, index)
    }

    /// Where the table does not reach: behind it, and between what is listed and what is laid out.
    private func farSpan(at seconds: Int64, _ rule: ZoneRule) -> ZoneSpan {
        let year = Self.year(of: seconds)
        // The one before the last says what the last changes.
        let listed = changes[..<listedCount].suffix(2)
        let near = rule.changes(in: (year - 1)...(year + 1)).map {
            Change(at: $0.at, kind: ruleKinds + $0.kind)
        }
        let line = Array(listed + near.filter { $0.at > listed.last?.at ?? Zone.start })
        return span(line, Self.count(of: line, through: seconds))
    }

    /// The stretch between a change and the one before it on `line`.
    private func span(_ line: [Change], _ index: Int) -> ZoneSpan {
        let kind = index > 0 ? line[index - 1].kind : initialKind
        return ZoneSpan(
            start: index > 0 ? line[index - 1].at : Zone.start,
            end: index < line.count ? line[index].at : Zone.end,
            kind: kind, offset: Int64(kinds[kind].seconds),
            offsetBefore: index == 0 ? nil : offset(index > 1 ? line[index - 2].kind : initialKind),
            offsetAfter: index == line.count ? nil : offset(line[index].kind))
    }

    private func offset(_ kind: Int) -> Int64 { Int64(kinds[kind].seconds) }

    /// How many changes there are up to `seconds`.
    private static func count(of line: [Change], through seconds: Int64) -> Int {
        var (low, high) = (0, line.count)
        while low < high {
            let middle = (low + high) / 2
            if line[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

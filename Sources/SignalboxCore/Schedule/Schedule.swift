/// When a job runs.
public enum Schedule: Hashable, Sendable {
    /// By the calendar, on local time.
    case cron(CronExpression, DaylightRule)
    /// At a fixed distance, counted from when the job was added; at least a millisecond.
    case every(Duration)
    /// Once.
    case at(Instant)
    /// Once per boot of the machine.
    case boot
    /// Only when somebody asks.
    case manual

    /// Reads "0 4 * * *", "@daily", "@every 10s", "@at 2026-11-22T14:30:00Z", "@boot" (or "@reboot"), "@manual".
    ///
    /// Behind a cron expression may stand `dst=cron|skip|twice|utc`, `days=or|and` and `seed=…`: what ``description``
    /// writes when they are not the standard.
    /// - Parameter seed: what `~` draws from, such as machine id and job name; a `seed=…` in the text wins over it.
    /// - Throws: `ScheduleError`.
    public init(text: String, seed: String = "") throws(ScheduleError) {
        var words = try CronWords(text)
        guard let first = words.words.first?.text.lowercased() else {
            throw ScheduleError(.fieldCount, text: text, column: 1, "the schedule is empty: expected as in 0 4 * * *")
        }
        switch first {
        case "@every": self = try Self.every(words)
        case "@at": self = try Self.at(words)
        case "@boot", "@reboot": self = try words.alone(.boot)
        case "@manual": self = try words.alone(.manual)
        default:
            let options = try CronOptions(takenFrom: &words, seed: seed)
            self = .cron(
                try CronExpression(words, dayRule: options.days, seed: options.seed), options.daylight)
        }
    }

    /// The limits of an interval.
    public static let periods: ClosedRange<Duration> = .milliseconds(1)...Duration.accepted.upperBound

    private static func every(_ words: CronWords) throws(ScheduleError) -> Schedule {
        let operand = try words.operand("a duration, as in @every 90m")
        do { return .every(try Duration(text: operand, in: periods)) } catch { throw words.operandError(error.message) }
    }

    private static func at(_ words: CronWords) throws(ScheduleError) -> Schedule {
        let operand = try words.operand("a time, as in @at 2026-11-22T14:30:00Z")
        do { return .at(try Instant(text: operand)) } catch { throw words.operandError(error.message) }
    }
}

extension Schedule {
    /// The clock that its due times, cursor and anchor are read on: an interval keeps its real time however the wall
    /// clock is set.
    public var clock: DueClock {
        switch self {
        case .every: .steady
        case .cron, .at, .boot, .manual: .wall
        }
    }
}

extension Schedule: CustomStringConvertible {
    /// The text that reads back as the same schedule.
    public var description: String {
        switch self {
        case .cron(let expression, let rule):
            var text = expression.fields
            if rule != .cron { text += " dst=\(rule.rawValue)" }
            if expression.dayRule != .either { text += " days=\(expression.dayRule.rawValue)" }
            if let seed = expression.seed { text += " seed=\(String(seed, radix: 16))" }
            return text
        case .every(let period): return "@every \(period.text)"
        case .at(let instant): return "@at \(instant)"
        case .boot: return "@boot"
        case .manual: return "@manual"
        }
    }
}

/// The `key=value` words behind a cron expression.
private struct CronOptions {
    var daylight = DaylightRule.cron
    var days = DayRule.either
    var seed: UInt64

    init(takenFrom words: inout CronWords, seed: String) throws(ScheduleError) {
        var hash = StableHash()
        hash.combine(seed)
        self.seed = hash.value
        while let last = words.words.last, last.text.contains("=") {
            try read(last, of: words.whole)
            words.words.removeLast()
        }
    }

    private mutating func read(_ word: CronWords.Word, of whole: String) throws(ScheduleError) {
        let halves = word.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (key, value) = (halves[0], halves[1])
        if key == "dst", let rule = DaylightRule(rawValue: value) {
            daylight = rule
        } else if key == "days", let rule = DayRule(rawValue: value) {
            days = rule
        } else if key == "seed", let number = UInt64(value, radix: 16) {
            seed = number
        } else {
            throw Self.unknown(word, of: whole)
        }
    }

    private static func unknown(_ word: CronWords.Word, of whole: String) -> ScheduleError {
        ScheduleError(
            .unknownWord, text: whole, column: word.column,
            "\(quoted(word.text)) (column \(word.column)) is no option of a schedule: known are dst=cron, dst=skip, "
                + "dst=twice, dst=utc, days=or, days=and")
    }
}

extension CronWords {
    /// What stands behind the first word.
    fileprivate func operand(_ expected: String) throws(ScheduleError) -> String {
        guard words.count > 1 else {
            throw ScheduleError(
                .operand, text: whole, column: words[0].column, "\(words[0].text) needs \(expected)")
        }
        return words.dropFirst().map(\.text).joined(separator: " ")
    }

    fileprivate func operandError(_ message: String) -> ScheduleError {
        ScheduleError(.operand, text: whole, column: words[1].column, message)
    }

    fileprivate func alone(_ schedule: Schedule) throws(ScheduleError) -> Schedule {
        guard words.count == 1 else {
            throw ScheduleError(
                .operand, text: whole, column: words[1].column,
                "nothing may follow \(words[0].text) (column \(words[1].column))")
        }
        return schedule
    }
}

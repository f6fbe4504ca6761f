/// A cron expression: `[second] minute hour day-of-month month day-of-week`, or one of the words for such, `@daily`.
///
/// The dialect is Debian's crontab(5) with names in any case, ranges that wrap (`fri-mon`, `22-3`), `~` for a value
/// drawn once per job, `L`, `L-3`, `5L` and `2#1`. Behind the fields may stand options: `dst=skip`, `days=and`, and
/// `seed=…`, which keeps what `~` drew. An expression that was read always has a next time: a date that never comes
/// is refused.
public struct CronExpression: Hashable, Sendable {
    /// The fields or the word as written, with single blanks, without options.
    public let fields: String
    public let dayRule: DayRule
    /// What `~` was drawn from; nil when the expression has none.
    let seed: UInt64?
    let pattern: CronPattern
    /// Minute or hour begin with `*`: matched at every real minute, whatever the clocks do (see ``DaylightRule``).
    public let isWildcard: Bool

    /// Reads five or six fields or a word such as `@daily`; options are read by ``Schedule/init(text:seed:)``.
    /// - Parameter seed: what `~` draws from: the same seed always gives the same times.
    /// - Throws: `ScheduleError` with the field, the column and what is allowed there.
    public static func parse(
        _ text: String, days: DayRule = .either, seed: String = ""
    ) throws(ScheduleError) -> CronExpression {
        var hash = StableHash()
        hash.combine(seed)
        return try CronExpression(CronWords(text), dayRule: days, seed: hash.value)
    }

    init(_ words: CronWords, dayRule: DayRule, seed: UInt64) throws(ScheduleError) {
        var parts = try words.expanded()
        let hasSeconds = parts.count == 6
        if !hasSeconds { parts.insert(("0", 1), at: 0) }
        let kinds: [CronField] = [.second, .minute, .hour, .dayOfMonth, .month, .dayOfWeek]
        var values: [CronValues] = []
        for (kind, part) in zip(kinds, parts) {
            values.append(
                try CronFieldParser.parse(kind, part.text, column: part.column, whole: words.whole, seed: seed))
        }
        fields = words.normalized
        self.dayRule = dayRule
        self.seed = values.contains { $0.usesSpread } ? seed : nil
        pattern = CronPattern(values, dayRule: dayRule)
        isWildcard = values[1].beginsWithStar || values[2].beginsWithStar
        guard pattern.comesOften else { throw words.neverComes }
    }

    /// What it matches follows from its text, the rule for days and the seed.
    public static func == (left: CronExpression, right: CronExpression) -> Bool {
        left.fields == right.fields && left.dayRule == right.dayRule && left.seed == right.seed
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(fields)
        hasher.combine(dayRule)
        hasher.combine(seed)
    }

    /// Day-of-month and day-of-week both restrict, which cron reads as "either" and most queues as "both".
    public var restrictsBothDays: Bool {
        !pattern.daysOfMonth.beginsWithStar && !pattern.daysOfWeek.beginsWithStar
    }
}

/// The words of a cron expression, each with the column where it stands.
struct CronWords {
    typealias Word = (text: String, column: Int)
    let whole: String
    var words: [Word]

    /// - Throws: `ScheduleError` when the text is longer than any schedule.
    init(_ text: String) throws(ScheduleError) {
        guard text.utf8.count <= Self.longest else {
            throw ScheduleError(
                .tooLong, text: String(text.prefix(Self.longest)), column: 1,
                "the schedule \(quoted(text)) has \(text.utf8.count) bytes: at most \(Self.longest) are read")
        }
        whole = text
        words = []
        var column = 1
        var current: Word = ("", 1)
        for character in text {
            if character == " " || character == "\t" || character.isNewline {
                if !current.text.isEmpty { words.append(current) }
                current = ("", column + 1)
            } else {
                current.text.append(character)
            }
            column += 1
        }
        if !current.text.isEmpty { words.append(current) }
    }

    /// Far more than any schedule needs, in bytes.
    private static let longest = 1_000

    var normalized: String {
        words.count == 1 ? words[0].text.lowercased() : words.map(\.text).joined(separator: " ")
    }

    /// What the `@words` stand for.
    static let macros: [(word: String, fields: String)] = [
        ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"), ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@hourly", "0 * * * *"), ("@minutely", "* * * * *"),
    ]

    /// Five or six fields, with a word such as `@daily` replaced by what it stands for.
    func expanded() throws(ScheduleError) -> [Word] {
        if words.count == 1, words[0].text.hasPrefix("@") {
            guard let macro = Self.macros.first(where: { $0.word == words[0].text.lowercased() }) else {
                throw unknownWord
            }
            return try CronWords(macro.fields).words
        }
        guard words.count == 5 || words.count == 6 else {
            throw ScheduleError(
                .fieldCount, text: whole, column: 1,
                "\(quoted(whole)) has \(words.count) fields: expected 5, minute hour day-of-month month day-of-week, "
                    + "or 6 with the second in front, as in 30 2 * * *")
        }
        return words
    }

    private var unknownWord: ScheduleError {
        let known = Self.macros.map(\.word).joined(separator: " ")
        return ScheduleError(
            .unknownWord, text: whole, column: words[0].column,
            "there is no \(quoted(words[0].text)): known are \(known) @every @at @boot @reboot @manual")
    }

    var neverComes: ScheduleError {
        ScheduleError(
            .neverComes, field: CronField.dayOfMonth.name, text: whole,
            column: words.count >= 5 ? words[words.count - 3].column : 1,
            "\(quoted(whole)) never comes: no such date within 8 years; look at day of month, month and day of week")
    }
}

import SignalboxCore

/// Where a line stands.
struct CrontabPlace {
    let file: String
    let line: Int

    func error(_ code: FormatError.Code, column: Int, _ message: String) -> FormatError {
        FormatError(code, file: file, line: line, column: column, message)
    }
}

/// One line of a crontab.
enum CrontabLine {
    case nothing
    case variable(name: String, value: String)
    case job(CrontabEntry)

    init(_ line: String, at place: CrontabPlace, isSystem: Bool) throws(FormatError) {
        let text = line.drop { $0.isCrontabBlank }
        guard let first = text.first, first != "#" else {
            self = .nothing
            return
        }
        guard !line.utf8.contains(0) else { throw place.error(.syntax, column: 1, "the line contains a NUL character") }
        if let (name, value) = try Self.assignment(in: text, of: line, at: place) {
            self = .variable(name: name, value: value)
        } else {
            self = .job(try CrontabEntry(line, at: place, isSystem: isSystem))
        }
    }

    /// "NAME = value"; nil when the line is none: its name ends at a blank that no `=` follows.
    private static func assignment(
        in text: Substring, of line: String, at place: CrontabPlace
    ) throws(FormatError) -> (String, String)? {
        let (name, behindName) = try word(at: text, of: line, at: place)
        let equals = behindName.drop { $0.isCrontabBlank }
        guard equals.first == "=", !name.isEmpty else { return nil }
        let written = equals.dropFirst().drop { $0.isCrontabBlank }
        guard let quote = written.first else {
            throw place.error(.value, column: line.count, "\(name) has no value; for an empty one write \(name)=\"\"")
        }
        guard quote == "\"" || quote == "'" else { return (name, trimmedEnd(written)) }
        let inside = written.dropFirst()
        guard let end = inside.firstIndex(of: quote), inside[inside.index(after: end)...].allSatisfy(\.isCrontabBlank)
        else {
            throw place.error(
                .syntax, column: line.distance(from: line.startIndex, to: written.startIndex) + 1,
                "the value of \(name) begins with \(quote): expected one more, at the end of the line")
        }
        return (name, String(inside[..<end]))
    }

    /// The name in front of an `=`, in quotes or not, and what follows it.
    private static func word(
        at text: Substring, of line: String, at place: CrontabPlace
    ) throws(FormatError) -> (String, Substring) {
        if let quote = text.first, quote == "\"" || quote == "'" {
            guard let end = text.dropFirst().firstIndex(of: quote) else {
                throw place.error(.syntax, column: 1, "a quote is opened and not closed")
            }
            return (String(text[text.index(after: text.startIndex)..<end]), text[text.index(after: end)...])
        }
        let name = text.prefix { !$0.isCrontabBlank && $0 != "=" }
        return (String(name), text[name.endIndex...])
    }

    private static func trimmedEnd(_ text: Substring) -> String {
        var text = text
        while let last = text.last, last.isCrontabBlank { text.removeLast() }
        return String(text)
    }
}

/// A line that runs something.
struct CrontabEntry {
    let user: String?
    let command: String
    /// What the command reads, or nothing.
    let input: String
    private let fields: String
    private let column: Int
    private let place: CrontabPlace

    init(_ line: String, at place: CrontabPlace, isSystem: Bool) throws(FormatError) {
        var rest = Substring(line)
        self.place = place
        rest = rest.drop { $0.isCrontabBlank }
        let start = rest.startIndex
        column = line.distance(from: line.startIndex, to: start) + 1
        var last = ""
        for _ in 0..<(rest.first == "@" ? 1 : 5) { last = Self.takeWord(&rest) }
        fields = String(line[start..<rest.startIndex])
        guard !last.isEmpty else {
            throw place.error(
                .syntax, column: column,
                "expected minute hour day-of-month month day-of-week, "
                    + "\(isSystem ? "user, " : "")command, or NAME=value")
        }
        user = isSystem ? Self.takeWord(&rest) : nil
        guard !rest.isEmpty else {
            throw place.error(
                .missing, column: line.count,
                isSystem
                    ? "a user and a command must follow the time: this line has no command" : "the command is missing")
        }
        (command, input) = Self.splitAtPercent(rest)
    }

    /// The words for a time that crontab(5) knows.
    private static let words = [
        "@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
    ]

    func schedule(seed: String) throws(FormatError) -> Schedule {
        if fields.hasPrefix("@"), !Self.words.contains(fields.trimmed.lowercased()) {
            throw place.error(
                .value, column: column,
                "there is no \(quoted(fields.trimmed)) in a crontab: expected five fields or one of "
                    + Self.words.joined(separator: " ")
            )
        }
        do throws(ScheduleError) {
            return try Schedule(text: fields, seed: seed)
        } catch {
            throw place.error(.value, column: column + error.column - 1, error.message)
        }
    }

    /// The next word, and the blanks behind it are stepped over.
    private static func takeWord(_ rest: inout Substring) -> String {
        let word = rest.prefix { !$0.isCrontabBlank }
        rest = rest[word.endIndex...].drop { $0.isCrontabBlank }
        return String(word)
    }

    /// The command up to the first bare `%`, and its standard input behind it: exactly what cron's do_command.c makes
    /// of them, a newline at the input's end included.
    private static func splitAtPercent(_ text: Substring) -> (command: String, input: String) {
        var command = ""
        var isEscaped = false
        var index = text.startIndex
        while index < text.endIndex, isEscaped || text[index] != "%" {
            let character = text[index]
            if isEscaped && character == "%" { command.removeLast() }
            command.append(character)
            isEscaped = !isEscaped && character == "\\"
            index = text.index(after: index)
        }
        guard index < text.endIndex else { return (command, "") }
        return (command, input(text[text.index(after: index)...]))
    }

    private static func input(_ text: Substring) -> String {
        var input = ""
        var isEscaped = false
        for character in text {
            let isPercent = character == "%"
            if isEscaped && !isPercent { input.append("\\") }
            let written: Character = isPercent && !isEscaped ? "\n" : character
            isEscaped = written == "\\"
            if !isEscaped { input.append(written) }
        }
        if isEscaped { input.append("\\") }
        if !text.isEmpty && input.last != "\n" { input.append("\n") }
        return input
    }
}

extension Character {
    var isCrontabBlank: Bool { self == " " || self == "\t" }
}

// ExecStart= lines (systemd.service(5), "Command lines"), said as a command of ours: a program where it is one, else a
// line for the shell.

import SignalboxCore

/// One command of an ExecStart= and its like.
struct ExecCommand: Hashable {
    /// `-`: its failure counts as success.
    var mayFail = false
    /// `:`: no variables are put in.
    var isLiteral = false
    /// `+` or `!`: it runs with more rights than the service.
    var isPrivileged = false
    var words: [String]

    /// The commands of one line, which a `;` by itself divides.
    static func parse(_ entry: UnitEntry, unit: UnitName) throws(UnitValueError) -> [ExecCommand] {
        let words = try UnitWords.split(entry.value)
        var commands: [ExecCommand] = []
        for part in words.split(whereSeparator: { $0.text == ";" && !$0.isQuoted }) {
            commands.append(try ExecCommand(part.map(\.text), unit: unit))
        }
        guard !commands.isEmpty else { throw UnitValueError("\(entry.key) names no command") }
        return commands
    }

    private init(_ line: [String], unit: UnitName) throws(UnitValueError) {
        words = []
        for word in line { words.append(try unit.expanding(word)) }
        guard var program = words.first else { throw UnitValueError("there is no command") }
        var hasOwnName = false
        prefixes: while let character = program.first {
            switch character {
            case "-": mayFail = true
            case ":": isLiteral = true
            case "+", "!": isPrivileged = true
            case "@": hasOwnName = true
            default: break prefixes
            }
            program.removeFirst()
        }
        guard !program.isEmpty else { throw UnitValueError("there is no command behind \(quoted(line[0]))") }
        words[0] = program
        // `@`: the second word is what the program is called, and no argument.
        if hasOwnName, words.count > 1 { words.remove(at: 1) }
    }

    /// Some word has a variable in it.
    private var hasVariables: Bool { !isLiteral && words.contains { $0.contains("$") } }
    private var isPlain: Bool { !mayFail && !hasVariables }

    /// All of them, one after the other, as long as each succeeds.
    static func command(_ commands: [ExecCommand]) -> Command {
        if commands.count == 1, commands[0].isPlain { return .program(commands[0].words) }
        let lines = commands.map { $0.mayFail ? "{ \($0.line) || true; }" : $0.line }
        return .shell(
            commands.count == 1 && commands[0].mayFail ? "\(commands[0].line) || true" : lines.joined(separator: " && ")
        )
    }

    /// The words for the shell.
    private var line: String {
        guard hasVariables else { return Command.program(words).text }
        return words.map(Self.shellWord).joined(separator: " ")
    }

    /// `$NAME` as a word by itself is split at blanks; `${NAME}` anywhere is one piece; `$$` is a dollar sign.
    private static func shellWord(_ word: String) -> String {
        guard word.contains("$") else { return Command.program([word]).text }
        if word.hasPrefix("$"), isName(word.dropFirst()) { return word }
        var result = "\""
        var rest = word[...]
        while let character = rest.popFirst() {
            if character == "$", rest.first == "{", let end = rest.firstIndex(of: "}"),
                isName(rest[rest.index(after: rest.startIndex)..<end])
            {
                result += "$" + rest[...end]
                rest = rest[rest.index(after: end)...]
                continue
            }
            if character == "$", rest.first == "$" { rest.removeFirst() }
            result += "\"\\$`".contains(character) ? "\\\(character)" : String(character)
        }
        return result + "\""
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && text.first?.isNumber == false
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
}

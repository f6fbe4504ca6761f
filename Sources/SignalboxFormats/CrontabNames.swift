import SignalboxCore

/// Names for the lines of one crontab, which have none: the file's and that of the program a line is about, such as
/// "sysstat-debian-sa1". The same file gives the same names again.
struct CrontabNames {
    private let base: String
    private var taken: Set<String> = []

    init(file: String) {
        let last = file.split(separator: "/").last.map(String.init) ?? ""
        let name = Self.plain(last)
        base = name.isEmpty ? "crontab" : name
    }

    /// A name that no earlier line has: with the program, else with its last argument too, else with a number.
    mutating func name(for command: String) -> JobName {
        let words = Self.essence(of: command)
        let program = Self.plain(Self.lastPart(words.first ?? ""))
        let short = program.isEmpty || program == base ? base : "\(base)-\(program)"
        let argument = words.count > 1 ? Self.plain(Self.lastPart(words[words.count - 1])) : ""
        var candidates = [short]
        if !argument.isEmpty { candidates.append("\(short)-\(argument)") }
        var number = 2
        while true {
            for candidate in candidates where !taken.contains(candidate) {
                if let name = try? JobName(candidate) {
                    taken.insert(candidate)
                    return name
                }
            }
            candidates = ["\(short)-\(number)"]
            number += 1
        }
    }

    private static func lastPart(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// `text` with only the characters of a name, at most 50 of them.
    private static func plain(_ text: String) -> String {
        var result = ""
        for character in text.prefix(50) {
            let fits = character.isASCII && (character.isLetter || character.isNumber || "._".contains(character))
            if fits || !(result.isEmpty || result.hasSuffix("-")) { result.append(fits ? character : "-") }
        }
        while let last = result.last, "-._".contains(last) { result.removeLast() }
        return String(result.drop { "-._".contains($0) })
    }
}

// MARK: - What a command is about

extension CrontabNames {
    /// Words that only introduce a command.
    private static let openers: Set<String> = ["then", "else", "do", "{", "(", "!", "exec", "time"]
    /// Programs that run the one named behind their options and numbers.
    private static let wrappers: Set<String> = [
        "nice", "ionice", "chronic", "nohup", "env", "sudo", "timeout", "flock", "setsid", "command", "sh", "bash",
    ]
    /// Commands that only decide whether, when or where the real one runs.
    private static let guards: Set<String> = [
        "[", "[[", "test", "if", "elif", "while", "sleep", "cd", "true", "fi", "done",
    ]

    /// Program and arguments of the first part that does something; `run-parts` gives way to its directory.
    private static func essence(of command: String) -> [String] {
        for part in parts(of: command) {
            var words = part
            while let first = words.first, openers.contains(first) || isAssignment(first) { words.removeFirst() }
            guard let first = words.first, !isGuard(words) else { continue }
            if wrappers.contains(first) { words = unwrapped(words) }
            guard let program = words.first else { continue }
            return program.hasSuffix("run-parts") ? Array(words.suffix(1)) : words
        }
        return parts(of: command).first ?? []
    }

    private static func isAssignment(_ word: String) -> Bool {
        guard let equals = word.firstIndex(of: "="), equals > word.startIndex else { return false }
        return word[..<equals].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    private static func isGuard(_ words: [String]) -> Bool {
        let asksForCommand = words[0] == "command" && words.dropFirst().first == "-v"
        let drawsDelay = words.dropFirst().first == "-e" && words.contains { $0.contains("sleep") }
        return guards.contains(words[0]) || asksForCommand || drawsDelay
    }

    /// Without the wrapper, its options and numbers, and the lock file of `flock`.
    private static func unwrapped(_ words: [String]) -> [String] {
        var rest = words.dropFirst().drop { $0.hasPrefix("-") || $0.first?.isNumber == true || isAssignment($0) }
        if words[0] == "flock" { rest = rest.dropFirst() }
        return rest.isEmpty ? words : Array(rest)
    }

    /// The commands of a shell line, each as its words without redirections; quotes are only taken off.
    private static func parts(of command: String) -> [[String]] {
        command.split { ";|&\n".contains($0) }.map { part in
            part.split { $0.isCrontabBlank }.map { $0.filter { !"'\"`".contains($0) } }
                .filter { !$0.isEmpty && !$0.contains(">") && !$0.contains("<") && $0 != "}" && $0 != ")" }
        }
    }
}

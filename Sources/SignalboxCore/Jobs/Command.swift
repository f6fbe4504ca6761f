/// What a dispatch runs.
public enum Command: Hashable, Sendable {
    /// A program and its arguments, started directly; the program is looked up in the job's PATH. Never empty.
    case program([String])
    /// A line for `/bin/sh -c`.
    case shell(String)
    /// Nothing to start: a worker that has this handler gives it the input.
    case handler(HandlerName)

    /// The handler that it names; nil for what is started.
    public var handler: HandlerName? { if case .handler(let name) = self { name } else { nil } }

    /// For people: the arguments joined by spaces, quoted where a shell would need it, or the shell's text as it is.
    public var text: String {
        switch self {
        case .program(let arguments): arguments.map(shellWord).joined(separator: " ")
        case .shell(let line): line
        case .handler(let name): "handler \(name)"
        }
    }

    /// ``text`` in one line, with `⏎` where it has several.
    public var summary: String {
        text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ⏎ ")
    }
}

private func shellWord(_ argument: String) -> String {
    let plain = argument.utf8.allSatisfy { $0.isLetter || $0.isDigit || "_-./:=,@%+".utf8.contains($0) }
    guard !plain || argument.isEmpty else { return argument }
    return "'" + argument.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// What is left out wherever a command is shown: values whose names say that they are secret. The name decides, because
/// nothing else can: it contains `token`, `secret`, `password` or `key`, in any case.
///
/// This is a net for pages, JSON and dumps, not a safe: a secret belongs into a file that only the job's user can read.
public let redactionMark = "[redacted]"

/// The variables, with the values of secret ones replaced.
public func redacted(environment: [String: String]) -> [String: String] {
    var shown = environment
    for name in environment.keys where isSecret(name) { shown[name] = redactionMark }
    return shown
}

/// The arguments, with what stands behind a secret name replaced: `--token x`, `--password=x`, `API_KEY=x`,
/// `X-Api-Key: x`, `{"password": "x"}`, `https://host/?token=x`.
public func redacted(arguments: [String]) -> [String] {
    var shown: [String] = []
    var valueFollows = false
    for argument in arguments {
        shown.append(valueFollows && !argument.hasPrefix("--") ? redactionMark : redactedValue(in: argument))
        valueFollows = namesFollowingSecret(argument)
    }
    return shown
}

/// A shell line, or arguments joined to one, treated word by word as `arguments` are.
public func redacted(line: String) -> String {
    var result = ""
    var valueFollows = false
    for piece in ShellPieces(line) {
        switch piece {
        case .space(let text): result += text
        case .word(let text):
            result += valueFollows && !text.hasPrefix("--") ? redactionMark : closingQuote(redactedValue(in: text))
            valueFollows = namesFollowingSecret(text)
        }
    }
    return result
}

extension Command {
    /// The command as it may be shown.
    public var redacted: Command {
        switch self {
        case .program(let arguments): .program(SignalboxCore.redacted(arguments: arguments))
        case .shell(let line): .shell(SignalboxCore.redacted(line: line))
        case .handler: self
        }
    }
}

/// A payload as it may be shown: without the members of JSON with secret names, and of another text without what stands
/// behind a secret name in a line.
public func redacted(payload: String) -> String {
    if let json = JSONText(payload) { return redacted(json: json) }
    let lines = payload.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return lines.map { line in
        let shown = redactedValue(in: line)
        return shown == line ? redacted(line: line) : shown
    }.joined(separator: "\n")
}

/// The same of bytes that are no text: each is taken for one character, and becomes the same byte again.
public func redacted(payload: [UInt8]) -> [UInt8] {
    var text = String.UnicodeScalarView()
    for byte in payload { text.append(Unicode.Scalar(byte)) }
    return redacted(payload: String(text)).unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

private func redacted(json: JSONText) -> String {
    if let members = json.members {
        let shown = members.map { name, value in
            JSONText(string: name).text + ":"
                + (isSecret(name) ? JSONText(string: redactionMark).text : redacted(json: value))
        }
        return "{\(shown.joined(separator: ","))}"
    }
    if let elements = json.elements { return "[\(elements.map(redacted(json:)).joined(separator: ","))]" }
    return json.text
}

/// False where there is nothing to redact in a text or a list of texts that has these bytes: most have nothing, and need
/// not be taken apart.
public func mayHoldSecret(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices {
        switch bytes[index] | 0x20 {
        case UInt8(ascii: "t") where bytes.hasWord("oken", after: index): return true
        case UInt8(ascii: "s") where bytes.hasWord("ecret", after: index): return true
        case UInt8(ascii: "p") where bytes.hasWord("assword", after: index): return true
        case UInt8(ascii: "k") where bytes.hasWord("ey", after: index): return true
        // The Kelvin sign, which becomes a k when it is made small; and in JSON any letter may be written by its number.
        case 0xE2 where bytes.has(0x84, 0xAA, after: index): return true
        case UInt8(ascii: "|") where bytes.has(UInt8(ascii: "u"), after: index): return true
        default: break
        }
    }
    return false
}

extension Span<UInt8> {
    fileprivate func has(_ rest: UInt8..., after index: Int) -> Bool {
        guard rest.count < count - index else { return false }
        return rest.indices.allSatisfy { self[index + 1 + $0] == rest[$0] }
    }

    fileprivate func hasWord(_ rest: String, after index: Int) -> Bool {
        let rest = rest.utf8.span
        guard rest.count < count - index else { return false }
        for place in rest.indices where self[index + 1 + place] | 0x20 != rest[place] { return false }
        return true
    }
}

/// `word` with the quote closed again that the mark has cut off.
private func closingQuote(_ word: String) -> String {
    guard word.hasSuffix(redactionMark) else { return word }
    var open: Character?
    for character in word {
        if character == open {
            open = nil
        } else if open == nil, character == "\"" || character == "'" {
            open = character
        }
    }
    return open.map { word + String($0) } ?? word
}

/// Whether the value of what is called so is left out.
public func isSecret(_ name: some StringProtocol) -> Bool {
    let lowercased = name.lowercased()
    return ["token", "secret", "password", "key"].contains { lowercased.contains($0) }
}

/// `--token` or `-key`, whose value is the next argument.
private func namesFollowingSecret(_ argument: String) -> Bool {
    argument.hasPrefix("-") && argument.utf8.allSatisfy(isNameByte) && isSecret(argument)
}

/// `argument` up to the separator behind the first secret name in it, and the mark instead of the rest.
private func redactedValue(in argument: String) -> String {
    let bytes = argument.utf8
    var start = bytes.startIndex
    var index = bytes.startIndex
    while index < bytes.endIndex {
        if isNameByte(bytes[index]) {
            index = bytes.index(after: index)
            continue
        }
        if let value = valueStart(after: index, in: bytes), isSecret(argument[start..<index]) {
            return argument[..<value] + redactionMark
        }
        index = bytes.index(after: index)
        start = index
    }
    return argument
}

/// Where the value begins when `index` is a separator: `=`, `: `, or either of them behind a closing quote; else nil.
private func valueStart(after index: String.Index, in bytes: String.UTF8View) -> String.Index? {
    var rest = bytes[index...]
    let quoted = rest.first == UInt8(ascii: "\"") || rest.first == UInt8(ascii: "'")
    if quoted { rest.removeFirst() }
    switch rest.popFirst() {
    case UInt8(ascii: "="): return rest.isEmpty ? nil : rest.startIndex
    case UInt8(ascii: ":"):
        let blank = rest.first == UInt8(ascii: " ")
        if blank { rest.removeFirst() }
        return blank || quoted ? rest.startIndex : nil
    default: return nil
    }
}

private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
    default: false
    }
}

/// A shell line cut at the blanks that stand outside of quotes; put together again, the pieces are the line.
private struct ShellPieces: Sequence, IteratorProtocol {
    enum Piece {
        case space(String)
        case word(String)
    }

    private var rest: Substring

    init(_ line: String) { rest = line[...] }

    mutating func next() -> Piece? {
        guard let first = rest.first else { return nil }
        if first.isWhitespace {
            let blanks = rest.prefix { $0.isWhitespace }
            rest = rest[blanks.endIndex...]
            return .space(String(blanks))
        }
        var quote: Character?
        let word = rest.prefix { character in
            if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
            }
            return quote != nil || !character.isWhitespace
        }
        rest = rest[word.endIndex...]
        return .word(String(word))
    }
}

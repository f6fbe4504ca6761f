// The words of a value (systemd.syntax(7), "Quoting"): blanks divide, quotes hold together, a backslash escapes.

import SignalboxCore

/// A word, and whether quotes made it: a bare `;` divides commands, a quoted one does not.
struct UnitWord: Hashable {
    var text = ""
    var isQuoted = false
}

enum UnitWords {
    /// - Throws: `UnitValueError` for a quote that is not closed, or an escape that is none.
    static func split(_ text: String) throws(UnitValueError) -> [UnitWord] {
        var words: [UnitWord] = []
        var word: UnitWord?
        var quote: Character?
        var rest = text[...]
        while let character = rest.popFirst() {
            if let open = quote, character == open {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
                word = word ?? UnitWord()
                word?.isQuoted = true
            } else if quote == nil, character == " " || character == "\t" {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = word ?? UnitWord()
                word?.text += character == "\\" ? try escaped(&rest, in: text) : String(character)
            }
        }
        guard quote == nil else { throw UnitValueError("a quote is opened and not closed in \(quoted(text))") }
        if let word { words.append(word) }
        return words
    }

    /// What the characters behind a backslash stand for.
    private static func escaped(_ rest: inout Substring, in text: String) throws(UnitValueError) -> String {
        let unknown = UnitValueError("there is no such escape in \(quoted(text))")
        guard let character = rest.popFirst() else { throw unknown }
        switch character {
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{b}"
        case "s": return " "
        case "\\", "\"", "'", ";": return String(character)
        case "x":
            let digits = rest.prefix(2)
            guard digits.count == 2, let code = UInt8(digits, radix: 16), code > 0, code < 128 else { throw unknown }
            rest = rest.dropFirst(2)
            return String(Unicode.Scalar(code))
        default: throw unknown
        }
    }
}

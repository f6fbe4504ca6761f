// The words of a value (systemd.syntax(7), "Quoting"): blanks divide, quotes hold together, also inside a word, and a
// backslash escapes.

import SignalboxCore

/// A word, and whether quotes made it: a bare `;` divides commands, a quoted one does not.
struct UnitWord: Hashable {
    var text = ""
    var isQuoted = false
}

enum UnitWords {
    /// - Throws: `UnitValueError` for a quote that is not closed.
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
                word?.text += character == "\\" ? escaped(&rest) : String(character)
            }
        }
        guard quote == nil else { throw UnitValueError("a quote is opened and not closed in \(quoted(text))") }
        if let word { words.append(word) }
        return words
    }

    private static let escapes: [Character: String] = [
        "a": "\u{7}", "b": "\u{8}", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{b}", "s": " ", "\\": "\\",
        "\"": "\"", "'": "'", ";": ";",
    ]

    /// What the characters behind a backslash stand for; where that is nothing, the backslash stays, as with systemd.
    private static func escaped(_ rest: inout Substring) -> String {
        if let first = rest.first, let plain = escapes[first] {
            rest.removeFirst()
            return plain
        }
        let digits: (prefix: Int, count: Int, radix: Int) =
            switch rest.first {
            case "x": (1, 2, 16)
            case "u": (1, 4, 16)
            case "U": (1, 8, 16)
            default: (0, 3, 8)
            }
        let code = rest.dropFirst(digits.prefix).prefix(digits.count)
        guard code.count == digits.count, let number = UInt32(code, radix: digits.radix), number > 0,
            let scalar = Unicode.Scalar(number)
        else { return "\\" }
        rest = rest[code.endIndex...]
        return String(Character(scalar))
    }
}

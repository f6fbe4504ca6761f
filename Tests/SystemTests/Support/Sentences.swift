/// Whether a command said what is wrong in one line, as people expect it: a program's name, a sentence, no dump of
/// anything, and no control characters for the terminal.
func isOneSentence(_ errors: String) -> Bool {
    let lines = errors.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 2, lines[1].isEmpty, lines[0].hasPrefix("signalbox: "), lines[0].count > 30 else {
        return false
    }
    let isPlain = lines[0].unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    return isPlain && !lines[0].contains("Error(") && !lines[0].contains("Optional(")
}

/// A line that a command writes to descriptor 3 (SIGNALBOX_CONTROL_FD) to tell us something.
public enum ControlLine: Hashable, Sendable {
    /// `progress 40 copying photos`: 0 to 100, and a text of up to ``textLimit`` bytes.
    case progress(percent: Int, text: String)

    /// The most of a text that is kept.
    public static let textLimit = 200

    /// Nil when the line says nothing we know; such lines are ignored, so that commands may be newer than we are.
    public init?(_ line: some StringProtocol) {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0] == "progress", let percent = Int(words[1]), (0...100).contains(percent) else {
            return nil
        }
        self = .progress(percent: percent, text: words.count > 2 ? Self.cut(words[2]) : "")
    }

    /// The beginning of `text` that fits, without half a character at its end.
    private static func cut(_ text: some StringProtocol) -> String {
        var kept = ""
        for scalar in text.unicodeScalars {
            guard kept.utf8.count + UTF8.width(scalar) <= textLimit else { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept
    }
}

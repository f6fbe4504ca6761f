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
        let text = words.count > 2 ? String(words[2].prefix(Self.textLimit)) : ""
        self = .progress(percent: percent, text: text)
    }
}

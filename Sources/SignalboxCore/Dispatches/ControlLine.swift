/// A line that a command writes to descriptor 3 (SIGNALBOX_CONTROL_FD) to tell us something.
public enum ControlLine: Hashable, Sendable {
    /// `progress 40 copying photos`: 0 to 100, and a text of up to ``textLimit`` bytes.
    case progress(percent: Int, text: String)
    /// `ping`: it is alive.
    case ping
    /// `snooze 5m`: when it has ended well, it is to be started again after so long.
    case snooze(Duration)
    /// `result {"rows": 7}`: what came of it, as one value of JSON of up to ``resultLimit`` bytes.
    case result(JSONText)
    /// `tag customer=acme`: a mark on this run. A name is made of letters, digits, `.`, `_` and `-`.
    case tag(name: String, value: String)

    /// The most of a text that is kept, in bytes.
    public static let textLimit = 200
    /// The longest name of a tag.
    public static let tagNameLimit = 64
    /// The longest result.
    public static let resultLimit = 16_384
    /// What a snooze may be.
    public static let snoozeLimits = Duration.seconds(1)...Duration.accepted.upperBound
    /// A longer line is not one of ours.
    public static let lengthLimit = resultLimit + 64

    /// Nil when the line says nothing we know; such lines are ignored, so that commands may be newer than we are.
    public init?(_ line: String) {
        let words = line.trimmed.split(separator: " ", maxSplits: 1).map { String($0).trimmed }
        guard let word = words.first else { return nil }
        let rest = words.count > 1 ? words[1] : ""
        switch word {
        case "progress": self.init(progress: rest)
        case "ping": self = .ping
        case "snooze":
            guard let wait = try? Duration(text: rest, in: Self.snoozeLimits) else { return nil }
            self = .snooze(wait)
        case "result":
            guard rest.utf8.count <= Self.resultLimit, let value = JSONText(rest) else { return nil }
            self = .result(value)
        case "tag": self.init(tag: rest)
        default: return nil
        }
    }

    private init?(progress text: String) {
        let words = text.split(separator: " ", maxSplits: 1)
        guard let first = words.first, let percent = Int(first), (0...100).contains(percent) else { return nil }
        self = .progress(percent: percent, text: words.count > 1 ? Self.cut(words[1]) : "")
    }

    private init?(tag text: String) {
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, (1...Self.tagNameLimit).contains(halves[0].utf8.count),
            halves[0].utf8.allSatisfy({ $0.isLetter || $0.isDigit || "._-".utf8.contains($0) })
        else { return nil }
        self = .tag(name: String(halves[0]), value: Self.cut(halves[1]))
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

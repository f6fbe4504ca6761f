/// What was lost of a damaged store, and what of the rest had to be left out because of that.
public struct SalvageReport: Sendable {
    /// Records that were taken.
    public internal(set) var records = 0
    /// Records of them that lay on pages which no tree leads to any more.
    public internal(set) var fromLostPages = 0
    private var losses: [(what: String, count: Int, examples: [String])] = []

    /// So many of a kind are named; of more the number says enough.
    private static let exampleLimit = 20

    /// Whether nothing is missing.
    public var isWhole: Bool { losses.isEmpty }

    /// One for each kind of loss.
    public var sentences: [String] {
        losses.map { loss in
            let examples = loss.examples.joined(separator: ", ")
            let rest = loss.count > loss.examples.count && !loss.examples.isEmpty ? " …" : ""
            return "\(loss.count) \(loss.what)" + (examples.isEmpty ? "" : ": \(examples)\(rest)")
        }
    }

    mutating func lose(_ what: String, _ example: String?, count: Int = 1) {
        let index = losses.firstIndex { $0.what == what } ?? losses.endIndex
        if index == losses.endIndex { losses.append((what, 0, [])) }
        losses[index].count += count
        if let example, losses[index].examples.count < Self.exampleLimit { losses[index].examples.append(example) }
    }
}

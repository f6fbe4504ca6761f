/// What becomes of a dispatch when one that it comes after ends without success.
public enum ParentFailure: UInt8, Hashable, Sendable, CaseIterable {
    /// It is CANCELLED, and so is what comes after it.
    case cancel = 0
    /// It runs all the same, once all have ended.
    case run = 1
    /// It waits until what was made again of the other has succeeded.
    case wait = 2

    /// The word used in options and files: `cancel`, `run`, `wait`.
    public var word: String {
        switch self {
        case .cancel: "cancel"
        case .run: "run"
        case .wait: "wait"
        }
    }

    public init?(word: String) {
        guard let policy = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = policy
    }
}

/// How many of the records of one outcome are kept, and for how long: whichever limit is met first, the oldest go.
public struct KeepLimit: Hashable, Sendable {
    /// Nil: any number.
    public var count: Int?
    /// Since they ended; nil: for ever.
    public var age: Duration?

    public init(count: Int? = nil, age: Duration? = nil) {
        self.count = count
        self.age = age
    }

    public static let forever = KeepLimit()

    /// What ``count`` may be; with 0 nothing is kept but what always is.
    public static let counts = 0...1_000_000_000
    /// What ``age`` may be.
    public static let ages = Duration.seconds(1)...Duration.accepted.upperBound
}

extension KeepLimit {
    /// As people write it: "100 or 7d", "100", "7d", "forever".
    public var text: String {
        let parts = [count.map { "\($0)" }, age.map(Self.text(of:))].compactMap { $0 }
        return parts.isEmpty ? "forever" : parts.joined(separator: " or ")
    }

    /// Days and not weeks: 7d is what people write.
    private static func text(of age: Duration) -> String {
        let (days, rest) = age.microseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
        return rest == 0 ? "\(days)d" : age.text
    }

    /// Reads what ``text`` writes.
    /// - Throws: ``LimitTextError``.
    public init(text: String) throws(LimitTextError) {
        self.init()
        guard text.trimmed != "forever" else { return }
        for part in text.split(separator: " ", omittingEmptySubsequences: true).map(String.init).split(separator: "or")
        {
            guard part.count == 1, let word = part.first else { throw Self.nothing(text) }
            if word.utf8.allSatisfy(\.isDigit), count == nil, age == nil {
                guard let number = Int(word), Self.counts.contains(number) else { throw Self.nothing(text) }
                count = number
            } else {
                guard age == nil else { throw Self.nothing(text) }
                do { age = try Duration(text: word, in: Self.ages) } catch {
                    throw LimitTextError("\(Self.nothing(text)); \(error)")
                }
            }
        }
        guard self != .forever, !text.hasSuffix(" or"), !text.hasPrefix("or ") else { throw Self.nothing(text) }
    }

    private static func nothing(_ text: String) -> LimitTextError {
        LimitTextError(
            "\(quoted(text)) does not say how many to keep: expected a number, an age, or both, as in 100 or 7d; or "
                + "forever")
    }
}

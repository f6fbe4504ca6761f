/// How often something may be started: at most ``count`` times in any stretch of time as long as ``per``, wherever that
/// stretch begins.
public struct Rate: Hashable, Sendable {
    public var count: Int
    public var per: Duration

    public init(count: Int, per: Duration) {
        self.count = count
        self.per = per
    }

    /// What ``count`` may be: so many starts are remembered.
    public static let counts = 1...1000
    /// What ``per`` may be.
    public static let periods = Duration.milliseconds(1)...Duration.seconds(366 * 86_400)
}

extension Rate {
    /// As people write it: "10/1m".
    public var text: String { "\(count)/\(per.text)" }

    /// Reads what ``text`` writes.
    /// - Throws: ``LimitTextError``.
    public init(text: String) throws(LimitTextError) {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2, let count = Int(halves[0]), Self.counts.contains(count) else {
            throw LimitTextError(
                "\(quoted(text)) is no rate: expected 1 to \(Self.counts.upperBound) starts and a duration, as in 10/1m"
            )
        }
        do {
            self.init(count: count, per: try Duration(text: halves[1], in: Self.periods))
        } catch {
            throw LimitTextError("\(quoted(text)) is no rate: \(error)")
        }
    }
}

/// A text that is no limit.
public struct LimitTextError: Error, Hashable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}

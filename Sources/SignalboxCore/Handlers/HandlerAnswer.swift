/// How a handler's work on a dispatch ended. The set is closed: there is nothing else that a handler can say.
public enum HandlerAnswer: Hashable, Sendable {
    /// The work is done. The result is JSON, and is kept with the attempt; nil when there is none.
    case returned(JSONText?)
    case threw(HandlerError)

    public var outcome: Outcome {
        switch self {
        case .returned: .returned
        case .threw(let error): .threw(error)
        }
    }
}

/// Why a handler did not do its work, and what it wants to follow.
public struct HandlerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Wish: Hashable, Sendable {
        /// Another attempt, after this wait; nil: after the wait of the dispatch's own policy.
        case retry(after: Duration?)
        /// No other attempt: it would end the same.
        case fatal
        /// To be started again after so long; this was no failure, and does not count.
        case snooze(Duration)
        /// Nothing more: the work is no longer wanted.
        case cancel
    }

    /// In the handler's words, for people; at most ``textLimit`` bytes of it are kept.
    public let text: String
    public let wish: Wish

    public init(_ text: String, _ wish: Wish) {
        self.text = text.cut(toBytes: Self.textLimit)
        self.wish = wish
    }

    public static let textLimit = 4096

    public var description: String { text }

    var isFatal: Bool { wish == .fatal }
}

extension StringProtocol {
    /// The beginning of it that has at most `limit` bytes, without half a character at its end.
    func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return String(self) }
        var kept = String.UnicodeScalarView()
        var size = 0
        for scalar in unicodeScalars {
            size += UTF8.width(scalar)
            guard size <= limit else { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}

// What a handler can throw to say what is to follow. The set is closed, as in any other language: return, or one of
// these four. Any other error is one that another attempt may mend.

/// Another attempt, unless none is left.
public struct Retry: Error, Sendable {
    public let wait: Duration?
    public let text: String

    /// - Parameters:
    ///   - wait: the time to the next attempt; nil: by the dispatch's own policy.
    ///   - text: why, for people.
    public init(after wait: Duration? = nil, _ text: String = "it asked for another attempt") {
        self.wait = wait
        self.text = text
    }
}

/// No other attempt: it would end the same. The dispatch is FAILED.
public struct Fatal: Error, Sendable {
    public let text: String
    public init(_ text: String) { self.text = text }
}

/// The work is not to be done yet. It is started again after that time, and this start does not count.
public struct Snooze: Error, Sendable {
    public let wait: Duration
    public init(for wait: Duration) { self.wait = wait }
}

/// The work is no longer wanted. The dispatch is CANCELLED.
public struct Cancel: Error, Sendable {
    public let text: String
    public init(_ text: String = "its handler cancelled it") { self.text = text }
}

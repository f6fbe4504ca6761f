/// That a queue is paused: since when, by whom, and what for. Nothing of it is claimed; what runs goes on, and what is
/// enqueued waits.
public struct QueuePause: Hashable, Sendable {
    public var at: Instant
    /// A person and a machine, as in "ann@gateway".
    public var by: String
    /// In the words of who paused it, at most ``JobPause/reasonLimit`` bytes; nil when nothing was said.
    public var reason: String?

    public init(at: Instant, by: String, reason: String? = nil) {
        self.at = at
        self.by = by
        self.reason = reason
    }
}

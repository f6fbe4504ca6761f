/// What a worker says of itself every few seconds, in the live environment only.
public struct Heartbeat: Hashable, Sendable {
    public var at: Moment
    /// Dispatches it runs now.
    public var running: Int
    /// Attempts it has ended since it started.
    public var processed: Int
    /// Those of them that did not succeed.
    public var failed: Int

    public init(at: Moment, running: Int, processed: Int, failed: Int) {
        self.at = at
        self.running = running
        self.processed = processed
        self.failed = failed
    }

    /// The time between two of them.
    public static let interval: Duration = .seconds(10)
}

/// What becomes of runs that were missed: while nothing ran, the machine slept, the clock was set forward, or the job
/// was paused.
public struct CatchUpPolicy: Hashable, Sendable {
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// None of them runs.
        case none
        /// The newest runs once.
        case latest
        /// The oldest runs once.
        case earliest
        /// The newest `maximum` run, in order.
        case all
    }

    public var mode: Mode
    /// How old a missed run may be to be made up for; nil: of any age. (The newest is never older than one period.)
    public var window: Duration?
    /// The most runs that `all` makes up for: 1 to 10,000.
    public var maximum: Int

    public init(mode: Mode = .latest, window: Duration? = nil, maximum: Int = 100) {
        self.mode = mode
        self.window = window
        self.maximum = maximum
    }

    /// What `maximum` may be.
    public static let maximumLimits = 1...10_000
}

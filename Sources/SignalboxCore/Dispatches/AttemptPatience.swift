/// How long an attempt may go on: counted from its start, from when it last wrote something, and from its last sign of
/// life. All on the boot clock, which counts while the machine sleeps.
public struct AttemptPatience: Hashable, Sendable {
    /// What has run out.
    public enum Limit: Hashable, Sendable {
        /// It has run for too long.
        case timeout
        /// It has written nothing for too long, neither output nor a control line.
        case idle
        /// It has written no control line for too long.
        case watchdog
    }

    private let deadline: BootInstant?
    private let idleTimeout: Duration?
    private let watchdog: Duration?
    private var lastWritten: BootInstant
    private var lastSign: BootInstant

    public init(_ work: Work, from start: BootInstant) {
        deadline = work.timeout.map { start + $0 }
        idleTimeout = work.idleTimeout
        watchdog = work.watchdog
        lastWritten = start
        lastSign = start
    }

    /// It has written something.
    public mutating func noteOutput(at now: BootInstant) { lastWritten = max(lastWritten, now) }

    /// It has written a control line that says something.
    public mutating func noteSign(at now: BootInstant) {
        noteOutput(at: now)
        lastSign = max(lastSign, now)
    }

    /// When the next of them runs out if nothing happens; nil: never.
    public var ends: BootInstant? { limits.map(\.end).min() }

    /// The first that has run out; nil while none has.
    public func exceeded(at now: BootInstant) -> Limit? {
        limits.filter { $0.end <= now }.min { $0.end < $1.end }?.limit
    }

    /// In the order that decides between those that end together.
    private var limits: [(limit: Limit, end: BootInstant)] {
        let ends = [
            (Limit.timeout, deadline), (.watchdog, watchdog.map { lastSign + $0 }),
            (.idle, idleTimeout.map { lastWritten + $0 }),
        ]
        return ends.compactMap { limit, end in end.map { (limit, $0) } }
    }
}

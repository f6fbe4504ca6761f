import SignalboxCore

/// The wait before a handler that died is started again: longer with every death, until one has answered.
struct StartPause {
    private var deaths = 0
    /// Nil: it may be started.
    private(set) var until: BootInstant?

    static let first: Duration = .seconds(1)
    static let longest: Duration = .seconds(60)

    mutating func noteDeath(at now: BootInstant) {
        until = now + min(Self.longest, Self.first * (1 << min(deaths, 10)))
        deaths += 1
    }

    /// - Returns: whether the wait is over with this.
    mutating func end(at now: BootInstant) -> Bool {
        guard let until, until <= now else { return false }
        self.until = nil
        return true
    }
}

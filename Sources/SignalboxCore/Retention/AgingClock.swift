// How old what has ended is. No clock of a machine can be asked that alone: the wall clock may be wrong now, or may have
// been wrong then; and steady time believes a machine that says, when it starts, how long it was off.

/// The two clocks by which things grow old, as they stand now. The younger age counts, so that a clock that is wrong lets
/// nothing go.
public struct AgingClock: Hashable, Sendable {
    private let wall: Instant
    private let steady: Instant
    /// When this boot began, in steady time.
    private let boot: Instant
    /// How much of the time before this boot nobody has confirmed yet.
    private let doubted: Duration

    fileprivate init(wall: Instant, steady: Instant, boot: Instant, doubted: Duration) {
        self.wall = wall
        self.steady = steady
        self.boot = boot
        self.doubted = doubted
    }

    /// How long ago something ended.
    /// - Parameters:
    ///   - ended: in steady time.
    ///   - wall: what the wall clock showed. Where that is still to come the clock was wrong then, or is now.
    public func age(ended: Instant, wall other: Instant) -> Duration {
        let byWall = other.duration(to: wall)
        let age = ended.duration(to: steady)
        return (byWall < .zero - StoreClock.settling ? age : min(age, byWall)) - doubt(of: ended)
    }

    /// Whether that is longer ago than `limit`. What the wall clock showed is asked only where steady time says so.
    public func isOlder(
        than limit: Duration, ended: Instant, wall: () throws -> Instant
    ) rethrows -> Bool {
        guard ended.duration(to: steady) - doubt(of: ended) > limit else { return false }
        return try age(ended: ended, wall: wall()) > limit
    }

    private func doubt(of ended: Instant) -> Duration { ended < boot ? doubted : .zero }
}

extension StoreClock {
    /// Steps of the clock that are shorter matter to nothing that is kept for days; and for so long after a machine has
    /// started that says it was off for longer, that is not believed. With the next start it is.
    public static let settling: Duration = .seconds(86_400)

    /// How old things are at `now`, in this boot.
    public func aging(at now: Now) -> AgingClock {
        AgingClock(
            wall: now.wall, steady: steady(at: now.boot), boot: steadyStart,
            doubted: isTimeOffDoubtful(at: now) ? timeOff : .zero)
    }

    /// Whether it may be a mistake that the machine was off for so long.
    public func isTimeOffDoubtful(at now: Now) -> Bool { timeOff > Self.settling && now.sinceBoot < Self.settling }
}

/// What a store knows of the machine's clocks. Wall time is set by people and programs; what has to take its real time
/// must not notice. So a store counts a time of its own beside it: **steady time** is the boot clock, continued from
/// one boot to the next, and it never goes back.
///
/// Intervals, delays and the waits between attempts are kept in steady time. However the wall clock is set, not one of
/// their entries has to be touched: only how far wall time is ahead of steady time changes, and that is one number.
/// Within a boot steady time goes by the boot clock alone; across boots it goes by the wall clock, which knows how long
/// the machine was off, unless that clock stands behind what the store has seen.
public struct StoreClock: Hashable, Sendable {
    /// The boot in which the following hold.
    public var bootID: BootID
    /// What the wall clock and steady time showed, or would have shown, when the boot clock stood at zero.
    public var wallStart: Instant
    public var steadyStart: Instant
    /// How long the machine was off before this boot, as far as its wall clock can tell.
    public var timeOff: Duration
    /// The newest look at the clocks that was written down.
    public var lastLook: BootInstant
    /// How long the machine had slept in this boot at the newest planning.
    public var slept: Duration
    /// Whether calendar times were planned in this boot.
    public var isPlanned: Bool
    /// The wall time of the newest planning, of whichever boot; nil before the first.
    public var newestWall: Instant?
    /// Whether calendar jobs may go by the wall clock of this boot.
    public var trust: ClockTrust
    /// The newest stretch of wall time that nobody could see pass.
    public var gap: ClockGap?
    /// What a step back of the clock asks of the jobs, until it is done for all.
    public var rewind: ClockRewind?

    /// The clock of a store that has seen none yet: steady time begins as wall time.
    public init(first now: Now) {
        bootID = now.bootID
        wallStart = now.wallAtBoot
        steadyStart = now.wallAtBoot
        timeOff = .zero
        lastLook = now.boot
        slept = now.slept
        isPlanned = false
        trust = .undecided
    }

    /// Goes on in the boot of `now`, if that is another: steady time by as much as the wall clock did, and never back.
    public mutating func enter(_ now: Now) {
        guard now.bootID != bootID else { return }
        let reached = steady(at: lastLook)
        let steady = max(now.wall - displacement, reached + now.sinceBoot)
        bootID = now.bootID
        wallStart = now.wallAtBoot
        steadyStart = steady - now.sinceBoot
        timeOff = reached.duration(to: steadyStart)
        lastLook = now.boot
        slept = now.slept
        isPlanned = false
        trust = .undecided
    }

    // MARK: From one clock to the other

    /// How far wall time is ahead of steady time.
    public var displacement: Duration { steadyStart.duration(to: wallStart) }

    /// Steady time at a point of this boot.
    public func steady(at boot: BootInstant) -> Instant { steadyStart + .nanoseconds(boot.nanoseconds) }

    /// When in this boot steady time comes to `steady`.
    public func boot(ofSteady steady: Instant) -> BootInstant {
        BootInstant(nanoseconds: 0) + steadyStart.duration(to: steady)
    }

    /// What `clock` shows at `now`, in this boot.
    public func time(on clock: DueClock, at now: Now) -> Instant {
        switch clock {
        case .wall: now.wall
        case .steady: steady(at: now.boot)
        }
    }

    /// What the wall clock shows when `clock` shows `time`.
    public func wall(of time: Instant, on clock: DueClock) -> Instant {
        switch clock {
        case .wall: time
        case .steady: time + displacement
        }
    }

    /// What `clock` shows when the wall clock shows `wall`.
    public func time(on clock: DueClock, ofWall wall: Instant) -> Instant {
        switch clock {
        case .wall: wall
        case .steady: wall - displacement
        }
    }
}

extension Now {
    /// How long ago the boot clock stood at zero.
    var sinceBoot: Duration { .nanoseconds(boot.nanoseconds) }
    /// What the wall clock would have shown then.
    var wallAtBoot: Instant { wall - sinceBoot }
}

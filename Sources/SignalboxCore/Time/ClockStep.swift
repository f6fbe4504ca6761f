/// What has become of the wall clock since calendar times were last planned, and what that asks for.
public enum ClockStep: Hashable, Sendable {
    /// It went on, or was corrected by no more than ``slew``.
    case even
    /// The machine slept for so long: what fell due meanwhile was missed.
    case slept(Duration)
    /// It was set forward: what was passed over was missed.
    case forward(Duration)
    /// It was set back by less than ``correction``: what runs at fixed times does not run at them again; what runs every
    /// minute or hour keeps its beat instead of pausing.
    case backward(Duration)
    /// It was set back by more than that, so it was wrong before: every calendar job goes by it anew.
    case correction(Duration)

    /// A jump that is no jump, but a clock being kept right.
    public static let slew: Duration = .seconds(1)
    /// From here on a step back is a clock that was wrong.
    public static let correction: Duration = .seconds(3 * 3_600)

    /// - Parameters:
    ///   - jump: what the wall clock gained on the boot clock; negative: it lost.
    ///   - slept: how long the machine slept meanwhile.
    public init(jump: Duration, slept: Duration) {
        if jump > Self.slew {
            self = .forward(jump)
        } else if jump <= .zero - Self.correction {
            self = .correction(.zero - jump)
        } else if jump < .zero - Self.slew {
            self = .backward(.zero - jump)
        } else {
            self = slept > Self.slew ? .slept(slept) : .even
        }
    }
}

/// A stretch of wall time in which no due time could be seen to come.
public struct ClockGap: Hashable, Sendable {
    public var reason: DispatchReason
    public var from: Instant
    public var through: Instant

    public init(_ reason: DispatchReason, lasting length: Duration, through: Instant) {
        self.reason = reason
        from = through - length
        self.through = through
    }

    /// A gap as a store found it.
    public init(reason: DispatchReason, from: Instant, through: Instant) {
        self.reason = reason
        self.from = from
        self.through = through
    }

    /// Whether a due time was missed because of it.
    public func explains(_ missed: Instant) -> Bool { from < missed && missed <= through }
}

/// What a step back of the clock asks of the jobs: cursors that stand in its future are taken back.
public struct ClockRewind: Hashable, Sendable {
    public enum Scope: UInt8, Hashable, Sendable, CaseIterable {
        /// Only jobs that run every minute or hour.
        case wildcard = 0
        /// Every calendar job.
        case calendar = 1
    }

    public var scope: Scope
    /// What the clock showed after the step.
    public var to: Instant
    /// The last job, in the order of names, that it is done for; nil when it is done for none.
    public var done: JobName?

    public init(_ scope: Scope, to: Instant, done: JobName? = nil) {
        self.scope = scope
        self.to = to
        self.done = done
    }

    /// Where the cursor of a job with `schedule` has to stand. What runs once does not run again, whatever the clock says
    /// now; but what was past by a clock that was wrong, and never ran, is still to come.
    /// - Parameter hasOccurred: whether a due time of the schedule was dealt with; asked only of what runs once.
    public func cursor(
        of schedule: Schedule, at cursor: Instant, hasOccurred: @autoclosure () throws -> Bool
    ) rethrows -> Instant {
        switch schedule {
        case .cron(let expression, _):
            return scope == .calendar || expression.isWildcard ? min(cursor, to) : cursor
        case .at(let due):
            return try scope == .calendar && cursor > due && !hasOccurred() ? min(cursor, to) : cursor
        case .every, .boot, .manual: return cursor
        }
    }
}

extension StoreClock {
    /// What the wall clock gained on the boot clock since that was last written down, in this boot.
    func jump(to now: Now) -> Duration { wallStart.duration(to: now.wallAtBoot) }

    /// The clocks as they stand at `now`, for who shows times: the wall clock may have been set, or another boot have
    /// begun, since that was last written down.
    public func seen(at now: Now) -> StoreClock {
        var clock = self
        clock.enter(now)
        if abs(clock.jump(to: now)) > ClockStep.slew { clock.wallStart = now.wallAtBoot }
        return clock
    }

    /// What has become of the wall clock since the newest planning. Before the first of a boot only a step back counts,
    /// against the newest planning of all: what was passed over meanwhile was missed because no scheduler ran.
    public func step(to now: Now) -> ClockStep {
        guard !isPlanned else { return ClockStep(jump: jump(to: now), slept: now.slept - slept) }
        let overBoots = newestWall.map { $0.duration(to: now.wall) } ?? .zero
        return ClockStep(jump: min(jump(to: now), overBoots, .zero), slept: .zero)
    }

    /// Whether a planning at `now` would find more to write down than the time.
    public func hasMoved(at now: Now) -> Bool {
        guard !isHeld(at: now) else { return false }
        return trust.isHeld || !isPlanned || step(to: now) != .even
    }

    /// Goes by the wall clock from here on: writes down what became of it, and what that asks of the jobs.
    /// - Returns: the step; after one back, the clock may come to the same instant again.
    @discardableResult
    public mutating func plan(at now: Now) -> ClockStep {
        let step = step(to: now)
        switch step {
        case .even: break
        case .slept(let length): gap = ClockGap(.suspended, lasting: length, through: now.wall)
        case .forward(let length): gap = ClockGap(.clockForward, lasting: length, through: now.wall)
        case .backward: addRewind(.wildcard, to: now.wall)
        case .correction: addRewind(.calendar, to: now.wall)
        }
        if trust.isHeld { endHold(at: now) }
        if abs(jump(to: now)) > ClockStep.slew { wallStart = now.wallAtBoot }
        newestWall = now.wall
        lastLook = now.boot
        slept = now.slept
        isPlanned = true
        return step
    }

    /// A second step back before the first is done for all jobs asks for both.
    private mutating func addRewind(_ scope: ClockRewind.Scope, to instant: Instant) {
        rewind = ClockRewind(rewind?.scope == .calendar ? .calendar : scope, to: instant)
    }

    /// Why a calendar due time, or one in steady time that fell on `wall`, was missed, as far as the clocks can tell.
    public func missReason(of wall: Instant, on clock: DueClock) -> DispatchReason {
        guard let gap, gap.explains(wall), clock == .wall || gap.reason == .suspended else { return .downtime }
        return gap.reason
    }
}

private func abs(_ duration: Duration) -> Duration { duration < .zero ? .zero - duration : duration }

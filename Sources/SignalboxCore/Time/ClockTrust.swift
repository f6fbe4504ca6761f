/// Whether calendar jobs may go by the wall clock of a boot. A machine without a battery for its clock comes up in 1970,
/// or where it went down, and is told the time some seconds later.
public enum ClockTrust: Hashable, Sendable {
    /// Nobody has asked yet; it is believed.
    case undecided
    /// Calendar jobs wait for somebody to set it, until then at the latest.
    case held(ClockDoubt, since: BootInstant, until: BootInstant)
    case trusted

    var isHeld: Bool {
        switch self {
        case .held: true
        case .undecided, .trusted: false
        }
    }
}

/// Why a wall clock is not trusted.
public enum ClockDoubt: UInt8, Hashable, Sendable, CaseIterable {
    /// It is earlier than a time the store has seen.
    case behindStore = 1
    /// It is earlier than this version of Signalbox.
    case beforeRelease = 2
    /// Nothing on the machine can have told it the time.
    case unsynchronised = 3

    /// The word in JSON.
    public var word: String {
        switch self {
        case .behindStore: "behind_store"
        case .beforeRelease: "before_release"
        case .unsynchronised: "unsynchronised"
        }
    }

    /// What speaks against the clock, as the end of a sentence.
    public var sentence: String {
        switch self {
        case .behindStore: "the machine's clock is behind the times that this store has seen"
        case .beforeRelease: "the machine's clock shows a time before this version of Signalbox was made"
        case .unsynchronised: "nothing has told the machine the time yet"
        }
    }
}

/// What the machine says of its wall clock.
public struct ClockEvidence: Hashable, Sendable {
    /// The kernel knows that something keeps it right (adjtimex).
    public var isSynchronised: Bool
    /// The system's time service has set it in this boot.
    public var hasTimesyncMark: Bool
    /// There is a clock that runs while the machine is off.
    public var hasHardwareClock: Bool

    public init(isSynchronised: Bool, hasTimesyncMark: Bool, hasHardwareClock: Bool) {
        self.isSynchronised = isSynchronised
        self.hasTimesyncMark = hasTimesyncMark
        self.hasHardwareClock = hasHardwareClock
    }
}

extension StoreClock {
    /// How far the clock may be behind the newest time seen: what a clock loses while a machine restarts.
    public static let tolerance: Duration = .seconds(60)
    /// Earlier than this no clock is right; raised with each release.
    public static let release = Instant(seconds: 1_767_225_600)  // 2026-01-01T00:00:00Z

    /// Whether calendar jobs wait at `now` for a clock they can trust.
    public func isHeld(at now: Now) -> Bool {
        guard bootID == now.bootID, case .held(_, _, let until) = trust else { return false }
        return now.boot < until
    }

    /// Decides, once a boot and again while calendar jobs wait, whether they may go by the wall clock.
    /// - Parameter limit: the longest they wait; zero: the clock is believed at once.
    public mutating func judge(_ evidence: ClockEvidence, at now: Now, limit: Duration) {
        guard trust != .trusted else { return }
        guard let doubt = doubt(evidence, at: now) else { return endHold(at: now) }
        switch trust {
        case .trusted: return
        case .undecided:
            // What sets the clock does so soon after the start: a machine that is long up need not wait for it.
            let start = doubt == .unsynchronised ? BootInstant(nanoseconds: 0) : now.boot
            trust = start + limit > now.boot ? .held(doubt, since: now.boot, until: start + limit) : .trusted
        case .held(_, let since, let until):
            trust = .held(doubt, since: since, until: until)
            if now.boot >= until { endHold(at: now) }
        }
    }

    /// Whether it cannot be said what time `now` is: calendar jobs wait, or nobody has asked yet and it is in the past.
    public func isDoubtful(at now: Now) -> Bool {
        isHeld(at: now) || (!isPlanned && trust == .undecided && doubtOfItself(at: now) != nil)
    }

    private func doubtOfItself(at now: Now) -> ClockDoubt? {
        if let newestWall, now.wall < newestWall - Self.tolerance { return .behindStore }
        return now.wall < Self.release ? .beforeRelease : nil
    }

    private func doubt(_ evidence: ClockEvidence, at now: Now) -> ClockDoubt? {
        guard !evidence.isSynchronised else { return nil }
        if let doubt = doubtOfItself(at: now) { return doubt }
        let wasSet = ClockStep(jump: jump(to: now), slept: .zero) != .even
        return wasSet || evidence.hasTimesyncMark || evidence.hasHardwareClock ? nil : .unsynchronised
    }

    /// What calendar jobs missed while they waited, they missed for that.
    mutating func endHold(at now: Now) {
        if case .held(_, let since, _) = trust {
            // What the clock showed when the hold began, as nothing is planned meanwhile.
            let heldFrom = wallStart + .nanoseconds(since.nanoseconds)
            let from = min(heldFrom, now.wall - since.duration(to: now.boot))
            gap = ClockGap(reason: .untrustedClock, from: from, through: now.wall)
        }
        trust = .trusted
    }
}

/// What happens to an occurrence that falls due while an earlier one of the same job still waits or runs.
public enum OverlapPolicy: UInt8, Hashable, Sendable, CaseIterable {
    /// It is not run; a SKIPPED record says which dispatch it met.
    case skip = 0
    /// One may wait (BLOCKED); later ones coalesce into it.
    case queueOne = 1
    /// Each waits its turn (BLOCKED).
    case queueAll = 2
    /// They run side by side.
    case allow = 3
    /// The running one is cancelled; the new one is BLOCKED until that has ended.
    case replace = 4

    /// The word used in options and files: `skip`, `queue-one`, `queue-all`, `allow`, `replace`.
    public var word: String {
        switch self {
        case .skip: "skip"
        case .queueOne: "queue-one"
        case .queueAll: "queue-all"
        case .allow: "allow"
        case .replace: "replace"
        }
    }

    public init?(word: String) {
        guard let policy = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = policy
    }
}

/// An overlap policy with its limit: what a job says, and what a dispatch that was made by it obeys.
public struct OverlapRule: Hashable, Sendable {
    public var policy: OverlapPolicy
    /// For ``OverlapPolicy/allow`` how many may be active side by side, for ``OverlapPolicy/queueAll`` how many may wait;
    /// what comes on top is skipped. Nil: any number. The other policies do not look at it.
    public var limit: Int?

    public init(_ policy: OverlapPolicy, limit: Int? = nil) {
        self.policy = policy
        self.limit = limit
    }

    public static let skip = OverlapRule(.skip)
    public static let queueOne = OverlapRule(.queueOne)
    public static let queueAll = OverlapRule(.queueAll)
    public static let allow = OverlapRule(.allow)
    public static let replace = OverlapRule(.replace)

    /// What a limit may be.
    public static let limits = 1...100_000

    /// True when there is nothing to judge: any number may run side by side.
    public var allowsAll: Bool { policy == .allow && limit == nil }

    /// How many of a job may hold its place at once.
    private var places: Int { policy == .allow ? limit ?? .max : 1 }
}

extension OverlapRule {
    /// As options take it: `skip`, `allow:3`, `queue-all:10`.
    public var word: String { policy.word + (limit.map { ":\($0)" } ?? "") }

    /// Reads what ``word`` writes; nil when `text` is no policy, or has a limit that it cannot have.
    public init?(text: String) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let policy = OverlapPolicy(word: halves[0]) else { return nil }
        self.init(policy)
        guard halves.count == 2 else { return }
        guard policy.takesLimit, let limit = Int(halves[1]), Self.limits.contains(limit) else { return nil }
        self.limit = limit
    }
}

extension OverlapPolicy {
    /// Whether a limit means anything to it.
    public var takesLimit: Bool { self == .allow || self == .queueAll }
}

/// What to do with an occurrence or a request, given what of the same job is active.
public enum OverlapDecision: Hashable, Sendable {
    /// Nothing is in the way.
    case run
    /// Not now: record it as SKIPPED, or refuse it, because of this dispatch.
    case skip(DispatchID)
    /// Wait as BLOCKED until this dispatch has ended.
    case wait(DispatchID)
    /// One waits already: count this occurrence on it.
    case coalesce(DispatchID)
    /// Cancel these and wait for the last of them.
    case replace([DispatchID])
}

// `active` are always the job's dispatches that are not terminal, oldest first. `lost` are those of them whose worker
// is dead and which nobody has settled yet: nothing is skipped because of one, for it may be about to end; who meets it
// waits until it is settled.

extension OverlapRule {
    /// Decides about a new occurrence or request.
    public func decision(active: [Dispatch], lost: Set<DispatchID> = []) -> OverlapDecision {
        guard let last = active.last else { return .run }
        switch policy {
        case .allow, .skip: return full(active, lost) ?? .run
        case .queueAll:
            let waiting = active.count { $0.state == .blocked || $0.state == .pending }
            guard waiting < limit ?? .max else { return .skip(active[0].id) }
            return .wait(last.id)
        case .queueOne:
            guard let waiting = active.last(where: { $0.state == .pending || $0.state == .blocked }) else {
                return .wait(last.id)
            }
            return .coalesce(waiting.id)
        case .replace: return .replace(active.map(\.id))
        }
    }

    /// Judges again, when a worker is about to take `dispatch`: since it was made, others of its job may have been
    /// started (forced, made again, given back by a worker that died). It is `run`, `wait` or `skip`.
    ///
    /// An occurrence that never ran is skipped where the policy skips; what has begun, and what somebody asked for,
    /// waits. Nobody waits for one that is BLOCKED itself, so that no two ever wait for each other.
    public func decision(
        claiming dispatch: Dispatch, active: [Dispatch], lost: Set<DispatchID> = []
    ) -> OverlapDecision {
        let holders = active.filter { $0.holdsPlace(against: dispatch) }
        guard let decision = full(holders, lost), let last = holders.last else { return .run }
        let skips = policy == .skip || policy == .allow
        guard skips, dispatch.scheduledFor != nil, dispatch.attempt == 0 else { return .wait(last.id) }
        return decision
    }

    /// What `dispatch` waits for next, when the one it was BLOCKED by has ended; nil when nothing is in its way.
    /// Those that were made before it go first, but not one that waits for it in turn.
    public func blocker(of dispatch: Dispatch, active: [Dispatch]) -> DispatchID? {
        let holders = active.filter { $0.holdsPlace(against: dispatch) }
        guard policy != .allow else { return holders.count >= places ? holders.last?.id : nil }
        let waiting = Dictionary(uniqueKeysWithValues: active.map { ($0.id, $0.state == .blocked ? $0.blocker : nil) })
        let earlier = active.last { $0.id < dispatch.id && !leads(from: $0.id, to: dispatch.id, waiting) }
        return (earlier ?? holders.last)?.id
    }

    /// Nil when there is a free place.
    private func full(_ holders: [Dispatch], _ lost: Set<DispatchID>) -> OverlapDecision? {
        guard holders.count >= places else { return nil }
        let certain = holders.filter { !lost.contains($0.id) }
        if certain.count >= places { return .skip(certain[0].id) }
        return holders.last { lost.contains($0.id) }.map { .wait($0.id) }
    }

    private func leads(from start: DispatchID, to end: DispatchID, _ waiting: [DispatchID: DispatchID?]) -> Bool {
        var current = start
        for _ in 0..<waiting.count {
            guard let next = waiting[current] ?? nil else { return false }
            if next == end { return true }
            current = next
        }
        return false
    }
}

extension Dispatch {
    /// It runs, or has begun and waits for its next attempt: then it keeps the place of its job from those that have
    /// not begun, and from younger ones.
    fileprivate func holdsPlace(against other: Dispatch) -> Bool {
        guard id != other.id else { return false }
        switch state {
        case .inProgress: return true
        case .scheduled, .pending: return attempt > 0 && (other.attempt == 0 || id < other.id)
        case .blocked: return heldBy != nil && attempt > 0 && (other.attempt == 0 || id < other.id)
        case .success, .failed, .cancelled, .skipped: return false
        }
    }
}

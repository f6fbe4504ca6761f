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

extension OverlapPolicy {
    /// Decides about a new occurrence; `active` are the job's dispatches that are not terminal, oldest first.
    public func decision(active: [Dispatch]) -> OverlapDecision {
        guard let last = active.last else { return .run }
        switch self {
        case .allow: return .run
        case .skip: return .skip(active[0].id)
        case .queueAll: return .wait(last.id)
        case .queueOne:
            guard let waiting = active.last(where: { $0.state == .pending || $0.state == .blocked }) else {
                return .wait(last.id)
            }
            return .coalesce(waiting.id)
        case .replace: return .replace(active.map(\.id))
        }
    }
}

// A unique key keeps a request from being made twice. Who may hold it, for how long, and what becomes of those that meet
// its holder is decided here; the store has one writer, so that nothing can come between the question and the answer.

/// A key that one dispatch holds at a time.
public struct UniqueKey: Hashable, Sendable {
    /// 1 to 500 bytes of UTF-8, none of them zero.
    public var text: String
    public var scope: UniqueScope
    public var onConflict: ConflictPolicy

    public init(_ text: String, scope: UniqueScope = .active, onConflict: ConflictPolicy = .existing) {
        self.text = text
        self.scope = scope
        self.onConflict = onConflict
    }
}

/// How long a dispatch holds its unique key.
public enum UniqueScope: Hashable, Sendable {
    /// Until it has ended.
    case active
    /// For so long after it was enqueued, in steady time, whether it has ended or not.
    case window(Duration)
    /// For good, also when there is no record of it any more.
    case forever

    /// What a window may be.
    public static let windows = Duration.milliseconds(1)...Duration.accepted.upperBound

    /// The length of its window; nil when it has none.
    public var window: Duration? { if case .window(let length) = self { length } else { nil } }

    /// The word used in options and files: `active`, `window`, `forever`.
    public var word: String {
        switch self {
        case .active: "active"
        case .window: "window"
        case .forever: "forever"
        }
    }
}

/// What becomes of a request whose unique key another dispatch holds.
public enum ConflictPolicy: UInt8, Hashable, Sendable, CaseIterable {
    /// Nothing is made; the holder is the answer.
    case existing = 0
    /// It is refused.
    case reject = 1
    /// It takes the holder's place: one that waits is cancelled, one that runs is asked to stop and waited for.
    case replace = 2
    /// One that waits begins to wait anew, with the newest request; one that runs is waited for.
    case debounce = 3
    /// One that waits keeps its place, with the newest request; one that runs is waited for. So at most one runs and one
    /// waits.
    case keepLatest = 4

    /// The word used in options and files: `existing`, `reject`, `replace`, `debounce`, `keep-latest`.
    public var word: String {
        switch self {
        case .existing: "existing"
        case .reject: "reject"
        case .replace: "replace"
        case .debounce: "debounce"
        case .keepLatest: "keep-latest"
        }
    }

    public init?(word: String) {
        guard let policy = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = policy
    }
}

/// What a request does that meets the holder of its unique key.
public enum ConflictDecision: Hashable, Sendable {
    /// The holder stands for it.
    case existing
    /// It is refused.
    case refuse
    /// The holder, which waits, is given what the request asks for, and keeps its number.
    case renew
    /// The holder, which waits, is cancelled, and a new one takes its place.
    case replace
    /// A new one takes the key, and waits for the holder, which runs, to end; `stopping`: that is asked to.
    case follow(stopping: Bool)
}

extension ConflictPolicy {
    /// What has ended cannot be replaced any more: it stands for the request as long as it holds the key.
    /// - Parameter onSameTerms: whether the request differs from the holder's only in what it runs and when.
    public func decision(meeting holder: Dispatch, onSameTerms: Bool) -> ConflictDecision {
        switch self {
        case .existing: return .existing
        case .reject: return .refuse
        case .replace, .debounce, .keepLatest: break
        }
        switch holder.state {
        case .success, .failed, .cancelled, .skipped: return .existing
        case .inProgress: return .follow(stopping: self == .replace)
        case .scheduled, .blocked, .pending:
            // What has begun is tried again with what it began with.
            return self != .replace && onSameTerms && holder.attempt == 0 ? .renew : .replace
        }
    }
}

extension Dispatch {
    /// The one that ran under its unique key when it took that, and that has to end before it may begin; nil when there
    /// was none, or that has ended.
    public var predecessor: DispatchID? {
        switch state {
        case .scheduled: blocker
        case .blocked: reason == .uniqueKey ? blocker : nil
        case .pending, .inProgress, .success, .failed, .cancelled, .skipped: nil
        }
    }

    /// The same, waiting anew until the steady time `due`.
    public func postponed(until due: Instant) -> Dispatch {
        precondition(state == .scheduled || state == .blocked || state == .pending, "only what waits can be postponed")
        var next = self
        next.blocker = predecessor
        next.state = .scheduled
        next.reason = .delayed
        next.dueAt = due
        next.dueClock = .steady
        return next
    }
}

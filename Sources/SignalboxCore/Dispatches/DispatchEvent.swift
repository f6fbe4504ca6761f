/// What can happen to a dispatch. The numbers are those of the transitions in <doc:Lifecycle>.
public enum DispatchEvent: Hashable, Sendable {
    /// T3. Its time has come; `blockedBy` is what it then still waits for.
    case fallDue(blockedBy: DispatchID?)
    /// T4. What it waited for has ended; it waits for `next`, or for nothing more.
    case unblock(next: DispatchID?)
    /// T5. A worker takes it.
    case claim(Claim)
    /// T5, not yet: who would take it finds that another of its job holds the place.
    case holdBack(behind: DispatchID)
    /// T5, not yet: who would take it finds that a limit of its key is reached.
    case meetLimit(LimitKind)
    /// T6. Its owner reports that the command did its work.
    case succeed(Token, Ending)
    /// T7. Its owner reports a failure that another attempt may mend.
    case retry(Token, Ending, due: Instant, DispatchReason)
    /// T8. Its owner reports a failure that is final.
    case fail(Token, Ending, DispatchReason)
    /// T8. It waited for another attempt, and the time for that is over.
    case giveUp
    /// T9. Its owner reports that it asked to be started later; the attempt does not count.
    case snooze(Token, Ending, due: Instant)
    /// T10. Its owner shuts down and gives it back unharmed; the attempt does not count.
    case release(Token)
    /// T11. Its owner died.
    case lose(RescuePolicy, due: Instant)
    /// T11 for a handler: its process died, and its owner, which lives, reports it.
    case crash(Token, Ending, RescuePolicy, due: Instant)
    /// T12, or the request for T13; `atOnce`: its command gets no time to end in good order.
    case cancel(DispatchReason, atOnce: Bool = false)
    /// T13. Its owner reports that the command was stopped as asked, or that its handler cancelled it; nil when it had
    /// not begun.
    case stop(Token, Ending?)
    /// T14. It will not be run; `met` is what it met, if that is an overlap.
    case skip(DispatchReason, met: DispatchID? = nil)
    /// A further occurrence is counted on it while it waits (overlap `queue-one`).
    case coalesce(scheduledFor: Instant)
}

/// What becomes of a dispatch whose worker died.
public enum RescuePolicy: UInt8, Hashable, Sendable, CaseIterable {
    /// It runs again, until it has taken ``poisonLimit`` workers with it.
    case retry = 0
    /// It is FAILED: at most one start.
    case fail = 1

    /// The word used in files: `retry`, `fail`.
    public var word: String {
        switch self {
        case .retry: "retry"
        case .fail: "fail"
        }
    }

    public init?(word: String) {
        guard let policy = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = policy
    }

    /// So many crashes, of workers or of its handler's process, end a dispatch as FAILED(poison), whatever attempts are left.
    public static let poisonLimit = 3
}

/// An event that a dispatch cannot take; nothing has changed.
public enum TransitionRefusal: Error, Hashable, Sendable {
    /// The state does not know this event.
    case impossible(DispatchID, DispatchState, DispatchEvent)
    /// The one who says so no longer holds the claim: its work was given to another, or ended.
    case lateResult(DispatchID, Token)
}

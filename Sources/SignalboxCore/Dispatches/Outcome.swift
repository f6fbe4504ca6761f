/// How a command ended, as the kernel told it.
public enum Outcome: Hashable, Sendable {
    /// It returned this code, 0 to 255.
    case exited(UInt8)
    /// This signal ended it.
    case signalled(UInt8)
    /// It never started; the error says why.
    case notStarted(String)
    /// Its handler did its work.
    case returned
    /// Its handler said that it did not, and what is to follow.
    case threw(HandlerError)
    /// The process of its handler ended, or had to be ended, before it had answered; in words.
    case handlerDied(String)
}

/// What an attempt's end means for its dispatch.
public enum Verdict: Hashable, Sendable {
    case success
    /// Another attempt follows after this wait.
    case retry(after: Duration, DispatchReason)
    case failed(DispatchReason)
}

extension Outcome {
    /// Judges the end of an attempt of `dispatch` (whose `attempt` counts it already).
    /// - Parameter cause: why we ended it, which then counts and not how it took that; nil: it ended by itself.
    public func verdict(
        on dispatch: Dispatch, retry policy: RetryPolicy, codes: ExitCodes = ExitCodes(),
        endedFor cause: DispatchReason? = nil
    ) -> Verdict {
        let reason: DispatchReason
        switch self {
        case .returned: return .success
        case .exited(let code):
            if cause == nil, codes.success.contains(code) { return .success }
            if cause == nil, codes.fatal.contains(code) { return .failed(.exit) }
            reason = cause ?? .exit
        case .signalled: reason = cause ?? .killed
        case .notStarted: return .failed(.exec)
        case .threw(let error):
            reason = cause ?? .handler
            if error.isFatal { return .failed(reason) }
            if case .retry(let wait?) = error.wish, dispatch.attempt < dispatch.maxAttempts {
                return .retry(after: wait, reason)
            }
        case .handlerDied: reason = cause ?? .handler
        }
        guard dispatch.attempt < dispatch.maxAttempts else { return .failed(reason) }
        return .retry(after: policy.delay(after: dispatch.attempt, of: dispatch.id), reason)
    }
}

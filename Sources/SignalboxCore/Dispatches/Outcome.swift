/// How a command ended, as the kernel told it.
public enum Outcome: Hashable, Sendable {
    /// It returned this code, 0 to 255.
    case exited(UInt8)
    /// This signal ended it.
    case signalled(UInt8)
    /// It never started; the error says why.
    case notStarted(String)
}

/// What an attempt's end means for its dispatch.
public enum Verdict: Hashable, Sendable {
    case success
    /// Another attempt follows after this wait.
    case retry(after: Duration, DispatchReason)
    case failed(DispatchReason)
}

extension Outcome {
    /// Codes after which another attempt would end the same: not executable, not found, wrong usage, wrong
    /// configuration.
    public static let fatalCodes: Set<UInt8> = [64, 78, 126, 127]

    /// Judges the end of an attempt of `dispatch` (whose `attempt` counts it already). `timedOut`: we ended it, because
    /// it ran past its timeout; a command that then still exits 0 before the first signal reached it has succeeded.
    public func verdict(on dispatch: Dispatch, retry policy: RetryPolicy, timedOut: Bool) -> Verdict {
        let reason: DispatchReason
        switch self {
        case .exited(0): return .success
        case .exited(let code):
            reason = timedOut ? .timeout : .exit
            if !timedOut, Self.fatalCodes.contains(code) { return .failed(reason) }
        case .signalled: reason = timedOut ? .timeout : .killed
        case .notStarted: return .failed(.exec)
        }
        guard dispatch.attempt < dispatch.maxAttempts else { return .failed(reason) }
        return .retry(after: policy.delay(after: dispatch.attempt, of: dispatch.id), reason)
    }
}

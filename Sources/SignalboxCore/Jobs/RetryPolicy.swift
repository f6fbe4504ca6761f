/// How long to wait before the next attempt, and until when there may be one at all.
///
/// The wait is that of the ``backoff``, times `1 + jitter · u`, with `u` between −1 and 1 taken from a hash of the
/// dispatch and the number of failures, so that a replay waits the same.
public struct RetryPolicy: Hashable, Sendable {
    public var backoff: Backoff
    /// The part of the wait that is spread, 0 to 1.
    public var jitter: Double
    /// `retry_for`: no attempt begins later than so long after the first one began, counted in steady time; nil: at any
    /// time.
    public var limit: Duration?
    /// `retry_until: next`: the attempts of a job's run end where the job's next occurrence begins.
    public var endsAtNext: Bool

    public init(_ backoff: Backoff, jitter: Double = 0, limit: Duration? = nil, endsAtNext: Bool = false) {
        self.backoff = backoff
        self.jitter = jitter
        self.limit = limit
        self.endsAtNext = endsAtNext
    }

    /// Waits that grow by a factor; those of what says nothing else, unless they are given.
    public init(
        base: Duration = .seconds(15), factor: Double = 2, cap: Duration = standardCap, jitter: Double = 0.1
    ) {
        self.init(.exponential(base: base, factor: factor, cap: cap), jitter: jitter)
    }

    /// The longest wait where none is given.
    public static let standardCap: Duration = .seconds(3600)
    /// The most waits that a list has.
    public static let listLimit = 100

    /// The wait before the attempt that follows `failures` (1 or more) failed ones. A factor or jitter outside of its
    /// limits counts as the nearest inside.
    public func delay(after failures: Int, of dispatch: DispatchID) -> Duration {
        precondition(failures >= 1, "a retry follows at least one failure")
        let spread = (jitter > 0 ? min(jitter, 1) : 0) * (unitHash(dispatch.number, UInt64(failures)) * 2 - 1)
        return .seconds(max(0, backoff.seconds(after: failures)) * (1 + spread))
    }
}

/// How the waits between the attempts of a dispatch grow.
public enum Backoff: Hashable, Sendable {
    /// `min(cap, base · factor^(failures − 1))`; the factor is at least 1.
    case exponential(base: Duration, factor: Double, cap: Duration)
    /// The same each time.
    case fixed(Duration)
    /// `min(cap, step · failures)`.
    case linear(step: Duration, cap: Duration)
    /// One after the other, and the last of them from then on.
    case list([Duration])

    fileprivate func seconds(after failures: Int) -> Double {
        switch self {
        case .exponential(let base, let factor, let cap):
            var seconds = base.inSeconds
            var step = 1
            while step < failures, seconds < cap.inSeconds {
                seconds *= factor > 1 ? factor : 1
                step += 1
            }
            return seconds < cap.inSeconds ? seconds : cap.inSeconds
        case .fixed(let wait): return wait.inSeconds
        case .linear(let step, let cap): return min(step.inSeconds * Double(failures), cap.inSeconds)
        case .list(let waits): return waits.isEmpty ? 0 : waits[min(failures, waits.count) - 1].inSeconds
        }
    }
}

/// A number from 0 to 1 that looks random and is always the same for the same two numbers (splitmix64's finaliser).
private func unitHash(_ first: UInt64, _ second: UInt64) -> Double {
    var value = first &* 0x9E37_79B9_7F4A_7C15 &+ second &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    value ^= value >> 31
    return Double(value >> 11) / Double(1 << 53)
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// How long to wait before the next attempt: `min(cap, base · factor^(failures − 1)) · (1 + jitter · u)`, with `u`
/// between −1 and 1 taken from a hash of the dispatch and the number of failures, so that a replay waits the same.
public struct RetryPolicy: Hashable, Sendable {
    /// The wait after the first failure.
    public var base: Duration
    /// What each further failure multiplies the wait by; at least 1.
    public var factor: Double
    /// The longest wait, before the jitter.
    public var cap: Duration
    /// The part of the wait that is spread, 0 to 1.
    public var jitter: Double

    public init(
        base: Duration = .seconds(15), factor: Double = 2, cap: Duration = .seconds(3600), jitter: Double = 0.1
    ) {
        self.base = base
        self.factor = factor
        self.cap = cap
        self.jitter = jitter
    }

    /// The wait before the attempt that follows `failures` (1 or more) failed ones. A factor or jitter outside of its
    /// limits counts as the nearest inside.
    public func delay(after failures: Int, of dispatch: DispatchID) -> Duration {
        precondition(failures >= 1, "a retry follows at least one failure")
        var seconds = base.inSeconds
        var step = 1
        while step < failures, seconds < cap.inSeconds {
            seconds *= factor > 1 ? factor : 1
            step += 1
        }
        let spread = (jitter > 0 ? min(jitter, 1) : 0) * (unitHash(dispatch.number, UInt64(failures)) * 2 - 1)
        return .seconds(max(0, seconds < cap.inSeconds ? seconds : cap.inSeconds) * (1 + spread))
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

/// The waits of a retry as people write them in one word, and as they are shown.
extension RetryPolicy {
    /// Reads `fixed:10s`, `linear:30s`, `list:10s,1m,10m` and `exponential:15s`; behind the wait of `linear` and
    /// `exponential` the longest may stand, as in `linear:30s,10m`. Waits that are written down are kept to; only those
    /// of `exponential` are spread.
    /// - Throws: `TimeTextError` that says what is wrong, and what was expected.
    public init(text: String) throws(TimeTextError) {
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let words = ["fixed", "linear", "list", "exponential"]
        guard halves.count == 2, words.contains(halves[0]) else { throw Self.nothing(text) }
        var waits: [Duration] = []
        for part in halves.dropFirst().joined().split(separator: ",", omittingEmptySubsequences: false) {
            waits.append(try Duration(text: String(part)))
        }
        switch (halves[0], waits.count) {
        case ("fixed", 1): self.init(.fixed(waits[0]))
        case ("linear", 1...2): self.init(.linear(step: waits[0], cap: waits.count > 1 ? waits[1] : Self.standardCap))
        case ("list", 1...Self.listLimit): self.init(.list(waits))
        case ("exponential", 1...2): self.init(base: waits[0], cap: waits.count > 1 ? waits[1] : Self.standardCap)
        default:
            throw Self.nothing(text)
        }
    }

    private static func nothing(_ text: String) -> TimeTextError {
        TimeTextError(
            .malformed,
            "\"\(text)\" says nothing about retries; expected fixed:10s, linear:30s, list:10s,1m,10m (up to "
                + "\(listLimit) waits) or exponential:15s")
    }

    /// The waits in words, without what ends them: "fixed 10s", "base 15s, factor 2.0, cap 1h, jitter 0.1".
    public var words: String {
        let spread = jitter > 0 ? ", jitter \(jitter)" : ""
        switch backoff {
        case .exponential(let base, let factor, let cap):
            return "base \(base.text), factor \(factor), cap \(cap.text), jitter \(jitter)"
        case .fixed(let wait): return "fixed \(wait.text)" + spread
        case .linear(let step, let cap): return "linear \(step.text), cap \(cap.text)" + spread
        case .list(let waits): return "list " + waits.map(\.text).joined(separator: ", ") + spread
        }
    }
}

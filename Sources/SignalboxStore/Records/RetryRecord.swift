// How a ``RetryPolicy`` stands in the records of a definition and of a request.
internal import SignalboxCore

extension RecordWriter {
    mutating func put(_ policy: RetryPolicy) {
        switch policy.backoff {
        case .exponential(let base, let factor, let cap):
            put(UInt8(0))
            put(base)
            put(factor)
            put(cap)
        case .fixed(let wait):
            put(UInt8(1))
            put(wait)
        case .linear(let step, let cap):
            put(UInt8(2))
            put(step)
            put(cap)
        case .list(let waits):
            put(UInt8(3))
            put(each: waits) { $0.put($1) }
        }
        put(policy.jitter)
        put(policy.limit) { $0.put($1) }
        put(policy.endsAtNext)
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    mutating func retryPolicy() throws -> RetryPolicy {
        let backoff = try backoff()
        let jitter = try double()
        let limit = try flag() ? try duration() : nil
        return RetryPolicy(backoff, jitter: jitter, limit: limit, endsAtNext: try flag())
    }

    @_lifetime(self: copy self)
    private mutating func backoff() throws -> Backoff {
        switch try byte() {
        case 0: return .exponential(base: try duration(), factor: try double(), cap: try duration())
        case 1: return .fixed(try duration())
        case 2: return .linear(step: try duration(), cap: try duration())
        case 3:
            var waits: [Duration] = []
            for _ in 0..<(try count()) { waits.append(try duration()) }
            return .list(waits)
        default: throw RecordFault.shape
        }
    }
}

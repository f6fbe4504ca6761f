import Testing

@testable import SignalboxCore

@Suite struct `The wait before a retry` {
    private let id = DispatchID(42)

    @Test func `doubles from its base up to its cap, within its jitter`() {
        let policy = RetryPolicy()
        for failures in 1...40 {
            let nominal = min(3600, 15 * Double(UInt64(1) << UInt64(min(failures - 1, 20))))
            for number in 1...200 as ClosedRange<UInt64> {
                let wait = policy.delay(after: failures, of: DispatchID(number)).inSeconds
                #expect(wait >= nominal * 0.9 - 1e-6 && wait <= nominal * 1.1 + 1e-6, "\(failures) of \(number)")
            }
        }
    }

    @Test func `is the same on every replay, and another for another dispatch`() {
        let policy = RetryPolicy()
        #expect(policy.delay(after: 3, of: id) == policy.delay(after: 3, of: id))
        let waits = Set((1...100).map { policy.delay(after: 3, of: DispatchID($0)) })
        #expect(waits.count > 95)
    }

    @Test func `spreads over the whole jitter`() {
        let policy = RetryPolicy(base: .seconds(100), factor: 1, jitter: 0.5)
        let waits = (1...1000).map { policy.delay(after: 1, of: DispatchID($0)).inSeconds }
        #expect(waits.min()! < 55 && waits.max()! > 145)
        let mean = waits.reduce(0, +) / 1000
        #expect(mean > 95 && mean < 105)
    }

    @Test func `without jitter is exact`() {
        let policy = RetryPolicy(base: .seconds(10), factor: 3, cap: .seconds(60), jitter: 0)
        #expect((1...4).map { policy.delay(after: $0, of: id) } == [10, 30, 60, 60].map { .seconds($0) })
    }

    @Test func `never traps, whatever its numbers are`() {
        let numbers = [Double.nan, .infinity, -.infinity, -1, 0, 0.5, 1e308, .leastNonzeroMagnitude]
        let spans = [Duration.zero, .seconds(-5), .microseconds(1), .microseconds(Int64.max), .microseconds(Int64.min)]
        for base in spans {
            for cap in spans {
                for factor in numbers {
                    for jitter in numbers {
                        let policy = RetryPolicy(base: base, factor: factor, cap: cap, jitter: jitter)
                        for failures in [1, 2, 1000] {
                            #expect(policy.delay(after: failures, of: id).inSeconds <= max(cap.inSeconds * 2, 0) + 1)
                        }
                    }
                }
            }
        }
    }
}

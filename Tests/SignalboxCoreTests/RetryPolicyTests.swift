import Testing

@testable import SignalboxCore

@Suite struct `The waits of a retry` {
    private let id = DispatchID(42)

    private func waits(_ policy: RetryPolicy) -> [Duration] { (1...5).map { policy.delay(after: $0, of: id) } }

    @Test func `are always the same where they are fixed`() {
        #expect(waits(RetryPolicy(.fixed(.seconds(10)))) == [10, 10, 10, 10, 10].map { .seconds($0) })
    }

    @Test func `grow by a step up to their cap where they are linear`() {
        let policy = RetryPolicy(.linear(step: .seconds(10), cap: .seconds(35)))
        #expect(waits(policy) == [10, 20, 30, 35, 35].map { .seconds($0) })
    }

    @Test func `are those of a list, and then its last`() {
        let policy = RetryPolicy(.list([.seconds(10), .seconds(60), .seconds(600)]))
        #expect(waits(policy) == [10, 60, 600, 600, 600].map { .seconds($0) })
        #expect(waits(RetryPolicy(.list([]))) == [.zero, .zero, .zero, .zero, .zero])
    }

    @Test func `are spread only where a jitter says so`() {
        let policy = RetryPolicy(.fixed(.seconds(100)), jitter: 0.5)
        let waits = (1...1000).map { policy.delay(after: 1, of: DispatchID($0)).inSeconds }
        #expect(waits.min()! < 55 && waits.max()! > 145)
    }

    @Test func `never trap, whatever their numbers are`() {
        for span in [Duration.zero, .seconds(-5), .microseconds(Int64.max), .microseconds(Int64.min)] {
            for backoff in [Backoff.fixed(span), .linear(step: span, cap: span), .list([span, .seconds(1)])] {
                for failures in [1, 2, 1000] {
                    #expect(RetryPolicy(backoff, jitter: 1).delay(after: failures, of: id) >= .zero)
                }
            }
        }
    }

    @Test(arguments: [
        ("fixed:10s", RetryPolicy(.fixed(.seconds(10))), "fixed 10s"),
        ("linear:30s", RetryPolicy(.linear(step: .seconds(30), cap: .seconds(3600))), "linear 30s, cap 1h"),
        ("linear:30s,10m", RetryPolicy(.linear(step: .seconds(30), cap: .seconds(600))), "linear 30s, cap 10m"),
        ("list:10s,1m,10m", RetryPolicy(.list([10, 60, 600].map { .seconds($0) })), "list 10s, 1m, 10m"),
        ("list:0s", RetryPolicy(.list([.zero])), "list 0s"),
        ("exponential:15s", RetryPolicy(), "base 15s, factor 2.0, cap 1h, jitter 0.1"),
        (
            "exponential:1s,1m", RetryPolicy(base: .seconds(1), cap: .seconds(60)),
            "base 1s, factor 2.0, cap 1m, jitter 0.1"
        ),
    ])
    func `are read from one word, and told in words`(text: String, policy: RetryPolicy, words: String) throws {
        #expect(try RetryPolicy(text: text) == policy)
        #expect(policy.words == words)
    }

    @Test(arguments: [
        "", "fixed", "fixed:", "fixed:10", "fixed:10s,20s", "linear:1s,2s,3s", "list:", "list:1s,,2s", "twice:1s",
        "list:" + Array(repeating: "1s", count: RetryPolicy.listLimit + 1).joined(separator: ","), "fixed:1s:2s",
    ])
    func `are refused with what was expected`(text: String) throws {
        #expect(throws: TimeTextError.self) { try RetryPolicy(text: text) }
    }
}

@Suite struct `Attempts within a time` {
    private static let start = Instant(seconds: 5000)
    private static let now = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))

    @Test func `end a while after the first began, whatever came between`() throws {
        var dispatch = Dispatch(
            id: DispatchID(1), origin: DispatchOrigin(maxAttempts: 9), birth: .pending, now: Self.now)
        #expect(dispatch.mayBeRetried(at: .distantFuture), "the first may always begin")
        dispatch = dispatch.retryable(for: .seconds(60), from: Self.start)
        let claim = Claim(worker: WorkerID(1), token: Token(1))
        dispatch = try dispatch.applying(.claim(claim), now: Self.now)
        let later = dispatch.retryable(for: .seconds(60), from: Self.start + .seconds(30))
        #expect(later == dispatch, "what has begun has its time")
        #expect(dispatch.mayBeRetried(at: Self.start + .seconds(60)))
        #expect(!dispatch.mayBeRetried(at: Self.start + .seconds(60) + .microseconds(1)))
    }
}

import Testing

@testable import SignalboxCore

@Suite struct `The end of an attempt` {
    private static let now = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))
    private let policy = RetryPolicy()

    /// A dispatch in its `attempt`-th attempt of three.
    private func dispatch(attempt: Int) throws -> Dispatch {
        let origin = DispatchOrigin(maxAttempts: 3)
        var dispatch = Dispatch(id: DispatchID(5), origin: origin, birth: .pending, now: Self.now)
        dispatch.attempt = attempt
        return dispatch
    }

    private func verdict(
        _ outcome: Outcome, attempt: Int = 1, codes: ExitCodes = ExitCodes(), endedFor cause: DispatchReason? = nil
    ) throws -> Verdict {
        outcome.verdict(on: try dispatch(attempt: attempt), retry: policy, codes: codes, endedFor: cause)
    }

    @Test func `is success with code 0 only`() throws {
        #expect(try verdict(.exited(0)) == .success)
        for code in 1...255 as ClosedRange<UInt8> { #expect(try verdict(.exited(code)) != .success) }
    }

    @Test func `is followed by another while attempts are left`() throws {
        for attempt in 1...2 {
            let wait = policy.delay(after: attempt, of: DispatchID(5))
            #expect(try verdict(.exited(1), attempt: attempt) == .retry(after: wait, .exit))
            #expect(try verdict(.signalled(11), attempt: attempt) == .retry(after: wait, .killed))
            for cause in [DispatchReason.timeout, .idleTimeout, .watchdog] {
                let expected = Verdict.retry(after: wait, cause)
                #expect(try verdict(.signalled(15), attempt: attempt, endedFor: cause) == expected)
            }
        }
        #expect(try verdict(.exited(1), attempt: 3) == .failed(.exit))
        #expect(try verdict(.signalled(11), attempt: 3) == .failed(.killed))
        #expect(try verdict(.exited(1), attempt: 4, endedFor: .timeout) == .failed(.timeout))
    }

    @Test func `is final where another attempt would end the same`() throws {
        for code in [64, 78, 126, 127] as [UInt8] { #expect(try verdict(.exited(code)) == .failed(.exit)) }
        #expect(try verdict(.notStarted("no such file")) == .failed(.exec))
    }

    @Test func `is a timeout whatever the code when we ended it ourselves`() throws {
        let wait = policy.delay(after: 1, of: DispatchID(5))
        for code in [0, 1, 127] as [UInt8] {
            #expect(try verdict(.exited(code), endedFor: .timeout) == .retry(after: wait, .timeout))
        }
        #expect(try verdict(.exited(0), attempt: 3, endedFor: .watchdog) == .failed(.watchdog))
    }

    @Test func `means what the job says its codes mean`() throws {
        let codes = ExitCodes(success: [3], fatal: [9])
        let wait = policy.delay(after: 1, of: DispatchID(5))
        #expect(try verdict(.exited(0), codes: codes) == .success)
        #expect(try verdict(.exited(3), codes: codes) == .success)
        #expect(try verdict(.exited(9), codes: codes) == .failed(.exit))
        #expect(try verdict(.exited(64), codes: codes) == .retry(after: wait, .exit))
        #expect(try verdict(.exited(64), codes: ExitCodes(success: [64])) == .success)
    }
}

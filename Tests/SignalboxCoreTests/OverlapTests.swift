import Testing

@testable import SignalboxCore

@Suite struct `An overlap policy` {
    private static let now = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))

    private func active(_ states: [DispatchState]) throws -> [Dispatch] {
        try states.enumerated().map { index, state in
            let id = DispatchID(UInt64(index) + 1)
            let birth: DispatchBirth =
                switch state {
                case .scheduled: .scheduled(due: Instant(seconds: 9))
                case .blocked: .blocked(by: DispatchID(1), .overlap)
                default: .pending
                }
            let dispatch = Dispatch(id: id, origin: DispatchOrigin(maxAttempts: 1), birth: birth, now: Self.now)
            guard state == .inProgress else { return dispatch }
            return try dispatch.applying(.claim(Claim(worker: WorkerID(1), token: Token(1))), now: Self.now)
        }
    }

    @Test(arguments: OverlapPolicy.allCases)
    func `lets run what meets nothing`(policy: OverlapPolicy) {
        #expect(policy.decision(active: []) == .run)
    }

    @Test(arguments: [DispatchState.scheduled, .blocked, .pending, .inProgress])
    func `decides about what meets one that waits or runs`(state: DispatchState) throws {
        let one = try active([state])
        #expect(OverlapPolicy.allow.decision(active: one) == .run)
        #expect(OverlapPolicy.skip.decision(active: one) == .skip(DispatchID(1)))
        #expect(OverlapPolicy.queueAll.decision(active: one) == .wait(DispatchID(1)))
        #expect(OverlapPolicy.replace.decision(active: one) == .replace([DispatchID(1)]))
        let canTakeMore = state == .pending || state == .blocked
        #expect(
            OverlapPolicy.queueOne.decision(active: one)
                == (canTakeMore ? .coalesce(DispatchID(1)) : .wait(DispatchID(1))))
    }

    @Test func `decides about what meets several`() throws {
        let several = try active([.inProgress, .blocked, .blocked])
        #expect(OverlapPolicy.allow.decision(active: several) == .run)
        #expect(OverlapPolicy.skip.decision(active: several) == .skip(DispatchID(1)))
        #expect(OverlapPolicy.queueAll.decision(active: several) == .wait(DispatchID(3)))
        #expect(OverlapPolicy.queueOne.decision(active: several) == .coalesce(DispatchID(3)))
        #expect(
            OverlapPolicy.replace.decision(active: several) == .replace([1, 2, 3].map { DispatchID($0) }))
    }

    @Test func `has a word that reads back`() {
        for policy in OverlapPolicy.allCases { #expect(OverlapPolicy(word: policy.word) == policy) }
        #expect(OverlapPolicy(word: "sometimes") == nil)
        for policy in RescuePolicy.allCases { #expect(RescuePolicy(word: policy.word) == policy) }
        #expect(RescuePolicy(word: "") == nil)
    }
}

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
        #expect(OverlapRule(policy).decision(active: []) == .run)
    }

    @Test(arguments: [DispatchState.scheduled, .blocked, .pending, .inProgress])
    func `decides about what meets one that waits or runs`(state: DispatchState) throws {
        let one = try active([state])
        #expect(OverlapRule.allow.decision(active: one) == .run)
        #expect(OverlapRule.skip.decision(active: one) == .skip(DispatchID(1)))
        #expect(OverlapRule.queueAll.decision(active: one) == .wait(DispatchID(1)))
        #expect(OverlapRule.replace.decision(active: one) == .replace([DispatchID(1)]))
        let canTakeMore = state == .pending || state == .blocked
        #expect(
            OverlapRule.queueOne.decision(active: one)
                == (canTakeMore ? .coalesce(DispatchID(1)) : .wait(DispatchID(1))))
    }

    @Test func `decides about what meets several`() throws {
        let several = try active([.inProgress, .blocked, .blocked])
        #expect(OverlapRule.allow.decision(active: several) == .run)
        #expect(OverlapRule.skip.decision(active: several) == .skip(DispatchID(1)))
        #expect(OverlapRule.queueAll.decision(active: several) == .wait(DispatchID(3)))
        #expect(OverlapRule.queueOne.decision(active: several) == .coalesce(DispatchID(3)))
        #expect(
            OverlapRule.replace.decision(active: several) == .replace([1, 2, 3].map { DispatchID($0) }))
    }

    @Test func `has a word that reads back`() {
        for policy in OverlapPolicy.allCases { #expect(OverlapPolicy(word: policy.word) == policy) }
        #expect(OverlapPolicy(word: "sometimes") == nil)
        for policy in RescuePolicy.allCases { #expect(RescuePolicy(word: policy.word) == policy) }
        #expect(RescuePolicy(word: "") == nil)
    }

    @Test func `lets no more run or wait than its limit`() throws {
        let three = try active([.inProgress, .pending, .blocked])
        #expect(OverlapRule(.allow, limit: 4).decision(active: three) == .run)
        #expect(OverlapRule(.allow, limit: 3).decision(active: three) == .skip(DispatchID(1)))
        #expect(OverlapRule(.queueAll, limit: 3).decision(active: three) == .wait(DispatchID(3)))
        #expect(OverlapRule(.queueAll, limit: 2).decision(active: three) == .skip(DispatchID(1)))
    }

    @Test func `skips nothing because of one whose worker is dead`() throws {
        let one = try active([.inProgress])
        let lost: Set = [DispatchID(1)]
        #expect(OverlapRule.skip.decision(active: one, lost: lost) == .wait(DispatchID(1)))
        #expect(OverlapRule(.allow, limit: 1).decision(active: one, lost: lost) == .wait(DispatchID(1)))
        let two = try active([.inProgress, .inProgress])
        #expect(OverlapRule.skip.decision(active: two, lost: lost) == .skip(DispatchID(2)))
        #expect(OverlapRule(.allow, limit: 2).decision(active: two, lost: lost) == .wait(DispatchID(1)))
    }

    @Test(arguments: [
        ("skip", OverlapRule.skip), ("allow", .allow), ("allow:3", OverlapRule(.allow, limit: 3)),
        ("queue-all:100000", OverlapRule(.queueAll, limit: 100_000)),
    ])
    func `with a limit has a text that reads back`(text: String, rule: OverlapRule) {
        #expect(OverlapRule(text: text) == rule && rule.word == text)
    }

    @Test(arguments: ["", "allow:", "allow:0", "allow:-1", "allow:100001", "skip:2", "allow:2:3", "replace:1", ":3"])
    func `is not read from what is none`(text: String) { #expect(OverlapRule(text: text) == nil) }
}

@Suite struct `An overlap policy at the claim` {
    private static let now = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))

    /// How a dispatch came to be where it is.
    private enum Kind { case fresh, asked, running, retrying, again, blocked }

    private func dispatch(_ number: UInt64, _ kind: Kind) throws -> Dispatch {
        let origin = DispatchOrigin(maxAttempts: 9, scheduledFor: kind == .asked ? nil : Instant(seconds: 1))
        let token = Token(number)
        let new = Dispatch(id: DispatchID(number), origin: origin, birth: .pending, now: Self.now)
        guard kind != .fresh, kind != .asked else { return new }
        if kind == .blocked { return try new.applying(.holdBack(behind: DispatchID(99)), now: Self.now) }
        let running = try new.applying(.claim(Claim(worker: WorkerID(1), token: token)), now: Self.now)
        guard kind != .running else { return running }
        let retrying = try running.applying(.retry(token, .exited(1), due: .epoch, .exit), now: Self.now)
        return kind == .retrying ? retrying : try retrying.applying(.fallDue(blockedBy: nil), now: Self.now)
    }

    private func decision(_ rule: OverlapRule, _ claimed: (UInt64, Kind), _ others: (UInt64, Kind)...) throws
        -> OverlapDecision
    {
        let me = try dispatch(claimed.0, claimed.1)
        let active = try others.map { try dispatch($0.0, $0.1) } + [me]
        return rule.decision(claiming: me, active: active.sorted { $0.id < $1.id })
    }

    @Test(arguments: [OverlapRule.skip, .queueOne, .queueAll, .replace, OverlapRule(.allow, limit: 1)])
    func `lets run what meets only others that have not begun`(rule: OverlapRule) throws {
        #expect(try decision(rule, (5, .fresh)) == .run)
        #expect(try decision(rule, (5, .fresh), (1, .fresh), (2, .blocked), (6, .asked)) == .run)
    }

    @Test func `skips an occurrence that meets a run, where the policy skips, and holds others back`() throws {
        for rule in [OverlapRule.skip, OverlapRule(.allow, limit: 1)] {
            #expect(try decision(rule, (5, .fresh), (7, .running)) == .skip(DispatchID(7)))
            #expect(try decision(rule, (5, .asked), (7, .running)) == .wait(DispatchID(7)))
            #expect(try decision(rule, (5, .again), (7, .running)) == .wait(DispatchID(7)))
        }
        for rule in [OverlapRule.queueOne, .queueAll, .replace] {
            #expect(try decision(rule, (5, .fresh), (7, .running)) == .wait(DispatchID(7)))
        }
        #expect(try decision(OverlapRule(.allow, limit: 2), (5, .fresh), (7, .running)) == .run)
        #expect(try decision(.allow, (5, .fresh), (6, .running), (7, .running)) == .run)
    }

    @Test func `finds the place held by one that waits for its retry, or to begin it`() throws {
        for kind in [Kind.retrying, .again] {
            #expect(try decision(.queueAll, (5, .fresh), (7, kind)) == .wait(DispatchID(7)))
            #expect(try decision(.queueAll, (5, .again), (3, kind)) == .wait(DispatchID(3)))
            #expect(try decision(.queueAll, (5, .again), (7, kind)) == .run)
        }
    }

    @Test func `makes nobody wait for one that waits`() throws {
        #expect(try decision(.queueAll, (5, .again), (3, .blocked), (7, .blocked)) == .run)
    }

    @Test func `waits for a dead worker's run to be settled`() throws {
        let (me, other) = (try dispatch(5, .fresh), try dispatch(3, .running))
        let decided = OverlapRule.skip.decision(claiming: me, active: [other, me], lost: [other.id])
        #expect(decided == .wait(other.id))
    }

    /// Aim: whatever waits for whatever, somebody can run. Method: an older dispatch waits for a younger one that ran
    /// first; when that one is held back itself and released, it must not be made to wait for the older in turn.
    @Test func `never lets two wait for each other`() throws {
        let older = try dispatch(3, .fresh).applying(.holdBack(behind: DispatchID(5)), now: Self.now)
        let younger = try dispatch(5, .again).applying(.holdBack(behind: DispatchID(9)), now: Self.now)
        let between = try dispatch(4, .fresh).applying(.holdBack(behind: DispatchID(3)), now: Self.now)
        #expect(OverlapRule.queueAll.blocker(of: younger, active: [older, between, younger]) == nil)
        let running = try dispatch(7, .running)
        #expect(OverlapRule.queueAll.blocker(of: younger, active: [older, between, younger, running]) == running.id)
        #expect(OverlapRule.queueAll.blocker(of: older, active: [older, between, younger]) == nil)
        #expect(OverlapRule(.allow, limit: 1).blocker(of: younger, active: [older, younger]) == nil)
        #expect(OverlapRule(.allow, limit: 1).blocker(of: younger, active: [younger, running]) == running.id)
    }
}

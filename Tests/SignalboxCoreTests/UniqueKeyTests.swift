import Testing

@testable import SignalboxCore

/// Aim: what a request does that meets the holder of its key, for every policy and every state of the holder.
@Suite struct `A request that meets the holder of its unique key` {
    private static let now = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))

    private func holder(_ state: DispatchState, attempt: Int = 0) -> Dispatch {
        var dispatch = Dispatch(
            id: DispatchID(7), origin: DispatchOrigin(maxAttempts: 3), birth: .pending, now: Self.now)
        dispatch.state = state
        dispatch.attempt = attempt
        return dispatch
    }

    private func decision(
        _ policy: ConflictPolicy, _ state: DispatchState, attempt: Int = 0, onSameTerms: Bool = true
    ) -> ConflictDecision {
        policy.decision(meeting: holder(state, attempt: attempt), onSameTerms: onSameTerms)
    }

    @Test(arguments: DispatchState.allCases)
    func `is the holder, or refused, where its policy says no more`(state: DispatchState) {
        #expect(decision(.existing, state) == .existing)
        #expect(decision(.reject, state) == .refuse)
    }

    @Test(arguments: [ConflictPolicy.replace, .debounce, .keepLatest])
    func `is the holder where that has ended`(policy: ConflictPolicy) {
        for state in DispatchState.allCases where state.isTerminal { #expect(decision(policy, state) == .existing) }
    }

    @Test func `follows one that runs, and stops it only to replace it`() {
        #expect(decision(.replace, .inProgress, attempt: 1) == .follow(stopping: true))
        #expect(decision(.debounce, .inProgress, attempt: 1) == .follow(stopping: false))
        #expect(decision(.keepLatest, .inProgress, attempt: 1) == .follow(stopping: false))
    }

    @Test(arguments: [DispatchState.scheduled, .blocked, .pending])
    func `takes the place of one that waits, or is what that then runs`(state: DispatchState) {
        #expect(decision(.replace, state) == .replace)
        for policy in [ConflictPolicy.debounce, .keepLatest] {
            #expect(decision(policy, state) == .renew)
            #expect(decision(policy, state, attempt: 1) == .replace, "what has begun keeps what it began with")
            #expect(decision(policy, state, onSameTerms: false) == .replace)
        }
    }

    @Test func `is named by words that read back`() {
        for policy in ConflictPolicy.allCases { #expect(ConflictPolicy(word: policy.word) == policy) }
        for policy in ParentFailure.allCases { #expect(ParentFailure(word: policy.word) == policy) }
        #expect(ConflictPolicy(word: "x") == nil && ParentFailure(word: "x") == nil)
    }
}

@Suite struct `A dispatch that waits for the one that runs under its key` {
    private static let now = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))
    private static let other = DispatchID(3)

    private func new(_ birth: DispatchBirth) -> Dispatch {
        Dispatch(id: DispatchID(7), origin: DispatchOrigin(maxAttempts: 3), birth: birth, now: Self.now)
    }

    @Test func `knows it while it is BLOCKED by it, and while it is SCHEDULED`() throws {
        #expect(new(.blocked(by: Self.other, .uniqueKey)).predecessor == Self.other)
        #expect(new(.blocked(by: Self.other, .dependency)).predecessor == nil)
        let scheduled = new(.scheduled(due: .epoch, behind: Self.other))
        #expect(scheduled.predecessor == Self.other)
        let due = try scheduled.applying(.fallDue(blockedBy: Self.other), now: Self.now)
        #expect(due.state == .blocked && due.reason == .uniqueKey && due.predecessor == Self.other)
        let parent = try due.applying(.unblock(next: DispatchID(2)), now: Self.now)
        #expect(parent.reason == .dependency && parent.predecessor == nil)
        #expect(try scheduled.applying(.fallDue(blockedBy: DispatchID(2)), now: Self.now).reason == .dependency)
        #expect(try scheduled.applying(.fallDue(blockedBy: nil), now: Self.now).blocker == nil)
    }

    @Test func `keeps it when it waits anew, and nothing else that it waited for`() {
        let due = Instant(seconds: 9)
        let postponed = new(.blocked(by: Self.other, .uniqueKey)).postponed(until: due)
        #expect(postponed.state == .scheduled && postponed.dueAt == due && postponed.dueClock == .steady)
        #expect(postponed.predecessor == Self.other && postponed.reason == .delayed)
        #expect(new(.blocked(by: Self.other, .dependency)).postponed(until: due).blocker == nil)
        #expect(new(.pending).postponed(until: due).state == .scheduled)
    }
}

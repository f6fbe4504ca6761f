import Testing

@testable import SignalboxCore

/// Aim: every pair of state and event is either a transition of the Lifecycle article or a refusal, and nothing else.
@Suite struct `The state machine of a dispatch` {
    private static let token = Token(7)
    private static let claim = Claim(worker: WorkerID(3), token: token)
    private static let now = Now(
        wall: Instant(seconds: 1000), boot: BootInstant(nanoseconds: 5_000_000_000), bootID: BootID("boot"))
    private static let later = Now(
        wall: Instant(seconds: 2000), boot: BootInstant(nanoseconds: 9_000_000_000), bootID: BootID("boot"))

    /// A dispatch in `state`, come to it by the machine itself.
    private static func dispatch(in state: DispatchState) throws -> Dispatch {
        let origin = DispatchOrigin(maxAttempts: 3)
        func new(_ birth: DispatchBirth) -> Dispatch {
            Dispatch(id: DispatchID(1), origin: origin, birth: birth, now: now)
        }
        let running = try new(.pending).applying(.claim(claim), now: now)
        switch state {
        case .scheduled: return new(.scheduled(due: Instant(seconds: 1500)))
        case .blocked: return new(.blocked(by: DispatchID(9), .dependency))
        case .pending: return new(.pending)
        case .inProgress: return running
        case .success: return try running.applying(.succeed(token, .exited(0)), now: now)
        case .failed: return try running.applying(.fail(token, .exited(1), .exit), now: now)
        case .cancelled: return try running.applying(.stop(token, .signalled(15)), now: now)
        case .skipped: return new(.skipped(.overlap, met: DispatchID(9)))
        }
    }

    /// Each event once, with what it is called in the table below.
    private static let events: [(name: String, event: DispatchEvent)] = [
        ("fallDue", .fallDue(blockedBy: nil)), ("fallDueBlocked", .fallDue(blockedBy: DispatchID(4))),
        ("unblock", .unblock(next: nil)), ("unblockNext", .unblock(next: DispatchID(4))),
        ("claim", .claim(claim)), ("holdBack", .holdBack(behind: DispatchID(4))),
        ("meetLimit", .meetLimit(.rate)),
        ("succeed", .succeed(token, .exited(0))),
        ("retry", .retry(token, .exited(1), due: Instant(seconds: 3000), .exit)),
        ("fail", .fail(token, .exited(1), .exit)), ("stop", .stop(token, .signalled(15))), ("release", .release(token)),
        ("snooze", .snooze(token, .exited(0), due: Instant(seconds: 3000))),
        ("loseRetry", .lose(.retry, due: Instant(seconds: 3000))),
        ("loseFail", .lose(.fail, due: Instant(seconds: 3000))),
        ("cancel", .cancel(.requested)), ("skip", .skip(.jobRemoved)),
        ("coalesce", .coalesce(scheduledFor: Instant(seconds: 1200))), ("giveUp", .giveUp),
    ]

    /// What is allowed, and where it leads. Everything that is not here is refused.
    private static let allowed: [DispatchState: [String: DispatchState]] = [
        .scheduled: [
            "fallDue": .pending, "fallDueBlocked": .blocked, "cancel": .cancelled, "skip": .skipped,
            "coalesce": .scheduled, "giveUp": .failed,
        ],
        .blocked: [
            "unblock": .pending, "unblockNext": .blocked, "cancel": .cancelled, "skip": .skipped, "coalesce": .blocked,
            "giveUp": .failed,
        ],
        .pending: [
            "claim": .inProgress, "holdBack": .blocked, "meetLimit": .blocked, "cancel": .cancelled, "skip": .skipped,
            "coalesce": .pending, "giveUp": .failed,
        ],
        .inProgress: [
            "succeed": .success, "retry": .scheduled, "fail": .failed, "stop": .cancelled, "release": .pending,
            "snooze": .scheduled,
            "loseRetry": .scheduled, "loseFail": .failed, "cancel": .inProgress,
        ],
    ]

    @Test(arguments: DispatchState.allCases)
    func `allows just the transitions of the table`(state: DispatchState) throws {
        let dispatch = try Self.dispatch(in: state)
        #expect(dispatch.state == state)
        for (name, event) in Self.events {
            let next = try? dispatch.applying(event, now: Self.later)
            #expect(next?.state == Self.allowed[state]?[name], "\(state) \(name)")
        }
    }

    @Test(arguments: DispatchState.allCases)
    func `keeps claim, blocker and end in step with the state`(state: DispatchState) throws {
        for (name, event) in Self.events {
            guard let next = try? Self.dispatch(in: state).applying(event, now: Self.later) else { continue }
            #expect((next.claim != nil) == (next.state == .inProgress), "\(state) \(name)")
            #expect((next.finished != nil) == next.state.isTerminal, "\(state) \(name)")
            if !next.state.isTerminal {
                let waitsForOther = next.state == .blocked && next.heldBy == nil
                #expect((next.blocker != nil) == waitsForOther, "\(state) \(name)")
            }
        }
    }

    @Test func `refuses an owner's word with another token, in every state`() throws {
        let stale = Token(6)
        let words: [DispatchEvent] = [
            .succeed(stale, .exited(0)), .retry(stale, .exited(1), due: .epoch, .exit), .fail(stale, .exited(1), .exit),
            .stop(stale, nil), .release(stale), .snooze(stale, .exited(0), due: .epoch),
        ]
        for state in DispatchState.allCases {
            let dispatch = try Self.dispatch(in: state)
            for word in words {
                #expect(throws: TransitionRefusal.lateResult(dispatch.id, stale)) {
                    try dispatch.applying(word, now: Self.later)
                }
            }
        }
    }

    @Test func `tells an owner whose claim is gone that it is late, and others that it cannot be`() throws {
        let pending = try Self.dispatch(in: .pending)
        #expect(throws: TransitionRefusal.lateResult(pending.id, Self.token)) {
            try pending.applying(.release(Self.token), now: Self.later)
        }
        let event = DispatchEvent.unblock(next: nil)
        #expect(throws: TransitionRefusal.impossible(pending.id, .pending, event)) {
            try pending.applying(event, now: Self.later)
        }
    }

    @Test func `counts the attempt at the claim, and takes it back when it is given back`() throws {
        let running = try Self.dispatch(in: .inProgress)
        #expect(running.attempt == 1 && running.started == Moment(Self.now) && running.claim == Self.claim)
        let back = try running.applying(.release(Self.token), now: Self.later)
        #expect(back.attempt == 0 && back.reason == .drained)
        let retried = try running.applying(.retry(Self.token, .exited(2), due: Self.later.wall, .exit), now: Self.later)
        #expect(retried.attempt == 1 && retried.reason == .retry && retried.dueAt == Self.later.wall)
        #expect(retried.ending == .exited(2))
    }

    @Test func `counts a snooze apart, and takes the attempt back`() throws {
        let running = try Self.dispatch(in: .inProgress)
        let snoozed = try running.applying(.snooze(Self.token, .exited(0), due: Self.later.wall), now: Self.later)
        #expect(snoozed.attempt == 0 && snoozed.snoozes == 1 && snoozed.reason == .snoozed)
        #expect(snoozed.dueAt == Self.later.wall && snoozed.dueClock == .steady)
    }

    @Test func `fails as poison at the third crash, whatever is left`() throws {
        var dispatch = try Self.dispatch(in: .pending)
        for crash in 1...RescuePolicy.poisonLimit {
            dispatch = try dispatch.applying(.claim(Self.claim), now: Self.now)
            dispatch = try dispatch.applying(.lose(.retry, due: Self.now.wall), now: Self.later)
            #expect(dispatch.crashes == crash)
            guard dispatch.state == .scheduled else { continue }
            dispatch = try dispatch.applying(.fallDue(blockedBy: nil), now: Self.now)
        }
        #expect(dispatch.state == .failed && dispatch.reason == .poison && dispatch.finished == Moment(Self.later))
    }

    @Test(arguments: [DispatchReason.requested, .replaced])
    func `ends as CANCELLED what was asked to stop, however its owner lets go of it`(why: DispatchReason) throws {
        let asked = try Self.dispatch(in: .inProgress).applying(.cancel(why), now: Self.now)
        #expect(asked.state == .inProgress && asked.cancelRequested && asked.claim == Self.claim)
        let ways: [DispatchEvent] = [
            .stop(Self.token, .signalled(15)), .stop(Self.token, nil), .release(Self.token),
            .retry(Self.token, .exited(1), due: Self.later.wall, .exit), .lose(.retry, due: Self.later.wall),
            .lose(.fail, due: Self.later.wall), .snooze(Self.token, .exited(0), due: Self.later.wall),
        ]
        for way in ways {
            let ended = try asked.applying(way, now: Self.later)
            #expect(ended.state == .cancelled && ended.reason == why, "\(way)")
        }
    }

    @Test func `counts what coalesces into a dispatch, and keeps the newest due time`() throws {
        var waiting = try Self.dispatch(in: .blocked)
        for second in [1200, 1300] as [Int64] {
            waiting = try waiting.applying(.coalesce(scheduledFor: Instant(seconds: second)), now: Self.now)
        }
        #expect(waiting.coalesced == 2 && waiting.lastScheduledFor == Instant(seconds: 1300))
        #expect(waiting.state == .blocked)
    }

    @Test func `names every state in capitals and reads the names back`() {
        for state in DispatchState.allCases {
            #expect(DispatchState(name: state.name) == state && DispatchState(name: state.name.lowercased()) == state)
        }
        #expect(DispatchState(name: "RUNNING") == nil)
        #expect(DispatchState.allCases.filter(\.isTerminal) == [.success, .failed, .cancelled, .skipped])
    }

    @Test func `has a word of its own for every reason but none`() {
        let words = DispatchReason.allCases.compactMap(\.word)
        #expect(Set(words).count == DispatchReason.allCases.count - 1 && DispatchReason.none.word == nil)
    }

    @Test func `marks every run apart by store, dispatch and claim`() throws {
        let running = try Self.dispatch(in: .inProgress)
        #expect(RunID(mark: "abc", dispatch: running).description == "abc-1-7")
    }
}

import Testing

@testable import SignalboxCore

/// Method: a sound ledger of ten due times, one a minute, with one thing wrong in each case.
@Suite struct `A ledger` {
    private let start = Instant(seconds: 1_800_000_000)

    private func time(_ minute: Int) -> Instant { start + .seconds(60 * minute) }

    private func entry(_ minute: Int, _ account: LedgerEntry.Account = .ran, further: Int = 0, last: Int? = nil)
        -> LedgerEntry
    {
        LedgerEntry(
            time: time(minute), dispatch: DispatchID(UInt64(minute + 100)), account: account, further: further,
            last: last.map(time))
    }

    private func compare(_ entries: [LedgerEntry], after: Int = 0, through: Int = 10) -> (LedgerTally, [LedgerFault]) {
        let window = LedgerWindow(
            schedule: .every(.seconds(60)), zone: .utc, anchor: start, after: time(after), through: time(through))
        var faults: [LedgerFault] = []
        let tally = window.compare(entries) { faults.append($0) }
        return (tally, faults)
    }

    /// 1 and 2 ran, 3 to 6 are in a record of which 5 ran, 7 was taken in by 8.
    private var sound: [LedgerEntry] {
        [
            entry(1), entry(2, .running), entry(3, .skipped, further: 2, last: 6), entry(5), entry(7, .coalesced),
            entry(8, .waiting), entry(9, .cancelled), entry(10, .skipped),
        ]
    }

    @Test func `in which all is accounted for says as what`() {
        let (tally, faults) = compare(sound)
        #expect(faults == [] && tally.due == 10)
        #expect(tally[.ran] == 2 && tally[.running] == 1 && tally[.waiting] == 1 && tally[.cancelled] == 1)
        #expect(tally[.skipped] == 4 && tally[.coalesced] == 1 && tally[.lost] == 0)
    }

    @Test func `lacks a due time`() {
        #expect(compare(Array(sound.dropFirst())).1 == [.missing(time(1))])
        #expect(compare(Array(sound.dropLast())).1 == [.missing(time(10))])
        #expect(compare([]).1 == (1...10).map { .missing(time($0)) })
    }

    @Test func `has a due time twice`() {
        var twice = sound
        twice.insert(LedgerEntry(time: time(2), dispatch: DispatchID(7), account: .ran), at: 2)
        #expect(compare(twice).1 == [.doubled(time(2), DispatchID(102), DispatchID(7))])
    }

    @Test func `has what is no due time`() {
        var more = sound
        let stray = LedgerEntry(time: time(2) + .seconds(1), dispatch: DispatchID(7), account: .ran)
        more.insert(stray, at: 2)
        #expect(compare(more).1 == [.notDue(stray.time, stray.dispatch)])
        #expect(
            compare(sound + [LedgerEntry(time: time(10) + .seconds(1), dispatch: stray.dispatch, account: .ran)]).1
                == [.notDue(time(10) + .seconds(1), stray.dispatch)])
    }

    @Test func `names a dispatch that is not there`() {
        var lost = sound
        lost[0].account = .lost
        #expect(compare(lost).1 == [.lost(time(1), DispatchID(101))])
    }

    @Test(arguments: [1, 3])
    func `has a record that counts wrong`(further: Int) {
        var wrong = sound
        wrong[2].further = further
        let fault: LedgerFault = further < 2 ? .missing(time(6)) : .overcounted(DispatchID(103), by: 1)
        #expect(compare(wrong).1 == [fault])
    }

    @Test func `has a record that ends at no due time`() {
        var wrong = sound
        wrong[2].last = time(6) + .seconds(1)
        #expect(compare(wrong).1 == [.notDue(time(6) + .seconds(1), DispatchID(103))])
    }

    @Test func `is looked at in part, where a record reaches over the ends`() {
        let (tally, faults) = compare(Array(sound[2...4]), after: 3, through: 7)
        #expect(faults == [] && tally.due == 4)
        #expect(compare(Array(sound[...3]), after: 0, through: 5).1 == [])
        #expect(compare(Array(sound[2...4]), after: 3, through: 8).1 == [.missing(time(8))])
    }

    /// Which of two records that overlap stands for what is nobody's business, as long as it can be worked out.
    @Test func `has records that overlap`() {
        let rest = (7...10).map { entry($0) }
        let overlapping = [entry(1, .skipped, further: 2, last: 6), entry(2, .skipped, further: 2, last: 4)]
        #expect(compare(overlapping + rest).1 == [])
        let short = [entry(1, .skipped, further: 1, last: 6), entry(2, .skipped, further: 2, last: 4)]
        #expect(compare(short + rest).1 == [.missing(time(6))])
    }

    @Test func `tells each fault in a sentence`() {
        let id = DispatchID(7)
        let faults: [LedgerFault] = [
            .missing(start), .doubled(start, id, id), .notDue(start, id), .lost(start, id), .overcounted(id, by: 2),
            .beyond(start, id, through: start), .nextDue(stored: nil, computed: start),
        ]
        #expect(Set(faults.map(\.description)).count == faults.count)
        for fault in faults.dropLast() where fault != .overcounted(id, by: 2) {
            #expect(fault.description.contains("\(start)"))
        }
    }
}

@Suite struct `A start that must not be too late` {
    private let now = Now(wall: Instant(seconds: 500), boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))
    private let deadline = Instant(seconds: 160)

    private func dispatch(until deadline: Instant?) -> Dispatch {
        let origin = DispatchOrigin(maxAttempts: 3, scheduledFor: Instant(seconds: 100), startDeadline: deadline)
        return Dispatch(id: DispatchID(1), origin: origin, birth: .pending, now: now)
    }

    @Test func `may be made up to its deadline, which what it stands for can renew`() {
        let waiting = dispatch(until: deadline)
        #expect(waiting.latestStart == deadline)
        #expect(!waiting.isTooLate(at: deadline) && waiting.isTooLate(at: deadline + .microseconds(1)))
        #expect(!waiting.startable(until: deadline + .seconds(1)).isTooLate(at: deadline + .seconds(1)))
    }

    @Test func `is asked of nothing that has been started, or has no limit, but of what was given back`() throws {
        let late = deadline + .seconds(1)
        #expect(dispatch(until: nil).latestStart == nil && !dispatch(until: nil).isTooLate(at: late))
        let running = try dispatch(until: deadline).applying(
            .claim(Claim(worker: WorkerID(1), token: Token(1))), now: now)
        let again = try running.applying(.retry(Token(1), .exited(1), due: now.wall, .exit), now: now)
        #expect(again.latestStart == nil && !again.isTooLate(at: late))
        #expect(try running.applying(.release(Token(1)), now: now).isTooLate(at: late))
    }
}

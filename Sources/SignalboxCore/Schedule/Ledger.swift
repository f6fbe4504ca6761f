// The occurrence ledger: the promise that each due time becomes exactly one dispatch, or a record of why not, recounted
// from the schedule. Pure: what the store has is passed in.

/// What a store has for one due time.
public struct LedgerEntry: Hashable, Sendable {
    /// What became of it.
    public enum Account: Hashable, Sendable, CaseIterable {
        /// It ran, well or not.
        case ran
        case running
        /// It waits to run.
        case waiting
        case cancelled
        case skipped
        /// A dispatch that waited took it in.
        case coalesced
        /// The store names a dispatch and has no record of it, or one of something else.
        case lost
    }

    public var time: Instant
    public var dispatch: DispatchID
    public var account: Account
    /// Due times after this one that the same SKIPPED record stands for, and the newest of them.
    public var further: Int
    public var last: Instant?

    public init(time: Instant, dispatch: DispatchID, account: Account, further: Int = 0, last: Instant? = nil) {
        self.time = time
        self.dispatch = dispatch
        self.account = account
        self.further = further
        self.last = last
    }
}

/// How many due times were accounted for, and as what.
public struct LedgerTally: Hashable, Sendable {
    public var due = 0
    public var accounts: [LedgerEntry.Account: Int] = [:]

    public init() {}

    public subscript(account: LedgerEntry.Account) -> Int { accounts[account, default: 0] }

    public static func += (left: inout LedgerTally, right: LedgerTally) {
        left.due += right.due
        left.accounts.merge(right.accounts, uniquingKeysWith: +)
    }

    mutating func add(_ account: LedgerEntry.Account) { accounts[account, default: 0] += 1 }
}

/// What is wrong with a ledger, in a sentence that follows the job's name.
public enum LedgerFault: Hashable, Sendable, CustomStringConvertible {
    case missing(Instant)
    case doubled(Instant, DispatchID, DispatchID)
    case notDue(Instant, DispatchID)
    case lost(Instant, DispatchID)
    case overcounted(DispatchID, by: Int)
    case beyond(Instant, DispatchID, through: Instant)
    case nextDue(stored: Instant?, computed: Instant?)

    public var description: String {
        switch self {
        case .missing(let time): "nothing accounts for the due time \(time)"
        case .doubled(let time, let one, let other):
            "the due time \(time) is accounted for twice, by dispatches \(one) and \(other)"
        case .notDue(let time, let id): "dispatch \(id) stands for \(time), which is no due time of the schedule"
        case .lost(let time, let id): "dispatch \(id), which should stand for the due time \(time), has no such record"
        case .overcounted(let id, let count): "dispatch \(id) stands for \(count) due times more than there are"
        case .beyond(let time, let id, let through):
            "dispatch \(id) stands for \(time), and only the due times up to \(through) can have been dealt with"
        case .nextDue(let stored, let computed):
            "the store expects it next at \(stored?.description ?? "no time"), and the schedule says "
                + "\(computed?.description ?? "never again")"
        }
    }
}

/// Due times of one schedule in a stretch of time, compared with what a store has for them. Its cost is the number of
/// these due times.
public struct LedgerWindow: Sendable {
    public var schedule: Schedule
    public var zone: Zone
    public var anchor: Instant
    /// Due times after this one,
    public var after: Instant
    /// and up to this one.
    public var through: Instant

    public init(schedule: Schedule, zone: Zone, anchor: Instant, after: Instant, through: Instant) {
        self.schedule = schedule
        self.zone = zone
        self.anchor = anchor
        self.after = after
        self.through = through
    }

    /// A SKIPPED record that may stand for due times to come.
    private struct Cover {
        let dispatch: DispatchID
        let last: Instant
        var left: Int
        /// All that it stands for lies in the window.
        let isWhole: Bool
    }

    /// Goes through the due times in order. Each must have an entry of its own, or be one of those that a SKIPPED record
    /// stands for: of several that could, the one that ends first, so that if all can be satisfied they are.
    /// - Parameters:
    ///   - entries: in order of time; such as lie before the window count for what they stand for inside.
    ///   - fault: called for everything that is wrong.
    public func compare(_ entries: [LedgerEntry], _ fault: (LedgerFault) -> Void) -> LedgerTally {
        var tally = LedgerTally()
        var covers: [Cover] = []
        var rest = entries[...]
        while let entry = rest.first, entry.time <= after {
            open(entry, &covers, isWhole: false, fault)
            rest.removeFirst()
        }
        var due = schedule.next(after: after, in: zone, anchor: anchor)?.due
        while let time = due, time <= through {
            while let entry = rest.first, entry.time < time {
                fault(.notDue(entry.time, entry.dispatch))
                rest.removeFirst()
            }
            tally.due += 1
            if let entry = rest.first, entry.time == time {
                rest.removeFirst()
                take(entry, &tally, &covers, fault)
                while let other = rest.first, other.time == time {
                    fault(.doubled(time, entry.dispatch, other.dispatch))
                    rest.removeFirst()
                }
            } else if use(&covers, at: time) {
                tally.add(.skipped)
            } else {
                fault(.missing(time))
            }
            due = schedule.next(after: time, in: zone, anchor: anchor)?.due
        }
        for entry in rest { fault(.notDue(entry.time, entry.dispatch)) }
        for cover in covers where cover.isWhole { fault(.overcounted(cover.dispatch, by: cover.left)) }
        return tally
    }

    private func take(
        _ entry: LedgerEntry, _ tally: inout LedgerTally, _ covers: inout [Cover], _ fault: (LedgerFault) -> Void
    ) {
        if entry.account == .lost { fault(.lost(entry.time, entry.dispatch)) }
        tally.add(entry.account)
        open(entry, &covers, isWhole: (entry.last ?? entry.time) <= through, fault)
    }

    private func open(
        _ entry: LedgerEntry, _ covers: inout [Cover], isWhole: Bool, _ fault: (LedgerFault) -> Void
    ) {
        guard entry.further > 0, let last = entry.last else { return }
        if schedule.previous(through: last, in: zone, anchor: anchor)?.due != last {
            fault(.notDue(last, entry.dispatch))
        }
        covers.append(Cover(dispatch: entry.dispatch, last: last, left: entry.further, isWhole: isWhole))
    }

    /// Takes one from the cover of `time` that ends first; false when there is none.
    private func use(_ covers: inout [Cover], at time: Instant) -> Bool {
        let candidates = covers.indices.filter { time <= covers[$0].last }
        guard let first = candidates.min(by: { covers[$0].last < covers[$1].last }) else { return false }
        covers[first].left -= 1
        if covers[first].left == 0 { covers.remove(at: first) }
        return true
    }
}

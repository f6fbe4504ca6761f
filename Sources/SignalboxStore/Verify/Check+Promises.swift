// What `verify` compares besides indexes and counters: that occurrences and dispatches name each other, that the events
// tell the same story as the records, that nothing ended before it began.

internal import OrderedStore
internal import SignalboxCore

/// Whether occurrences and the dispatches they name go together one to one, in constant memory: a sum over all of either
/// side, which are equal when every dispatch is named as often as it must be.
struct OccurrenceBalance {
    private var expected: UInt64 = 0
    private var found: UInt64 = 0

    var isEven: Bool { expected == found }

    mutating func expect(_ dispatch: Dispatch) {
        guard dispatch.job != nil else { return }
        expected &+= Self.weight(dispatch.id) &* UInt64(dispatch.occurrences)
    }

    mutating func found(_ id: DispatchID) { found &+= Self.weight(id) }

    /// Odd, and as good as random, so that no few faults cancel out (splitmix64's finaliser).
    private static func weight(_ id: DispatchID) -> UInt64 {
        var value = id.number &* 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value | 1
    }
}

/// The transitions of the events one after the other: each must begin where the one before it left the dispatch.
struct EventReplay {
    private(set) var states: [DispatchID: DispatchState] = [:]

    mutating func faults(of record: EventRecord, _ sequence: UInt64) -> [String] {
        var faults: [String] = []
        for change in record.changes {
            // What happened before the oldest event that is kept is not known.
            if let known = states.updateValue(change.to, forKey: change.id), known != change.from {
                let from = change.from?.name ?? "nothing"
                faults.append(
                    "event \(sequence) moves dispatch \(change.id) from \(from), and the one before left it \(known.name)"
                )
            }
        }
        return faults
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// When the sums differ, each dispatch is looked at.
    func checkBalance(_ check: inout Check) throws {
        guard !check.occurrences.isEven else { return }
        var named: [DispatchID: Int] = [:]
        try scan(Buckets.occurrences, .all, .ascending) { key, value in
            if let counter = try? Counter(record: value, key: key) { named[DispatchID(counter.value), default: 0] += 1 }
            return .next
        }
        try scan(Buckets.dispatches, .all, .ascending) { key, value in
            guard let dispatch = try? DispatchRecord(record: value, key: key).dispatch, dispatch.job != nil else {
                return .next
            }
            let count = named[dispatch.id, default: 0]
            if count != dispatch.occurrences {
                check.report.fault(
                    "dispatch \(dispatch.id) stands for \(dispatch.occurrences) due times, and occurrences names it for "
                        + "\(count)")
            }
            return .next
        }
    }

    /// Where the events end is where the records are.
    func checkReplay(_ replay: EventReplay, _ check: inout Check) throws {
        if check.isNaming {
            try nameReplay(replay, &check)
        } else {
            for (id, state) in replay.states where try !isMissing(id, orIn: state) { check.isUneven = true }
        }
        try checkFirstEvent(&check)
    }

    /// Of the record only the state is looked at: all of it was believed before.
    private func isMissing(_ id: DispatchID, orIn state: DispatchState) throws -> Bool {
        let key = Key.dispatch(id)
        return try get(key.span, in: Buckets.dispatches) { record in
            guard let record, record.count > DispatchRecord.stateOffset else { return true }
            return record[DispatchRecord.stateOffset] == state.rawValue
        }
    }

    private func nameReplay(_ replay: EventReplay, _ check: inout Check) throws {
        for (id, state) in replay.states.sorted(by: { $0.key < $1.key }) {
            guard let dispatch = try? dispatchRecord(id)?.dispatch, dispatch.state != state else { continue }
            check.report.fault("dispatch \(id) is \(dispatch.state.name), and its newest event says \(state.name)")
        }
    }

    private func checkFirstEvent(_ check: inout Check) throws {
        guard let oldest = try keys(Buckets.events, .all, limit: 1).first else { return }
        let first = oldest.reduce(0) { $0 << 8 | UInt64($1) }
        if first < check.state.firstEvent {
            check.soundState.firstEvent = first
            check.report.fault(
                "event \(first) is older than event \(check.state.firstEvent), the oldest that is counted")
        }
    }
}

extension Job {
    /// Whether an occurrence of the present revision and clock lies where no scheduler can have been.
    func isBeyondCursor(_ time: Instant, _ revision: UInt32, _ epoch: UInt32) -> Bool {
        guard definition.schedule != .boot, let span = progress.spans.last else { return false }
        return revision == progress.revision && epoch >= span.epoch && time > progress.cursor
    }
}

extension Dispatch {
    /// The worker that began an attempt also ended it, so in one boot; unless it failed while it waited for another.
    var timeFault: String? {
        guard ending != nil, state == .success || state == .failed, reason != .retriesOver, let started, let finished,
            finished.boot < started.boot
        else { return nil }
        return "ended before it was started"
    }
}

extension Attempt {
    /// The worker that began it also ended it, so in one boot; of others the reaper tells the end.
    var timeFault: String? {
        outcome != nil && finished.boot < started.boot ? "ended before it was started" : nil
    }
}

internal import OrderedStore
internal import SignalboxCore

/// One write transaction as the operations see it: the engine's transaction, the time, and what has to be written at
/// its end because something changed.
///
/// All that moves a dispatch goes through ``insert(_:request:)`` and ``apply(_:to:)``; they alone touch its record, its
/// indexes, its counters and the event.
struct JobWriter<Transaction: WriteTransaction & ~Copyable>: ~Copyable {
    var transaction: Transaction
    let now: Now
    /// The store's counters as they will be written.
    var state: StoreState
    private let stateBefore: StoreState
    private var changes: [DispatchChange] = []
    private var counts: [CounterKey: Int] = [:]
    private var interests: InterestSet = []
    /// Whether a registered worker lives: what its kernel lock says.
    let isAlive: (WorkerID) -> Bool
    var admission = Admission()
    /// Dispatches that ended, while the waiters of the first of them and of all that follow are looked after.
    var endings: [Dispatch] = []
    /// The runs that ended in this transaction.
    var history = EndedRuns()
    /// What the store knows of the clocks, once it was asked for.
    var knownClock: StoreClock?

    private struct CounterKey: Hashable {
        var subject: CounterSubject
        var state: DispatchState
    }

    /// `state` is the record as it stands in `transaction`.
    init(_ transaction: consuming Transaction, state: StoreState, now: Now, isAlive: @escaping (WorkerID) -> Bool) {
        self.state = state
        stateBefore = state
        self.now = now
        self.isAlive = isAlive
        self.transaction = transaction
    }

    consuming func release() -> Transaction { transaction }

    /// The sequence that this transaction will have if it changes something: also the token of its claims.
    var sequence: UInt64 { stateBefore.sequence + 1 }

    mutating func newDispatchID() -> DispatchID {
        defer { state.nextDispatch += 1 }
        return DispatchID(state.nextDispatch)
    }

    mutating func newWorkerID() -> WorkerID {
        defer { state.nextWorker += 1 }
        return WorkerID(state.nextWorker)
    }

    mutating func put(_ value: some Record, _ key: Key, in bucket: Bucket) throws {
        try transaction.keep(value, key, in: bucket)
    }

    /// Puts a key that says all there is to say.
    mutating func mark(_ key: Key, in bucket: Bucket) throws {
        let nothing: [UInt8] = []
        try transaction.put(key.bytes.span, nothing.span, in: bucket)
    }

    mutating func delete(_ key: Key, in bucket: Bucket) throws {
        try transaction.delete(key.bytes.span, in: bucket)
    }

    mutating func notify(_ more: InterestSet) { interests.formUnion(more) }

    mutating func count(_ subject: CounterSubject, _ state: DispatchState, by step: Int) {
        counts[CounterKey(subject: subject, state: state), default: 0] += step
    }

    mutating func report(_ change: DispatchChange) { changes.append(change) }

    /// Writes what the body has gathered; nothing when it changed nothing.
    mutating func finish() throws {
        try writeCounters()
        try writeHistory()
        if !changes.isEmpty { try writeEvent() }
        if !changes.isEmpty || !interests.isEmpty { interests.insert(.anyChange) }
        guard state != stateBefore || !interests.isEmpty else { return }
        state.sequence = sequence
        try put(state, StoreState.key, in: Buckets.meta)
        transaction.notify(interests)
    }

    private mutating func writeCounters() throws {
        for (key, step) in counts where step != 0 {
            let name = Key.counter(key.subject, key.state)
            let before = Int(clamping: try transaction.count(key.subject, key.state))
            guard before + step >= 0 else {
                throw StoreError(.damaged, "the counter of \(key.subject.text) \(key.state.name) would fall below zero")
            }
            if before + step == 0 {
                try delete(name, in: Buckets.counters)
            } else {
                try put(Counter(value: UInt64(before + step)), name, in: Buckets.counters)
            }
        }
    }

    /// The oldest events make room for the newest.
    private mutating func writeEvent() throws {
        let key = Key.sequence(sequence)
        let record = EventRecord(at: now.wall, changes: changes).record(under: key)
        try transaction.put(key.bytes.span, record.span, in: Buckets.events)
        state.eventBytes += UInt64(record.count)
        while state.eventBytes > EventRing.limit, try dropOldestEvent() {}
    }

    /// False when there is none but the newest, which is never dropped.
    private mutating func dropOldestEvent() throws -> Bool {
        let range = KeyRange(from: Key.sequence(state.firstEvent).bytes, to: Key.sequence(sequence).bytes)
        var oldest: (key: [UInt8], size: Int)?
        try transaction.scan(Buckets.events, range, .ascending) { key, value in
            oldest = (copied(key), value.count)
            return .stop
        }
        guard let oldest else { return false }
        try transaction.delete(oldest.key.span, in: Buckets.events)
        state.eventBytes -= min(state.eventBytes, UInt64(oldest.size))
        state.firstEvent = oldest.key.reduce(0) { $0 << 8 | UInt64($1) } + 1
        return true
    }
}

/// The newest transitions are kept, up to so many bytes.
enum EventRing {
    static let limit: UInt64 = 8 << 20
}

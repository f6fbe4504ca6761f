internal import OrderedStore
internal import SignalboxCore

/// One write transaction as the operations see it: the engine's transaction, the time, and what has to be written at
/// its end because something changed.
///
/// All that moves a dispatch goes through ``insert(_:request:)`` and ``apply(_:to:)``; they alone touch its record, its
/// indexes, its counters and the event.
struct JobWriter<Transaction: WriteTransaction & ~Copyable>: ~Copyable {
    let now: Now
    /// The store's counters as they will be written.
    var state: StoreState
    private let stateBefore: StoreState
    /// The transitions so far, as they will be kept.
    private var event = RecordWriter()
    private var hasEvent = false
    /// The queue of its newest transition.
    private var eventQueue: QueueName?
    private(set) var counts = CounterTable()
    private var interests: InterestSet = []
    /// Whether a registered worker lives: what its kernel lock says.
    let isAlive: (WorkerID) -> Bool
    var admission = Admission()
    /// Dispatches that ended, while the waiters of the first of them and of all that follow are looked after.
    var endings: [Dispatch] = []
    /// The runs that ended in this transaction.
    var history = EndedRuns()
    /// Whether what is too much goes at its end.
    var prunesAlong = true
    /// Due times whose records were pruned.
    var forgotten: [JobName: [ForgottenTime]] = [:]
    /// What the store knows of the clocks, once it was asked for.
    var knownClock: StoreClock?
    /// Builds the records, one after the other.
    private var records = RecordWriter()
    /// The last of all: what stands before it lies where it lies whatever the engine is, and is found without asking.
    var transaction: Transaction

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

    @inline(__always)
    mutating func put(_ value: borrowing some Record, _ key: borrowing Key, in bucket: Bucket) throws {
        try put(value, key.span, in: bucket)
    }

    @inline(__always)
    mutating func put(_ value: borrowing some Record, _ key: Span<UInt8>, in bucket: Bucket) throws {
        value.write(under: key, to: &records)
        try transaction.put(key, records.span, in: bucket)
    }

    /// Puts a key that says all there is to say.
    @inline(__always)
    mutating func mark(_ key: borrowing Key, in bucket: Bucket) throws {
        try transaction.put(key.span, Span(), in: bucket)
    }

    @inline(__always)
    mutating func delete(_ key: borrowing Key, in bucket: Bucket) throws {
        try transaction.delete(key.span, in: bucket)
    }

    mutating func notify(_ more: InterestSet) { interests.formUnion(more) }

    /// Counts a dispatch in another state than before; nil: it is new.
    mutating func count(_ subject: CounterSubject, from before: DispatchState?, to state: DispatchState) {
        counts.count(subject, from: before, to: state)
    }

    mutating func count(_ subject: CounterSubject, _ state: DispatchState, by step: Int) {
        counts.count(subject, state, by: step)
    }

    /// Tells of a dispatch that went from a state to another.
    @inline(__always)
    mutating func report(_ dispatch: Dispatch, from before: DispatchState?) {
        if !hasEvent {
            event.begin(eventAt: now.wall)
            hasEvent = true
        }
        let isSameQueue = dispatch.queue == eventQueue
        event.put(
            change: dispatch.id, of: dispatch.job, in: isSameQueue ? nil : dispatch.queue, from: before,
            to: dispatch.state, attempt: dispatch.attempt)
        if !isSameQueue { eventQueue = dispatch.queue }
    }

    /// Writes what the body has gathered; nothing when it changed nothing.
    /// - Returns: the settings that hold from now on.
    mutating func finish() throws -> StoreSettings {
        let settings = try transaction.storeSettings()
        try finish(settings)
        return settings
    }

    private mutating func finish(_ settings: StoreSettings) throws {
        try pruneAlong(settings)
        try writeCounters()
        try writeHistory()
        if hasEvent { try writeEvent() }
        if hasEvent || !interests.isEmpty { interests.insert(.anyChange) }
        guard state != stateBefore || !interests.isEmpty else { return }
        state.sequence = sequence
        try put(state, StoreState.key, in: Buckets.meta)
        transaction.notify(interests)
    }

    private mutating func writeCounters() throws {
        for counter in counts.entries {
            for state in DispatchState.allCases {
                let step = counter.steps[Int(state.rawValue)]
                if step != 0 { try move(counter.subject, state, by: step) }
            }
        }
    }

    private mutating func move(_ subject: CounterSubject, _ state: DispatchState, by step: Int) throws {
        let name = Key.counter(subject, state)
        let count = Int(clamping: try transaction.count(subject, state)) + step
        guard count >= 0 else {
            throw StoreError(.damaged, "the counter of \(subject.text) \(state.name) would fall below zero")
        }
        if count == 0 {
            try delete(name, in: Buckets.counters)
        } else {
            try put(Counter(value: UInt64(count)), name, in: Buckets.counters)
        }
    }

    /// The oldest events make room for the newest.
    private mutating func writeEvent() throws {
        let key = Key.sequence(sequence)
        event.seal(under: key.span)
        try transaction.put(key.span, event.span, in: Buckets.events)
        state.eventBytes += UInt64(event.span.count)
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

public import OrderedStore
internal import SignalboxCore

/// Works out all that is derived from the sources of a store that has nothing but them: every index, every counter, and
/// the counts in the store's state.
///
/// It comes in parts of bounded memory, each with its keys in order, so that a store of any size is filled in long
/// ascending runs, and one of some hundred thousand dispatches in a single one, which packs its pages full.
public struct Derivation {
    private enum Stage { case jobs, dispatches, occurrences, windows, sums, done }

    private var stage = Stage.jobs
    /// Where the stage goes on.
    private var place: [UInt8] = []
    private var census = Census()
    /// A part ends when its keys take so much memory.
    private let limit: Int

    public init(limit: Int = 32 << 20) { self.limit = limit }

    /// The next part; nil when all is done. Between two parts the sources stay as they are.
    /// - Throws: ``StoreError`` with `damaged` when a record cannot be read.
    public mutating func next(from engine: some OrderedStore) throws -> DerivedPart? {
        guard stage != .done else { return nil }
        var part = DerivedPart()
        var next = self
        try engine.read { transaction in
            next = self
            part = DerivedPart()
            try next.fill(&part, transaction)
        }
        self = next
        return part
    }

    private mutating func fill(_ part: inout DerivedPart, _ transaction: borrowing some ReadTransaction & ~Copyable)
        throws
    {
        switch stage {
        case .jobs:
            for job in try transaction.jobs() { if let key = job.dueKey { part.add(Buckets.jobDue, key.span) } }
            stage = .dispatches
        case .dispatches: try addDispatches(to: &part, transaction)
        case .occurrences: try addDueTimes(to: &part, transaction)
        case .windows: try addWindows(to: &part, transaction)
        case .sums:
            try addSums(to: &part, transaction)
            stage = .done
        case .done: break
        }
    }

    private mutating func addDispatches(
        to part: inout DerivedPart, _ transaction: borrowing some ReadTransaction & ~Copyable
    ) throws {
        let isAtEnd = try eachRecord(DispatchRecord.self, Buckets.dispatches, transaction, &part) {
            derivation, part, _, record in
            let id = record.dispatch.id
            try record.eachIndexEntry(work: { try transaction.request(of: id).work }) { part.add($0, $1) }
            for other in try transaction.awaited(by: record, { try transaction.request(of: id) }) {
                part.add(Buckets.awaited, Key.awaited(other, by: id).span)
            }
            derivation.census.count(record)
        }
        if isAtEnd { (stage, place) = (.occurrences, []) }
    }

    private mutating func addDueTimes(
        to part: inout DerivedPart, _ transaction: borrowing some ReadTransaction & ~Copyable
    ) throws {
        let isAtEnd = try eachRecord(Counter.self, Buckets.occurrences, transaction, &part) { _, part, key, counter in
            if let dueTime = Key.dueTime(DispatchID(counter.value), ofOccurrence: key) {
                part.add(Buckets.dueTimes, dueTime.span)
            }
        }
        if isAtEnd { (stage, place) = (.windows, []) }
    }

    private mutating func addWindows(
        to part: inout DerivedPart, _ transaction: borrowing some ReadTransaction & ~Copyable
    ) throws {
        let isAtEnd = try eachRecord(UniqueEntry.self, Buckets.unique, transaction, &part) { _, part, key, entry in
            var reader = KeyReader(key)
            if let text = reader.text(), let end = entry.endKey(of: text) { part.add(Buckets.uniqueEnds, end.span) }
        }
        if isAtEnd { (stage, place) = (.sums, []) }
    }

    /// Goes on until the bucket ends, or the part is large enough. False: there are more.
    private mutating func eachRecord<Value: Record>(
        _: Value.Type, _ bucket: Bucket, _ transaction: borrowing some ReadTransaction & ~Copyable,
        _ part: inout DerivedPart,
        _ body: (inout Derivation, inout DerivedPart, _ key: [UInt8], Value) throws -> Void
    ) throws -> Bool {
        var isAtEnd = true
        try transaction.records(Value.self, bucket, KeyRange(from: place, to: nil)) { key, value in
            guard part.size < limit else {
                (place, isAtEnd) = (key, false)
                return .stop
            }
            try body(&self, &part, key, value)
            return .next
        }
        return isAtEnd
    }

    /// What needs all that was counted.
    private func addSums(
        to part: inout DerivedPart, _ transaction: borrowing some ReadTransaction & ~Copyable
    ) throws {
        for (key, count) in census.counters.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            part.add(.count(count, Buckets.counters, key))
        }
        try transaction.records(RateRecord.self, Buckets.limits, KeyRange(prefix: [LimitKind.rate.rawValue])) {
            key, record in
            var reader = KeyReader(key)
            if reader.byte() != nil, let text = reader.text(), let opening = record.openingKey(of: text) {
                part.add(Buckets.limits, opening.span)
            }
            return .next
        }
        var state = try transaction.storeState()
        state.counts = census.totals
        state.eventBytes = 0
        try transaction.scan(Buckets.events, .all, .ascending) { _, value in
            state.eventBytes += UInt64(value.count)
            return .next
        }
        part.add(.keep(state, StoreState.key, in: Buckets.meta))
    }
}

/// Entries to be put, of each bucket in the order of their keys.
public struct DerivedPart {
    private var lists: [Bucket: KeyList] = [:]
    private var records: [Remedy] = []

    /// The memory that it takes, in bytes, but for some records.
    var size: Int { lists.values.reduce(0) { $0 + $1.size } }

    mutating func add(_ bucket: Bucket, _ key: Span<UInt8>) { lists[bucket, default: KeyList()].append(key) }
    mutating func add(_ record: Remedy) { records.append(record) }

    /// Shows every entry once.
    public mutating func each(_ body: (Bucket, _ key: Span<UInt8>, _ value: Span<UInt8>) throws -> Void) throws {
        for bucket in lists.keys.sorted(by: { $0.index < $1.index }) {
            try lists[bucket]?.eachInOrder { try body(bucket, $0, Span()) }
        }
        for case .put(let bucket, let key, let value) in records { try body(bucket, key.span, value.span) }
    }
}

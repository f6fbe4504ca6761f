// What is left of a damaged store becomes one that is sound. Records are believed by their checksums alone, whatever
// page they were found on; then those go whose counterpart is lost, for half a dispatch would be worse than none: it
// would be run twice, or wait for ever. What is only counted or indexed is made anew by whoever restores it.

public import OrderedStore
internal import SignalboxCore

/// Fills an empty engine with what can be believed of a damaged store.
public struct Salvager<Engine: OrderedStore> {
    let engine: Engine
    private var waiting: [(bucket: Bucket, key: [UInt8], record: [UInt8])] = []
    private var waitingSize = 0
    public internal(set) var report = SalvageReport()

    /// Written at once, in bytes.
    private static var batch: Int { 4 << 20 }

    /// - Parameter engine: one with all buckets and nothing in them.
    public init(into engine: Engine) { self.engine = engine }

    /// Takes what a page in its place had.
    public mutating func take(_ bucketName: String, key: Span<UInt8>, record: Span<UInt8>) throws {
        guard let bucket = Buckets.sources.first(where: { $0.name == bucketName }) else { return }
        // Worked out from the rate keys.
        if bucket == Buckets.limits, key.count > 0, key[0] == Key.openings { return }
        guard SourceRecord.isBelievable(record, under: key, in: bucket) else {
            return report.lose("records in \(bucket.name) cannot be believed", words(copied(key), bucket))
        }
        try add(bucket, copied(key), copied(record))
    }

    /// Takes what was found on a page that no tree leads to, as far as it is missing. All of it belongs to one bucket:
    /// the one that can have all these records. Index entries have no checksum, and are made anew.
    public mutating func takeLostPage(_ entries: [(key: [UInt8], value: [UInt8])]) throws {
        let records = entries.filter { SourceRecord.hasChecksum($0.value.span, under: $0.key.span) }
        guard !records.isEmpty else { return }
        let possible = Buckets.sources.filter { bucket in
            records.allSatisfy { SourceRecord.isBelievable($0.value.span, under: $0.key.span, in: bucket) }
        }
        guard possible.count == 1, let bucket = possible.first else { return }
        try flush()
        for (key, record) in records where try engine.read({ try !$0.contains(key.span, in: bucket) }) {
            report.fromLostPages += 1
            try add(bucket, key, record)
        }
    }

    /// Makes what was taken agree with itself.
    /// - Parameters:
    ///   - storeID: the store's name, where its own is lost.
    ///   - isWhole: whether every page could be read, so that nothing is missing but what was not believed.
    public mutating func finish(storeID: String, isWhole: Bool) throws -> SalvageReport {
        try flush()
        try makeFacts(storeID)
        try settle(isWhole: isWhole)
        return report
    }

    private mutating func add(_ bucket: Bucket, _ key: [UInt8], _ record: [UInt8]) throws {
        waiting.append((bucket, key, record))
        waitingSize += key.count + record.count
        report.records += 1
        if waitingSize > Self.batch { try flush() }
    }

    private mutating func flush() throws {
        guard !waiting.isEmpty else { return }
        let batch = waiting
        try engine.write { transaction in
            for entry in batch where try !transaction.contains(entry.key.span, in: entry.bucket) {
                try transaction.put(entry.key.span, entry.record.span, in: entry.bucket)
            }
        }
        (waiting, waitingSize) = ([], 0)
    }

    /// The store's own records, where they are lost, and numbers that have not been given out yet.
    private mutating func makeFacts(_ storeID: String) throws {
        let (hasHeader, hasState) = try engine.read { transaction in
            (
                try transaction.contains(StoreHeader.key, in: Buckets.meta),
                try transaction.contains(StoreState.key, in: Buckets.meta)
            )
        }
        if !hasHeader { report.lose("record that says which store it is: it got a new name", storeID) }
        if !hasState { report.lose("record of the store's counters: they were worked out", nil) }
        try engine.write { transaction in
            if !hasHeader {
                let header = StoreHeader(format: StoreHeader.currentFormat, storeID: storeID)
                try transaction.keep(header, StoreHeader.key, in: Buckets.meta)
            }
            _ = try transaction.header()
            var state = hasState ? try transaction.storeState() : StoreState()
            try transaction.raise(&state)
            try transaction.keep(state, StoreState.key, in: Buckets.meta)
            try transaction.keep(try transaction.storeSettings(), StoreSettings.key, in: Buckets.meta)
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// So that no number is given out again.
    fileprivate func raise(_ state: inout StoreState) throws {
        func newest(_ bucket: Bucket) throws -> UInt64 {
            try keys(bucket, .all, .descending, limit: 1).first.flatMap {
                var reader = KeyReader($0)
                return reader.number()
            } ?? 0
        }
        state.nextDispatch = max(
            state.nextDispatch, try newest(Buckets.dispatches) + 1, try newest(Buckets.requests) + 1)
        state.nextWorker = max(state.nextWorker, try newest(Buckets.workers) + 1)
        state.sequence = max(state.sequence, try newest(Buckets.events))
        var (token, worker, named): (UInt64, UInt64, UInt64) = (0, 0, 0)
        try records(DispatchRecord.self, Buckets.dispatches, .all) { _, record in
            guard let claim = record.dispatch.claim else { return .next }
            (token, worker) = (max(token, claim.token.number), max(worker, claim.worker.number))
            return .next
        }
        try records(Counter.self, Buckets.occurrences, .all) { _, counter in
            named = max(named, counter.value)
            return .next
        }
        try records(UniqueEntry.self, Buckets.unique, .all) { _, entry in
            named = max(named, entry.holder.number)
            return .next
        }
        state.sequence = max(state.sequence, token)
        state.nextWorker = max(state.nextWorker, worker + 1)
        state.nextDispatch = max(state.nextDispatch, named + 1)
    }
}

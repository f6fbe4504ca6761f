internal import OrderedStore
public import SignalboxCore

/// What of a store goes into a dump.
public struct DumpSelection: Hashable, Sendable {
    /// Only these jobs, and what is theirs; empty: everything.
    public var jobs: [JobName]
    /// Of dispatches that have ended only those that ended since then; nil: all.
    public var since: Instant?
    /// Whether values that look secret are in it.
    public var hasSecrets: Bool

    public init(jobs: [JobName] = [], since: Instant? = nil, hasSecrets: Bool = false) {
        self.jobs = Set(jobs).sorted()
        self.since = since
        self.hasSecrets = hasSecrets
    }
}

extension JobStore {
    /// Dumps one snapshot, whatever others write meanwhile. While it is open, the store's file cannot use again what they
    /// delete: `sink` is to be quick.
    /// - Parameters:
    ///   - progress: told now and then how many records were written, and how great a part of all that may be, 0 to 1.
    ///   - sink: takes the bytes of the dump, in order.
    /// - Throws: ``StoreError`` with `notFound` for a job that the store knows nothing of, and `damaged` for a record that
    ///   cannot be believed; and what `sink` throws.
    @discardableResult
    public func dump(
        _ selection: DumpSelection, progress: (_ records: Int, _ share: Double) -> Void = { _, _ in },
        to sink: @escaping (Span<UInt8>) throws -> Void
    ) throws -> DumpCounts {
        var outlet = DumpOutlet(sink: sink)
        return try dump(selection, progress: progress, handOn: { try outlet.take(&$0) })
    }

    /// The same for who hashes and writes on another thread.
    /// - Parameter handOn: takes what is in a piece and leaves another in its place, with nothing in it: see
    ///   ``DumpOutlet``.
    public func dump(
        _ selection: DumpSelection, progress: (_ records: Int, _ share: Double) -> Void,
        handOn: @escaping (inout DumpPiece) throws -> Void
    ) throws -> DumpCounts {
        try engine.read { transaction in
            let filter = try transaction.dumpFilter(selection)
            let meter = DumpMeter(state: try transaction.storeState())
            var writer = try DumpWriter(try transaction.dumpHeader(selection), handOn: handOn)
            for kind in DumpKind.allCases {
                do {
                    try transaction.scan(kind.bucket, .all, .ascending) { key, record in
                        try filter.put(kind, key: key, record: record, to: &writer)
                        let count = writer.count
                        if count % 4096 == 0 { progress(count, meter.share(kind, key: key)) }
                        return .next
                    }
                } catch let error as DumpRecordError {
                    throw StoreError(
                        .damaged, "\(error); no dump was made. `signalbox verify` lists every fault")
                }
            }
            return try writer.finish()
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    fileprivate func dumpHeader(_ selection: DumpSelection) throws -> DumpHeader {
        let (header, state) = (try header(), try storeState())
        var newest: Instant?
        try scan(Buckets.events, .all, .descending) { key, record in
            newest = try? EventRecord(record: record, key: key).at
            return .stop
        }
        return DumpHeader(
            storeFormat: header.format, storeID: header.storeID, sequence: state.sequence, changedAt: newest,
            hasSecrets: selection.hasSecrets, jobs: selection.jobs, since: selection.since)
    }
}

/// How far a dump is: the records there may be many of have the number of a dispatch or of an event in front in their
/// keys, and are taken to be as many of each.
private struct DumpMeter {
    private let nextDispatch: UInt64
    private let firstEvent: UInt64
    private let sequence: UInt64

    init(state: StoreState) {
        (nextDispatch, firstEvent, sequence) = (state.nextDispatch, state.firstEvent, state.sequence)
    }

    private static let parts: [DumpKind] = [.dispatch, .request, .attempt, .output, .event]

    func share(_ kind: DumpKind, key: Span<UInt8>) -> Double {
        let done = Self.parts.count { $0.order < kind.order }
        guard Self.parts.contains(kind), key.count >= 8 else { return Double(done) / Double(Self.parts.count) }
        let number = key.number64(at: 0).byteSwapped
        let part =
            kind == .event
            ? Double(number) - Double(firstEvent) : Double(number)
        let whole = kind == .event ? Double(sequence) - Double(firstEvent) + 1 : Double(nextDispatch)
        return (Double(done) + min(1, max(0, part / max(1, whole)))) / Double(Self.parts.count)
    }
}

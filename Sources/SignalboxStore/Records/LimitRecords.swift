internal import OrderedStore
internal import SignalboxCore

/// How much of a concurrency key is used. It is there while anything with the key runs or waits for a place.
struct ConcurrencyRecord: Record, Hashable {
    static let layout: UInt8 = 1

    /// Those IN_PROGRESS.
    var running = 0
    var max: Int
    /// The newest dispatch that has come to its claim: what it says is the maximum counts for all.
    var decidedBy: DispatchID

    var room: Int { Swift.max(0, max - running) }

    func write(to writer: inout RecordWriter) {
        writer.put(UInt32(clamping: running))
        writer.put(UInt32(clamping: max))
        writer.put(decidedBy.number)
    }

    static func read(from reader: inout RecordReader) throws -> ConcurrencyRecord {
        let running = Int(try reader.number32())
        let max = Int(try reader.number32())
        return ConcurrencyRecord(running: running, max: max, decidedBy: DispatchID(try reader.number64()))
    }
}

/// The starts that count against a rate key. It is there while any does, and a while longer.
struct RateRecord: Record, Hashable {
    static let layout: UInt8 = 1

    var window: RateWindow
    /// The newest dispatch that has come to its claim: what it says is the rate counts for all.
    var decidedBy: DispatchID
    /// When those that wait are to be looked at again, in steady time; nil when none waits for time to pass.
    var opening: Instant?

    func write(to writer: inout RecordWriter) {
        writer.put(window)
        writer.put(decidedBy.number)
        writer.put(opening) { $0.put($1) }
    }

    static func read(from reader: inout RecordReader) throws -> RateRecord {
        let window = try reader.rateWindow()
        let decidedBy = DispatchID(try reader.number64())
        return RateRecord(
            window: window, decidedBy: decidedBy, opening: try reader.flag() ? try reader.instant() : nil)
    }
}

extension Key {
    /// The record of a key's limit.
    static func limit(_ kind: LimitKind, _ key: String) -> Key {
        Key {
            $0.put(kind.rawValue)
            $0.put(key)
        }
    }
    /// The entry of a rate key among those that open with time.
    static func opening(_ time: Instant, _ key: String) -> Key {
        Key {
            $0.put(openings)
            $0.put(time)
            $0.put(key)
        }
    }
    /// What the keys of ``opening(_:_:)`` begin with; it sorts behind those of the limits.
    static var openings: UInt8 { 3 }
}

/// Those that wait for a limit stand in one list for each key. In it those that a worker would meet one after the other
/// are together, in the order of claims: a list has a lane for each place of the ready ones.
struct HeldList: Hashable {
    let prefix: [UInt8]

    init(_ kind: LimitKind, _ key: String) { prefix = Key.limit(kind, key).bytes }

    /// - Parameter key: that of a limit's record.
    init(ofLimit key: [UInt8]) { prefix = key }

    /// The key of a dispatch in the list. It may be longer than others.
    func key(of dispatch: Dispatch) -> [UInt8] { prefix + Key.ready(dispatch).bytes }

    /// The lane that a key of the list is in.
    static func lane(ofKey key: [UInt8]) -> KeyRange { KeyRange(prefix: Array(key.dropLast(Key.readyTail))) }
}

extension Key {
    /// Priority, due time and dispatch, at the end of a key of `dispatch.ready`.
    static var readyTail: Int { 17 }
}

extension Dispatch {
    /// The list that it stands in when its request names these keys.
    func heldList(_ work: Work) -> HeldList? {
        switch heldBy {
        case .concurrency: work.concurrency.map { HeldList(.concurrency, $0.key) }
        case .rate: work.rate.map { HeldList(.rate, $0.key) }
        case nil: nil
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    func concurrencyRecord(_ key: String) throws -> ConcurrencyRecord? {
        try fetch(ConcurrencyRecord.self, .limit(.concurrency, key), in: Buckets.limits)
    }

    func rateRecord(_ key: String) throws -> RateRecord? {
        try fetch(RateRecord.self, .limit(.rate, key), in: Buckets.limits)
    }

    /// When a rate key next opens for those that wait, in steady time.
    func nextOpening() throws -> Instant? {
        let range = KeyRange(prefix: [Key.openings])
        return try keys(Buckets.limits, range, limit: 1).first.map { try opening(ofKey: $0).time }
    }

    /// The rate keys that have opened by `time`, at most `limit` of them.
    func openings(through time: Instant, limit: Int) throws -> [String] {
        let range = KeyRange(
            from: [Key.openings], to: Key().with(Key.openings).with(time + .microseconds(1)).bytes)
        return try keys(Buckets.limits, range, limit: limit).map { try opening(ofKey: $0).key }
    }

    private func opening(ofKey bytes: [UInt8]) throws -> (time: Instant, key: String) {
        var reader = KeyReader(bytes)
        guard reader.byte() != nil, let time = reader.instant(), let key = reader.text() else {
            throw StoreError(.damaged, "the key \(hexadecimal(bytes)) in \(Buckets.limits.name) has another shape")
        }
        return (time, key)
    }
}

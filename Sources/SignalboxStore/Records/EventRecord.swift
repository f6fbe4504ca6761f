public import SignalboxCore

/// The transitions of one transaction, in their order.
struct EventRecord: Record {
    static let layout: UInt8 = 3

    var at: Instant
    var changes: [DispatchChange]

    func write(to writer: inout RecordWriter) {
        writer.put(at)
        var queue: QueueName?
        for change in changes {
            writer.put(
                change: change.id, of: change.job, in: change.queue == queue ? nil : change.queue, from: change.from,
                to: change.to, attempt: change.attempt)
            queue = change.queue
        }
    }

    static func read(from reader: inout RecordReader) throws -> EventRecord {
        var record = EventRecord(at: try reader.instant(), changes: [])
        var known: QueueName?
        while !reader.isAtEnd {
            let id = DispatchID(try reader.number64())
            let from = try reader.byte()
            let to = try reader.value(of: DispatchState.self)
            let attempt = Int(try reader.number16())
            let job = try reader.shortName { try JobName(utf8: $0) }
            guard let queue = try reader.shortName({ try QueueName(utf8: $0) }) ?? known else {
                throw RecordFault.shape
            }
            known = queue
            record.changes.append(
                DispatchChange(
                    id: id, job: job, queue: queue, from: DispatchState(rawValue: from), to: to, attempt: attempt))
        }
        return record
    }
}

extension RecordWriter {
    /// Begins an event, whose changes are put as they come: they reach to its end, and are not counted.
    mutating func begin(eventAt time: Instant) {
        begin(layout: EventRecord.layout)
        put(time)
    }

    /// A queue of nil is that of the change before: most events are about one.
    @inline(__always)
    mutating func put(
        change id: DispatchID, of job: JobName?, in queue: QueueName?, from: DispatchState?, to: DispatchState,
        attempt: Int
    ) {
        put(id.number)
        put(from?.rawValue ?? 0xFF)
        put(to.rawValue)
        put(UInt16(clamping: attempt))
        put(name: job?.text)
        put(name: queue?.text)
    }
}

/// One dispatch that went from a state to another; or stays in its state, for ``isLateResult``.
public struct DispatchChange: Hashable, Sendable {
    public var id: DispatchID
    public var job: JobName?
    public var queue: QueueName
    /// Nil when it was made.
    public var from: DispatchState?
    public var to: DispatchState
    public var attempt: Int

    public init(
        id: DispatchID, job: JobName?, queue: QueueName, from: DispatchState?, to: DispatchState, attempt: Int
    ) {
        self.id = id
        self.job = job
        self.queue = queue
        self.from = from
        self.to = to
        self.attempt = attempt
    }

    /// A worker told a result after its claim had been settled: nothing of it was written but this.
    public var isLateResult: Bool { from == to }
}

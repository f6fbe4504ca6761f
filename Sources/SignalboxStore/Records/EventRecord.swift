public import SignalboxCore

/// The transitions of one transaction, in their order.
struct EventRecord: Record {
    static let layout: UInt8 = 2

    var at: Instant
    var changes: [DispatchChange]

    func write(to writer: inout RecordWriter) {
        writer.put(at)
        for change in changes {
            writer.put(change: change.id, of: change.job, from: change.from, to: change.to, attempt: change.attempt)
        }
    }

    static func read(from reader: inout RecordReader) throws -> EventRecord {
        var record = EventRecord(at: try reader.instant(), changes: [])
        while !reader.isAtEnd {
            let id = DispatchID(try reader.number64())
            let from = try reader.byte()
            let to = try reader.value(of: DispatchState.self)
            let attempt = Int(try reader.number16())
            record.changes.append(
                DispatchChange(
                    id: id, job: try reader.jobName(), from: DispatchState(rawValue: from), to: to,
                    attempt: attempt))
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

    @inline(__always)
    mutating func put(change id: DispatchID, of job: JobName?, from: DispatchState?, to: DispatchState, attempt: Int) {
        put(id.number)
        put(from?.rawValue ?? 0xFF)
        put(to.rawValue)
        put(UInt16(clamping: attempt))
        if job == nil { put(UInt32(0)) } else { put(job?.text ?? "") }
    }
}

/// One dispatch that went from a state to another.
public struct DispatchChange: Hashable, Sendable {
    public var id: DispatchID
    public var job: JobName?
    /// Nil when it was made.
    public var from: DispatchState?
    public var to: DispatchState
    public var attempt: Int
}

public import SignalboxCore

/// The transitions of one transaction, in their order.
struct EventRecord: Record {
    static let layout: UInt8 = 1

    var at: Instant
    var changes: [DispatchChange]

    func write(to writer: inout RecordWriter) {
        writer.put(at)
        writer.put(each: changes) { writer, change in
            writer.put(change.id.number)
            writer.put(change.job?.text ?? "")
            writer.put(change.from?.rawValue ?? 0xFF)
            writer.put(change.to.rawValue)
            writer.put(UInt16(clamping: change.attempt))
        }
    }

    static func read(from reader: inout RecordReader) throws -> EventRecord {
        var record = EventRecord(at: try reader.instant(), changes: [])
        for _ in 0..<(try reader.count()) {
            let id = DispatchID(try reader.number64())
            let job = try reader.text()
            let from = try reader.byte()
            let to = try reader.value(of: DispatchState.self)
            record.changes.append(
                DispatchChange(
                    id: id, job: job.isEmpty ? nil : try JobName(job), from: DispatchState(rawValue: from), to: to,
                    attempt: Int(try reader.number16())))
        }
        return record
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

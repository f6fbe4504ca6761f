internal import OrderedStore
internal import SignalboxCore

/// What is set for a queue; a queue for which nothing is has no record.
struct QueueRecord: Record, Hashable {
    static let layout: UInt8 = 1

    var pause: QueuePause?
    var window: RateWindow?

    var isEmpty: Bool { pause == nil && window == nil }

    func write(to writer: inout RecordWriter) {
        writer.put(pause) { writer, pause in
            writer.put(pause.at)
            writer.put(pause.by)
            writer.put(pause.reason) { $0.put($1) }
        }
        writer.put(window) { $0.put($1) }
    }

    static func read(from reader: inout RecordReader) throws -> QueueRecord {
        var record = QueueRecord()
        if try reader.flag() {
            let at = try reader.instant()
            let by = try reader.text()
            record.pause = QueuePause(at: at, by: by, reason: try reader.flag() ? try reader.text() : nil)
        }
        if try reader.flag() { record.window = try reader.rateWindow() }
        return record
    }
}

extension RecordWriter {
    mutating func put(_ rate: Rate) {
        put(UInt32(clamping: rate.count))
        put(rate.per)
    }

    mutating func put(_ window: RateWindow) {
        put(window.rate)
        put(each: window.starts) { $0.put($1) }
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    mutating func rate() throws -> Rate {
        let count = Int(try number32())
        return Rate(count: count, per: try duration())
    }

    @_lifetime(self: copy self)
    mutating func rateWindow() throws -> RateWindow {
        var window = RateWindow(rate: try rate())
        for _ in 0..<(try count()) { window.starts.append(try instant()) }
        return window
    }
}

extension ReadTransaction where Self: ~Copyable {
    func queueRecord(_ queue: QueueName) throws -> QueueRecord? {
        try fetch(QueueRecord.self, .name(queue.text), in: Buckets.queues)
    }
}

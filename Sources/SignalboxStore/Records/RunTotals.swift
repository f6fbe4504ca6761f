public import SignalboxCore

/// What became of all runs of a job, or of the whole store, since it was made. It only grows, as counters must that
/// others sample and compare: history is dropped after 90 days, and dispatches may be pruned.
public struct RunTotals: Hashable, Sendable {
    public var tally: RunTally
    /// When the newest run that succeeded ended; nil when none has.
    public var lastSuccess: Instant?

    public init(tally: RunTally = RunTally(), lastSuccess: Instant? = nil) {
        self.tally = tally
        self.lastSuccess = lastSuccess
    }

    /// Counts a dispatch that has ended.
    mutating func add(_ ended: Dispatch) {
        tally.add(ended)
        if ended.state == .success { lastSuccess = ended.finished?.wall }
    }

    /// Counts all that `newer` has counted.
    mutating func merge(_ newer: RunTotals) {
        tally.merge(newer.tally)
        lastSuccess = newer.lastSuccess ?? lastSuccess
    }
}

extension RunTotals: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(lastSuccess) { $0.put($1) }
        tally.write(to: &writer)
    }

    static func read(from reader: inout RecordReader) throws -> RunTotals {
        let lastSuccess = try reader.flag() ? try reader.instant() : nil
        return RunTotals(tally: try RunTally.read(from: &reader), lastSuccess: lastSuccess)
    }
}

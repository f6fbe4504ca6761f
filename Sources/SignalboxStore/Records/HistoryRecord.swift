internal import SignalboxCore

/// A tally as it is kept: the counts in 32 bits each, which is a million runs a second for an hour, and only those bins
/// that hold something.
extension RunTally: Record {
    static var layout: UInt8 { 1 }

    func write(to writer: inout RecordWriter) {
        writer.put(UInt32(clamping: successes))
        writer.put(UInt32(clamping: failures))
        writer.put(UInt32(clamping: unmeasured))
        writer.put(totalDuration)
        writer.put(each: durations.counts) { writer, entry in
            writer.put(entry.bin)
            writer.put(UInt32(clamping: entry.count))
        }
    }

    static func read(from reader: inout RecordReader) throws -> RunTally {
        let successes = Int(try reader.number32())
        let failures = Int(try reader.number32())
        let unmeasured = Int(try reader.number32())
        let totalDuration = try reader.duration()
        var counts: [(bin: UInt8, count: Int)] = []
        for _ in 0..<(try reader.count()) { counts.append((try reader.byte(), Int(try reader.number32()))) }
        guard let durations = DurationHistogram(counts: counts) else { throw RecordFault.shape }
        return RunTally(
            successes: successes, failures: failures, unmeasured: unmeasured, totalDuration: totalDuration,
            durations: durations)
    }
}

internal import SignalboxCore

extension Request: Record {
    static var layout: UInt8 { 2 }

    func write(to writer: inout RecordWriter) {
        writer.put(work)
        writer.put(unique) { $0.put($1) }
        writer.put(each: after) { $0.put($1.number) }
        writer.put(onParentFail.rawValue)
        writer.put(revision) { $0.put($1) }
        writer.put(overlap) { $0.put($1) }
        writer.put(startBy) { $0.put($1) }
    }

    static func read(from reader: inout RecordReader) throws -> Request {
        let work = try reader.work()
        let unique = try reader.flag() ? try reader.uniqueKey() : nil
        var after: [DispatchID] = []
        for _ in 0..<(try reader.count()) { after.append(DispatchID(try reader.number64())) }
        let onParentFail = try reader.value(of: ParentFailure.self)
        let revision = try reader.flag() ? try reader.number32() : nil
        let overlap = try reader.flag() ? try reader.overlapRule() : nil
        return Request(
            work: work, unique: unique, after: after, onParentFail: onParentFail, revision: revision, overlap: overlap,
            startBy: try reader.flag() ? try reader.duration() : nil)
    }
}

extension RecordWriter {
    mutating func put(_ rule: OverlapRule) {
        put(rule.policy.rawValue)
        put(rule.limit) { $0.put(UInt32(clamping: $1)) }
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    mutating func overlapRule() throws -> OverlapRule {
        let policy = try value(of: OverlapPolicy.self)
        return OverlapRule(policy, limit: try flag() ? Int(try number32()) : nil)
    }
}

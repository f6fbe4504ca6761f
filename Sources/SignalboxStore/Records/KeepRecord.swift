// How retention stands in the settings and in the definition of a job.
internal import SignalboxCore

extension RecordWriter {
    mutating func put(_ limit: KeepLimit) {
        put(limit.count) { $0.put(UInt32(clamping: $1)) }
        put(limit.age) { $0.put($1) }
    }

    mutating func put(_ retention: Retention) {
        put(retention.success)
        put(retention.failed)
        put(retention.skipped)
    }

    mutating func put(_ policy: KeepPolicy) {
        put(policy.success) { $0.put($1) }
        put(policy.failed) { $0.put($1) }
        put(policy.skipped) { $0.put($1) }
    }
}

extension RecordReader {
    @_lifetime(self: copy self)
    mutating func keepLimit() throws -> KeepLimit {
        let count = try flag() ? Int(try number32()) : nil
        return KeepLimit(count: count, age: try flag() ? try duration() : nil)
    }

    @_lifetime(self: copy self)
    mutating func retention() throws -> Retention {
        let success = try keepLimit()
        let failed = try keepLimit()
        return Retention(success: success, failed: failed, skipped: try keepLimit())
    }

    @_lifetime(self: copy self)
    mutating func keepPolicy() throws -> KeepPolicy {
        let success = try flag() ? try keepLimit() : nil
        let failed = try flag() ? try keepLimit() : nil
        return KeepPolicy(success: success, failed: failed, skipped: try flag() ? try keepLimit() : nil)
    }
}

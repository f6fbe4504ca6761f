internal import OrderedStore
public import SignalboxCore

extension JobWriter where Transaction: ~Copyable {
    /// The most SCHEDULED dispatches that one transaction makes claimable.
    static var promotionsPerPass: Int { 256 }

    /// T3. Makes the dispatches whose time has come PENDING, or BLOCKED by what they still wait for; and offers what
    /// rate keys allow by now. Those of a time of day stay while the wall clock is not trusted.
    mutating func promote() throws {
        try openRates()
        guard state.count(.scheduled) > 0 else { return }
        for id in try transaction.dueDispatches(try clock(), at: now, limit: Self.promotionsPerPass) {
            let record = try transaction.indexed(id, by: Buckets.scheduled)
            if let other = try runningPredecessor(of: record.dispatch) {
                try apply(.fallDue(blockedBy: other), to: record)
                continue
            }
            // What has begun was free to.
            guard record.hasDependencies, record.dispatch.attempt == 0 else {
                try apply(.fallDue(blockedBy: nil), to: record)
                continue
            }
            switch try transaction.dependency(of: try transaction.request(of: id)) {
            case .met: try apply(.fallDue(blockedBy: nil), to: record)
            case .waiting(let other): try apply(.fallDue(blockedBy: other), to: record)
            case .failed: try apply(.cancel(.parentFailed), to: record)
            }
        }
    }
}

extension JobStore {
    /// T3 for whoever wakes and has nothing else to write.
    public func promote(now: Now) throws {
        try write(now) { writer in try writer.promote() }
    }
}

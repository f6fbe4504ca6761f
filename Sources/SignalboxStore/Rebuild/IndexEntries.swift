// What every index must hold because of one record: said once, for whoever compares (verify), mends (verify --repair) or
// makes all of it anew (restore). Who moves a dispatch while the store is in use changes only what that moves: see
// JobWriter+Transitions.

internal import OrderedStore
internal import SignalboxCore

extension DispatchRecord {
    /// Shows every index entry that there must be because of this dispatch, but for those it comes after. None has a value.
    /// - Parameter work: what its request says; asked for only when it waits for a limit.
    func eachIndexEntry(
        work: () throws -> Work?, _ body: (Bucket, Span<UInt8>) throws -> Void
    ) throws {
        try body(Buckets.byState, Key.state(dispatch.state, dispatch.id).span)
        if let bucket = waitingBucket(of: dispatch) { try body(bucket, Key.waiting(dispatch).span) }
        if let job = dispatch.job { try body(Buckets.byJob, Key.job(job, dispatch.id).span) }
        if let key = activeKey(of: dispatch) { try body(Buckets.active, key.span) }
        if isCountedAsEnded { try body(Buckets.ended, Key.ended(self).span) }
        if let original { try body(Buckets.standIns, Key.standIn(dispatch.id, for: original).span) }
        guard dispatch.heldBy != nil, let list = try work().flatMap({ dispatch.heldList($0) }) else { return }
        try body(Buckets.held, list.key(of: dispatch).span)
    }
}

extension Job {
    /// Its entry in `job.due`; nil when it falls due by no clock, or never again.
    var dueKey: Key? { progress.nextDue.map { .jobDue($0, definition) } }
}

extension UniqueEntry {
    /// Its entry in `unique.ends`; nil when it is held for no window.
    func endKey(of text: String) -> [UInt8]? { until.map { uniqueEndBytes($0, text) } }
}

extension RateRecord {
    /// Its entry among the openings; nil when none waits for time to pass.
    func openingKey(of text: String) -> Key? { opening.map { .opening($0, text) } }
}

extension ReadTransaction where Self: ~Copyable {
    /// Those that a dispatch comes after, or that such a one was made again of: none of them goes while it waits.
    func awaited(by record: DispatchRecord, _ request: () throws -> Request?) throws -> Set<DispatchID> {
        guard record.hasDependencies, !record.dispatch.state.isTerminal, let request = try request() else { return [] }
        return try awaitedWith(request.after)
    }

    /// Whether an entry of an index must be there. The index is one that has no values.
    func isDue(_ key: [UInt8], in bucket: Bucket) throws -> Bool {
        switch bucket {
        case Buckets.jobDue: try isJobDue(key)
        case Buckets.uniqueEnds: try isWindowEnd(key)
        case Buckets.awaited: (try? isAwaiting(key)) ?? false
        case Buckets.dueTimes: try isDueTime(key)
        default: try isOfDispatch(key, in: bucket)
        }
    }

    private func isJobDue(_ key: [UInt8]) throws -> Bool {
        var reader = KeyReader(key)
        guard reader.byte() != nil, reader.instant() != nil, let name = reader.text(), reader.isAtEnd,
            let name = try? JobName(name), let job = (try? job(name)) ?? nil
        else { return false }
        return job.dueKey?.bytes == key
    }

    private func isWindowEnd(_ key: [UInt8]) throws -> Bool {
        var reader = KeyReader(key)
        guard reader.instant() != nil, let text = reader.text(), reader.isAtEnd else { return false }
        return (try? uniqueEntry(of: text))??.endKey(of: text) == key
    }

    private func isOfDispatch(_ key: [UInt8], in bucket: Bucket) throws -> Bool {
        guard let id = try? dispatchID(atEndOf: key, in: bucket), let record = try? dispatchRecord(id) else {
            return false
        }
        var isThere = false
        try record.eachIndexEntry(work: { try? request(of: id).work }) { other, expected in
            if other == bucket, copied(expected) == key { isThere = true }
        }
        return isThere
    }
}

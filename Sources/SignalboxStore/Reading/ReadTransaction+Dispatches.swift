internal import OrderedStore
internal import SignalboxCore

extension ReadTransaction where Self: ~Copyable {
    func dispatchRecord(_ id: DispatchID) throws -> DispatchRecord? {
        try fetch(DispatchRecord.self, .dispatch(id), in: Buckets.dispatches)
    }

    /// A dispatch that an index names, so that it must be there.
    func indexed(_ id: DispatchID, by bucket: Bucket) throws -> DispatchRecord {
        guard let record = try dispatchRecord(id) else {
            throw StoreError(.damaged, "\(bucket.name) names the dispatch \(id), which has no record")
        }
        return record
    }

    func request(of id: DispatchID) throws -> Request {
        guard let request = try fetch(Request.self, .dispatch(id), in: Buckets.requests) else {
            throw StoreError(.damaged, "the dispatch \(id) has no request")
        }
        return request
    }

    /// The dispatch that holds a unique key.
    func holder(of uniqueKey: String) throws -> DispatchID? {
        let key = uniqueKeyBytes(uniqueKey)
        return try fetch(Counter.self, key.span, in: Buckets.unique).map { DispatchID($0.value) }
    }

    /// The ids at the end of the keys of an index.
    func ids(
        _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder = .ascending, limit: Int
    ) throws -> [DispatchID] {
        try keys(bucket, range, order, limit: limit).map { try dispatchID(atEndOf: $0, in: bucket) }
    }

    /// The dispatches of a job that are not terminal, oldest first.
    func active(of job: JobName) throws -> [Dispatch] {
        try ids(Buckets.active, KeyRange(prefix: Key().with(job.text).bytes), limit: .max).map {
            try indexed($0, by: Buckets.active).dispatch
        }
    }

    func workerRegistration(_ id: WorkerID) throws -> WorkerRegistration? {
        try fetch(WorkerRegistration.self, .worker(id), in: Buckets.workers)
    }

    /// What of `after` has not succeeded yet: the first still to wait for, or the first that never will.
    func dependency(of after: [DispatchID]) throws -> Dependency {
        for id in after {
            guard let state = try dispatchRecord(id)?.dispatch.state else { return .failed(id) }
            if !state.isTerminal { return .waiting(id) }
            if state != .success { return .failed(id) }
        }
        return .met
    }
}

/// How the dispatches that one comes after stand.
enum Dependency: Hashable {
    case met
    case waiting(DispatchID)
    case failed(DispatchID)
}

/// The dispatch that an index key ends with.
func dispatchID(atEndOf key: [UInt8], in bucket: Bucket) throws -> DispatchID {
    guard key.count >= 8 else {
        throw StoreError(.damaged, "the key \(hexadecimal(key)) in \(bucket.name) has another shape")
    }
    return DispatchID(key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
}

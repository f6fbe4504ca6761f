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

    /// Who holds a unique key, or held it until its window passed.
    func uniqueEntry(of text: String) throws -> UniqueEntry? {
        let key = uniqueKeyBytes(text)
        return try fetch(UniqueEntry.self, key.span, in: Buckets.unique)
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

    /// How those stand that a request comes after, as far as that matters to it.
    func dependency(of request: Request) throws -> Dependency {
        for id in request.after {
            switch try standing(of: id) {
            case .met: continue
            case .waiting(let other): return .waiting(other)
            case .failed(let other):
                switch request.onParentFail {
                case .cancel: return .failed(other)
                case .run: continue
                case .wait: return .waiting(other)
                }
            }
        }
        return .met
    }

    /// How a dispatch stands that another comes after. Where it has not succeeded, the newest that was made again of it
    /// stands in for it.
    func standing(of id: DispatchID) throws -> Dependency {
        let state = try dispatchRecord(id)?.dispatch.state
        if state == .success { return .met }
        if let state, !state.isTerminal { return .waiting(id) }
        let newest = try standIn(of: id)
        guard newest != id, let state = try dispatchRecord(newest)?.dispatch.state else { return .failed(id) }
        if state == .success { return .met }
        return state.isTerminal ? .failed(newest) : .waiting(newest)
    }

    /// The newest of those that were made again one of the other, `id` among them.
    func standIn(of id: DispatchID) throws -> DispatchID {
        try standIn(ofChain: try original(of: id)) ?? id
    }

    /// The newest of those that were made again of the first of them; nil: none was, or is left.
    func standIn(ofChain first: DispatchID) throws -> DispatchID? {
        let copies = KeyRange(prefix: Key.dispatch(first).bytes)
        return try ids(Buckets.standIns, copies, .descending, limit: 1).first
    }

    /// The first of those that were made again one of the other, `id` among them.
    func original(of id: DispatchID) throws -> DispatchID { try dispatchRecord(id)?.chain ?? id }
}

/// How the dispatches that one comes after stand.
enum Dependency: Hashable {
    case met
    /// For this one it still waits; where it is to wait for a success, that may have ended without.
    case waiting(DispatchID)
    /// This one has not succeeded, and nothing stands in for it.
    case failed(DispatchID)
}

extension Dispatch {
    /// Whether it was made by `requeue`. What makes up for a due time has a parent, too. A parent that is no older is none,
    /// or who follows parents might go in circles.
    var isMadeAgain: Bool { parent.map { $0 < id } ?? false && scheduledFor == nil }
}

/// The dispatch that an index key ends with.
func dispatchID(atEndOf key: [UInt8], in bucket: Bucket) throws -> DispatchID {
    guard key.count >= 8 else {
        throw StoreError(.damaged, "the key \(hexadecimal(key)) in \(bucket.name) has another shape")
    }
    return DispatchID(key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
}

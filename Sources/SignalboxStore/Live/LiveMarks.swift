internal import OrderedStore
public import SignalboxCore

/// What there is to see of everything that runs, in so few bytes that two looks can be compared: the live environment
/// keeps no list of what changed.
public struct LiveMarks: Hashable, Sendable {
    /// The newest heartbeat of each worker, as it is kept.
    private var workers: [WorkerID: [UInt8]] = [:]
    /// What each running command last said of its progress, and the key of the last piece of its output.
    private var dispatches: [DispatchID: [UInt8]] = [:]

    /// Nothing was there to see.
    public init() {}

    /// What looks different from `earlier`. What has gone is left out: the durable store tells of it.
    public func changes(since earlier: LiveMarks) -> LiveChanges {
        LiveChanges(
            dispatches: Set(dispatches.filter { earlier.dispatches[$0.key] != $0.value }.keys),
            workers: Set(workers.filter { earlier.workers[$0.key] != $0.value }.keys))
    }

    fileprivate mutating func mark(_ worker: WorkerID, _ heartbeat: [UInt8]) { workers[worker] = heartbeat }
    fileprivate mutating func mark(_ dispatch: DispatchID, _ sight: [UInt8]) { dispatches[dispatch] = sight }
}

/// What moved in the live environment.
public struct LiveChanges: Hashable, Sendable {
    /// Those that began, told of progress or printed something.
    public var dispatches: Set<DispatchID>
    /// Those that sent a heartbeat.
    public var workers: Set<WorkerID>

    public init(dispatches: Set<DispatchID> = [], workers: Set<WorkerID> = []) {
        self.dispatches = dispatches
        self.workers = workers
    }

    public var isEmpty: Bool { dispatches.isEmpty && workers.isEmpty }

    public mutating func formUnion(_ other: LiveChanges) {
        dispatches.formUnion(other.dispatches)
        workers.formUnion(other.workers)
    }
}

extension LiveStore {
    /// A look at everything that runs: some entries for each worker and each running command, however much they print.
    public func marks() throws -> LiveMarks {
        try engine.read { transaction in
            var marks = LiveMarks()
            try transaction.scan(LiveBuckets.heartbeats, .all, .ascending) { key, value in
                var reader = KeyReader(copied(key))
                if let number = reader.number() { marks.mark(WorkerID(number), copied(value)) }
                return .next
            }
            for key in try transaction.keys(LiveBuckets.runs, .all, limit: .max) {
                var reader = KeyReader(key)
                guard let number = reader.number() else { continue }
                marks.mark(DispatchID(number), try transaction.sight(of: key))
            }
            return marks
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// `key` is a dispatch's.
    fileprivate func sight(of key: [UInt8]) throws -> [UInt8] {
        let progress = try get(key.span, in: LiveBuckets.progress) { found -> [UInt8] in
            guard let found else { return [] }
            return copied(found)
        }
        return try progress + (keys(LiveBuckets.output, KeyRange(prefix: key), .descending, limit: 1).first ?? [])
    }
}

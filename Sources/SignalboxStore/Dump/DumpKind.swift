internal import OrderedStore
internal import SignalboxCore

/// What a line of a dump can show: one kind for each bucket of sources, in their order.
enum DumpKind: String, CaseIterable {
    case meta
    case job
    case jobProgress = "job.progress"
    case dispatch
    case request
    case attempt
    case output
    case unique
    case occurrence
    case worker
    case event
    case history
    case queue
    case limit
    case handler
    case totals

    var bucket: Bucket {
        switch self {
        case .meta: Buckets.meta
        case .job: Buckets.jobs
        case .jobProgress: Buckets.jobProgress
        case .dispatch: Buckets.dispatches
        case .request: Buckets.requests
        case .attempt: Buckets.attempts
        case .output: Buckets.outputs
        case .unique: Buckets.unique
        case .occurrence: Buckets.occurrences
        case .worker: Buckets.workers
        case .event: Buckets.events
        case .history: Buckets.history
        case .queue: Buckets.queues
        case .limit: Buckets.limits
        case .handler: Buckets.handlers
        case .totals: Buckets.totals
        }
    }

    /// The layout of its records that this version writes; nil where that is said by the key (``StoreFact``).
    var layout: UInt8? {
        switch self {
        case .meta: nil
        case .job: JobDefinition.layout
        case .jobProgress: JobProgress.layout
        case .dispatch: DispatchRecord.layout
        case .request: Request.layout
        case .attempt: Attempt.layout
        case .output: OutputChunk.layout
        case .unique: UniqueEntry.layout
        case .occurrence: Counter.layout
        case .worker: WorkerRegistration.layout
        case .event: EventRecord.layout
        case .history: RunTally.layout
        case .queue: QueueRecord.layout
        case .limit: ConcurrencyRecord.layout
        case .handler: HandlerDefinition.layout
        case .totals: RunTotals.layout
        }
    }

    /// Those of a dump come in this order: that of their buckets.
    var order: Int { bucket.index }

    /// Whether a dump has the entry of that key. The boot's record names a folder of this machine, and when a rate key
    /// opens can be worked out.
    func holds(_ key: Span<UInt8>) -> Bool {
        switch self {
        case .meta:
            let boot = BootRecord.key
            return !key.isEqual(to: boot.span)
        case .limit: return key.isEmpty || key[0] != Key.openings
        case .job, .jobProgress, .dispatch, .request, .attempt, .output, .unique, .occurrence, .worker, .event,
            .history,
            .queue, .handler, .totals:
            return true
        }
    }

    /// The kind that shows the records of a bucket; nil where they are left out of dumps.
    init?(_ bucket: Bucket) {
        guard let kind = Self.byBucket[bucket.index] else { return nil }
        self = kind
    }

    /// Looked up for every record.
    private static let byBucket = Buckets.all.map { bucket in allCases.first { $0.bucket == bucket } }
}

extension Transcript {
    /// Goes through all fields of an entry of that kind.
    @_lifetime(self: copy self)
    mutating func fields(of kind: DumpKind) throws {
        switch kind {
        case .meta: try fact()
        case .job: try job()
        case .jobProgress: try jobProgress()
        case .dispatch: try dispatch()
        case .request: try request()
        case .attempt: try attempt()
        case .output: try outputChunk()
        case .unique: try uniqueEntry()
        case .occurrence: try occurrence()
        case .worker: try worker()
        case .event: try event()
        case .history: try history()
        case .queue: try queue()
        case .limit: try limit()
        case .handler: try handler()
        case .totals: try totals()
        }
    }
}

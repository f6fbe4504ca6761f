import LMDBEngine
import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

/// The engines that every operation is tested on.
enum EngineKind: CaseIterable, CustomTestStringConvertible {
    case memory, lmdb

    var testDescription: String {
        switch self {
        case .memory: "in memory"
        case .lmdb: "on LMDB"
        }
    }

    /// Runs `body` with a new store, and verifies it afterwards.
    func withStore(
        verifying: Bool = true, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (StoreUnderTest) throws -> Void
    ) throws {
        switch self {
        case .memory:
            try withMemoryStore(verifying: verifying, sourceLocation: sourceLocation) { try body(StoreUnderTest($0)) }
        case .lmdb:
            try withTestStore(on: onLMDB(), verifying: verifying, sourceLocation: sourceLocation) {
                try body(StoreUnderTest($0))
            }
        }
    }
}

/// Makes stores on LMDB, which live for one test: nothing of them need survive a power cut.
func onLMDB(_ options: Environment.Options = .init()) -> (String, [Bucket]) throws -> Environment {
    { path, buckets in
        try Environment.create(at: path, buckets: buckets, options: options) { _ in }
        return try Environment.open(
            at: path, buckets: buckets, access: .readWrite, durability: .volatile, options: options)
    }
}

/// A job store whose engine is not part of its type, so that a test is written once.
struct StoreUnderTest: Sendable {
    let jobs: any JobOperations
    let live: any LiveOperations
    let clock: VirtualClock
    let zones: ZoneTable
    let raw: RawStore

    init<Engine: OrderedStore>(_ store: TestStore<Engine>) {
        jobs = store.jobs
        live = store.live
        clock = store.clock
        zones = store.zones
        raw = RawStore(store.jobs.engine)
    }

    /// Another store, by the clock of this one.
    init<Engine: OrderedStore>(_ other: JobStore<Engine>, beside store: StoreUnderTest) {
        jobs = other
        live = store.live
        clock = store.clock
        zones = store.zones
        raw = RawStore(other.engine)
    }

    var now: Now { clock.now() }
}

/// What `JobStore` can do, without its engine's type.
protocol JobOperations: Sendable {
    func requeue(_ id: DispatchID, now: Now) throws -> DispatchID
    func enqueue(_ item: Enqueuing, now: Now) throws -> Enqueued
    func run(_ name: JobName, mode: RunMode, input: [UInt8]?, now: Now) throws -> DispatchID
    func cancel(_ id: DispatchID, atOnce: Bool, now: Now) throws -> Dispatch
    func add(_ definition: JobDefinition, zones: ZoneTable, now: Now) throws
    func apply(
        _ definitions: [JobDefinition], handlers: [HandlerDefinition], prune: Bool, replacePending: Bool,
        zones: ZoneTable, now: Now
    ) throws -> [JobChange]
    func plan(
        _ definitions: [JobDefinition], handlers: [HandlerDefinition], prune: Bool, replacePending: Bool
    ) throws -> [JobChange]
    func handlers() throws -> [HandlerDefinition]
    func setKinds(_ kinds: ServedKinds, of worker: WorkerID, now: Now) throws
    func remove(_ name: JobName, zones: ZoneTable, now: Now) throws
    func zoneNames() throws -> Set<String>
    func pause(_ name: JobName, by: String, reason: String?, now: Now) throws -> JobPause?
    func resume(_ name: JobName, catchingUpIn zones: ZoneTable?, now: Now) throws -> Resumption?
    func pause(queue: QueueName, by: String, reason: String?, now: Now) throws -> QueuePause?
    func resume(queue: QueueName, now: Now) throws -> QueuePause?
    @discardableResult
    func setRate(_ rate: Rate?, of queue: QueueName, now: Now) throws -> Rate?
    func queues(now: Now?) throws -> [QueueView]
    func fire(now: Now, zones: ZoneTable, except held: Set<JobName>) throws -> FirePass
    func judgeClock(_ evidence: ClockEvidence, limit: Duration, now: Now) throws -> ClockTrust
    func noteClock(now: Now) throws
    func planAgain(
        after name: JobName?, zones: ZoneTable, unreadable: Set<String>, now: Now
    ) throws -> PlanAgainPass
    func rewind(zones: ZoneTable, unreadable: Set<String>, now: Now) throws -> PlanAgainPass
    func fireBootJobs(now: Now) throws -> FirePass
    func schedulerView(now: Now, except held: Set<JobName>) throws -> SchedulerView
    func promote(now: Now) throws
    func newWorkerID(now: Now) throws -> WorkerID
    func register(_ registration: WorkerRegistration, now: Now) throws -> [WorkerID]
    func setState(_ state: WorkerState, of worker: WorkerID, now: Now) throws
    func activeWorkers() throws -> [WorkerRegistration]
    func round(
        of worker: WorkerID, results: [AttemptResult], queues: [QueueName], kinds: ServedKinds, slots: Int, now: Now
    ) throws -> RoundOutcome
    func workerView(queues: [QueueName], kinds: ServedKinds, now: Now) throws -> WorkerLookout
    func cancellations(for worker: WorkerID) throws -> [Cancellation]
    func held(by worker: WorkerID) throws -> [Dispatch]
    func rescue(_ worker: WorkerID, output: [DispatchID: [OutputLine]], now: Now) throws -> [Dispatch]
    func rescueFromOtherBoots(now: Now) throws -> [Dispatch]
    func sequence() throws -> UInt64
    func page(of filter: DispatchFilter, now: Now?) throws -> DispatchPage
    func page(of filter: JobFilter, recent: Int, now: Now?) throws -> JobPage
    func metrics(now: Now) throws -> MetricsView
    func feed(since: UInt64, limit: Int, changes: Int) throws -> FeedPart
    func status(now: Now?) throws -> StatusView
    func overview(now: Now?) throws -> Overview
    func jobs(recent: Int, now: Now?) throws -> [JobView]
    func job(_ name: JobName, recent: Int, now: Now?) throws -> JobDetail?
    func dispatches(_ filter: DispatchFilter, now: Now?) throws -> [DispatchView]
    func dispatch(_ id: DispatchID, attempt: Int?, now: Now?) throws -> DispatchDetail?
    func workers() throws -> [WorkerView]
    func queueList(now: Now) throws -> QueueList
    func timeline(after name: JobName?, zones: ZoneTable, now: Now) throws -> Timeline
    func settings() throws -> StoreSettings
    func room() throws -> Room
    func setRetention(_ keep: KeepPolicy, enqueued: KeepPolicy, now: Now) throws
    func setPinned(_ isPinned: Bool, _ id: DispatchID, now: Now) throws -> Bool
    func prune(_ walk: PruneWalk, limit: Int, clock: () -> BootInstant, now: Now) throws -> PruneWalk
    func pruneCount(job: JobName?, now: Now) throws -> PruneWalk
    func why(_ name: JobName, at asked: Instant?, zones: ZoneTable, now: Now) throws -> WhyReport?
    func verify() throws -> VerifyReport
    func repair() throws -> RepairReport
    func verifySchedule(
        after start: Instant?, through end: Instant?, job: JobName?, zones: ZoneTable, now: Now?
    ) throws -> LedgerReport
}
extension JobStore: JobOperations {}

/// A protocol's methods have no default arguments.
extension JobOperations {
    func cancel(_ id: DispatchID, now: Now) throws -> Dispatch { try cancel(id, atOnce: false, now: now) }
    func status() throws -> StatusView { try status(now: nil) }
    func overview() throws -> Overview { try overview(now: nil) }
    func jobs(recent: Int) throws -> [JobView] { try jobs(recent: recent, now: nil) }
    func job(_ name: JobName, recent: Int) throws -> JobDetail? { try job(name, recent: recent, now: nil) }
    func dispatches(_ filter: DispatchFilter) throws -> [DispatchView] { try dispatches(filter, now: nil) }
    func dispatch(_ id: DispatchID, attempt: Int?) throws -> DispatchDetail? {
        try dispatch(id, attempt: attempt, now: nil)
    }
    func verifySchedule(
        after start: Instant?, through end: Instant?, job: JobName?, zones: ZoneTable
    ) throws -> LedgerReport {
        try verifySchedule(after: start, through: end, job: job, zones: zones, now: nil)
    }
}

extension JobOperations {
    /// Returns whether that changed anything.
    func setPaused(_ paused: Bool, _ name: JobName, now: Now) throws -> Bool {
        guard paused else { return try resume(name, catchingUpIn: nil, now: now) != nil }
        return try pause(name, by: "ann@box", reason: nil, now: now) == nil
    }
    /// In slices that take as long as they take.
    func prune(_ walk: PruneWalk, limit: Int, now: Now) throws -> PruneWalk {
        try prune(walk, limit: limit, clock: { BootInstant(nanoseconds: 0) }, now: now)
    }
    func remove(_ name: JobName, now: Now) throws { try remove(name, zones: ZoneTable(machine: .utc), now: now) }
    func apply(
        _ definitions: [JobDefinition], prune: Bool, replacePending: Bool = false, zones: ZoneTable, now: Now
    ) throws -> [JobChange] {
        try apply(
            definitions, handlers: [], prune: prune, replacePending: replacePending, zones: zones, now: now)
    }
    func plan(_ definitions: [JobDefinition], prune: Bool, replacePending: Bool = false) throws -> [JobChange] {
        try plan(definitions, handlers: [], prune: prune, replacePending: replacePending)
    }
    func round(
        of worker: WorkerID, results: [AttemptResult], queues: [QueueName], slots: Int, now: Now
    ) throws -> RoundOutcome {
        try round(of: worker, results: results, queues: queues, kinds: .commands, slots: slots, now: now)
    }
    func workerView(queues: [QueueName], now: Now) throws -> WorkerLookout {
        try workerView(queues: queues, kinds: .commands, now: now)
    }
}

/// What `LiveStore` can do, without its engine's type.
protocol LiveOperations: Sendable {
    func write(_ round: LiveRound) throws
    func running(_ id: DispatchID) throws -> RunningCommand?
    func output(of id: DispatchID, attempt: Int) throws -> [OutputLine]
}
extension LiveStore: LiveOperations {}

/// The bytes below the job store, for tests that damage them.
struct RawStore: Sendable {
    let put: @Sendable (_ key: [UInt8], _ value: [UInt8], Bucket) throws -> Void
    let delete: @Sendable (_ key: [UInt8], Bucket) throws -> Void
    let entries: @Sendable (Bucket) throws -> [Entry]
    /// Opens the job store anew, as another process would.
    let reopen: @Sendable () throws -> Void
    /// The folder of the live environment; settled as the second, if that is not nil.
    /// Works out everything that is derived, in parts of so many bytes, and puts it.
    let derive: @Sendable (_ limit: Int) throws -> Void
    /// All lines of a dump.
    let dump: @Sendable () throws -> [UInt8]
    let livePath: @Sendable (Now, String?) throws -> String?

    init<Engine: OrderedStore>(_ engine: Engine) {
        put = { key, value, bucket in try engine.write { try $0.put(key, value, in: bucket) } }
        delete = { key, bucket in try engine.write { _ = try $0.delete(key, in: bucket) } }
        entries = { bucket in try engine.read { try $0.entries(bucket) } }
        reopen = { _ = try JobStore(engine: engine, live: nil) }
        derive = { limit in
            var derivation = Derivation(limit: limit)
            while var part = try derivation.next(from: engine) {
                try engine.write { transaction in
                    try part.each { bucket, key, value in try transaction.put(key, value, in: bucket) }
                }
            }
        }
        dump = { try JobStore(engine: engine, live: nil).dumped() }
        livePath = { now, proposed in
            let (jobs, file) = (try JobStore(engine: engine, live: nil), StoreFile(device: 1, inode: 1))
            guard let proposed else { return try jobs.liveAddress(of: file, boot: now.bootID)?.path }
            return try jobs.settleLiveAddress(of: file, proposed: proposed, mark: "mark", now: now).path
        }
    }

    /// Leaves nothing but what a dump holds.
    func forgetDerived() throws {
        for bucket in Buckets.derived { for entry in try entries(bucket) { try delete(entry.key, bucket) } }
        for entry in try entries(Buckets.limits) where entry.key[0] == Key.openings {
            try delete(entry.key, Buckets.limits)
        }
        try change(StoreState.self, StoreState.key, in: Buckets.meta) { state in
            (state.counts, state.eventBytes) = (StoreState().counts, 0)
        }
    }

    /// Every entry of these buckets.
    func entries(of buckets: [Bucket]) throws -> [[Entry]] { try buckets.map { try entries($0) } }
    func sources() throws -> [[Entry]] { try entries(of: Buckets.sources) }
    func everything() throws -> [[Entry]] { try entries(of: Buckets.all) }

    /// Writes `value` as its store would have.
    func keep(_ value: some Record, _ key: Key, in bucket: Bucket) throws {
        try put(key.bytes, value.record(under: key), bucket)
    }

    /// Changes the record of `key`, keeping its checksum right.
    func change<Value: Record>(
        _: Value.Type, _ key: Key, in bucket: Bucket, _ change: (inout Value) -> Void
    ) throws {
        let entry = try #require(try entries(bucket).first { $0.key == key.bytes })
        var value = try Value(record: entry.value.span, key: entry.key.span)
        change(&value)
        try keep(value, key, in: bucket)
    }
}

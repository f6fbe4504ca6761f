// A job store for the length of one test, on whatever engine: it is checked with `verify` when the test is done, so
// that every test of an operation is also a test of the indexes and counters it leaves behind.

public import OrderedStore
public import SignalboxCore
public import SignalboxStore
public import Testing

/// A new job store with its live store, and a clock of its own.
public struct TestStore<Engine: OrderedStore>: Sendable {
    public let jobs: JobStore<Engine>
    public let live: LiveStore<Engine>
    public let clock: VirtualClock
    /// The machine's zone is UTC, and no other is known.
    public let zones = ZoneTable(machine: .utc)

    public var now: Now { clock.now() }
}

/// Makes a new, empty engine that has `buckets`; `path` is where it may keep its files, and nothing is there yet.
public typealias EngineFactory<Engine> = (_ path: String, _ buckets: [Bucket]) throws -> Engine

/// Runs `body` with a new job store on an engine of `make`, in a temporary directory that is deleted afterwards.
///
/// When `body` is done, the store is verified, and every fault found is recorded as an issue of the running test.
/// - Parameter verifying: false for a body that damages the store on purpose.
public func withTestStore<Engine: OrderedStore, Result>(
    on make: EngineFactory<Engine>, verifying: Bool = true, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (TestStore<Engine>) throws -> Result
) throws -> Result {
    try withTemporaryDirectory { directory in
        let engine = try make(directory + "/store", Buckets.all)
        let live = LiveStore(engine: try make(directory + "/live", LiveBuckets.all))
        try prepare(engine)
        let jobs = try JobStore(engine: engine, live: live)
        let result = try body(TestStore(jobs: jobs, live: live, clock: VirtualClock()))
        guard verifying else { return result }
        for fault in try jobs.verify().faults { Issue.record("verify: \(fault)", sourceLocation: sourceLocation) }
        return result
    }
}

/// Runs `body` with a new job store in memory.
public func withMemoryStore<Result>(
    verifying: Bool = true, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (TestStore<MemoryEngine>) throws -> Result
) throws -> Result {
    try withTestStore(
        on: { _, buckets in MemoryEngine(buckets: buckets) }, verifying: verifying,
        sourceLocation: sourceLocation, body)
}

private func prepare<Engine: OrderedStore>(_ engine: Engine) throws {
    let storeID = String(repeating: "0123456789abcdef", count: 2)
    // A test looks at all that it has made, and says itself what is not to be kept.
    try engine.write {
        try JobStore<Engine>.initialise(&$0, storeID: storeID, keep: .forever, keepEnqueued: .forever)
    }
}

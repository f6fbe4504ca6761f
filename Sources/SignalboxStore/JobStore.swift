public import OrderedStore
public import SignalboxCore

/// The job store over any ordered store: every operation of scheduler, worker, reaper, command line and pages.
///
/// Each operation is one transaction and has a file of its own in Operations. None reads a clock: the time is passed
/// in, so that a body may run twice and a test may say what time it is.
public final class JobStore<Engine: OrderedStore>: Sendable {
    /// The durable store.
    public let engine: Engine
    /// What belongs to this boot only: heartbeats, progress, running output. Nil for a reader when no process has
    /// opened the store for writing since the machine started.
    public let live: LiveStore<Engine>?
    /// Whether a registered worker lives: what its kernel lock says.
    let isAlive: @Sendable (WorkerID) -> Bool
    /// Has the engine commit a transaction as the store's settings say.
    private let follow: @Sendable (inout Engine.Writing, StoreSettings) -> Void

    /// - Throws: ``StoreError`` with `formatVersion` or `damaged` when this is no store that this version knows.
    /// - Parameters:
    ///   - isAlive: whether a registered worker lives; pages show one that does not as dead.
    ///   - follow: has the engine commit the transaction as the settings say; told of those that it itself has
    ///     changed. Nothing to do on an engine that knows one durability only.
    public init(
        engine: Engine, live: LiveStore<Engine>?, isAlive: @escaping @Sendable (WorkerID) -> Bool = { _ in true },
        follow: @escaping @Sendable (inout Engine.Writing, StoreSettings) -> Void = { _, _ in }
    ) throws {
        self.engine = engine
        self.live = live
        self.isAlive = isAlive
        self.follow = follow
        try engine.read { transaction in _ = try transaction.header() }
    }

    /// Fills a new, empty engine: the first transaction of every store.
    /// - Parameters:
    ///   - keep: what is kept of each job that says nothing else.
    ///   - keepEnqueued: what is kept, in each queue, of that which is enqueued by itself.
    public static func initialise(
        _ transaction: inout some WriteTransaction & ~Copyable, storeID: String, keep: Retention = .standard,
        keepEnqueued: Retention = .standardEnqueued
    ) throws {
        let header = StoreHeader(format: StoreHeader.currentFormat, storeID: storeID)
        try transaction.keep(header, StoreHeader.key, in: Buckets.meta)
        try transaction.keep(StoreState(), StoreState.key, in: Buckets.meta)
        let settings = StoreSettings(keep: keep, keepEnqueued: keepEnqueued)
        try transaction.keep(settings, StoreSettings.key, in: Buckets.meta)
    }

    /// The store's own name: 32 hexadecimal digits.
    public func storeID() throws -> String {
        try engine.read { try $0.header().storeID }
    }

    /// Runs an operation in one transaction, and writes counters, event and wake-ups at its end.
    func write<Result>(
        _ now: Now, _ body: (inout JobWriter<Engine.Writing>) throws -> Result
    ) throws -> Result {
        try engine.write { transaction in
            let state = try transaction.storeState()
            var writer = JobWriter(transaction, state: state, now: now, isAlive: isAlive)
            do {
                let result = try body(&writer)
                let settings = try writer.finish()
                transaction = writer.release()
                follow(&transaction, settings)
                return result
            } catch {
                transaction = writer.release()
                throw error
            }
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// Who the store is, if it is one that this version can read.
    func header() throws -> StoreHeader {
        guard let header = try fetch(StoreHeader.self, StoreHeader.key, in: Buckets.meta) else {
            throw StoreError(.damaged, "this is no Signalbox store: it has no header record")
        }
        guard header.format == StoreHeader.currentFormat else {
            throw StoreError.otherFormat(header.format)
        }
        return header
    }
}

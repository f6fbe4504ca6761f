import Glibc
public import LMDBEngine
public import Logging
import OrderedStore
import SignalboxCore
public import SignalboxRuntime
public import SignalboxStore

/// A job store on LMDB: what the command uses, and what a Swift program opens.
public typealias Store = JobStore<Environment>

extension JobStore<Environment> {
    /// What a process wants of a store.
    public enum Access: Sendable {
        /// To change it; it is created when there is none.
        case create
        /// To change it; it must be there.
        case write
        /// To look at it. Nothing is created or changed.
        case read
    }

    /// Opens the store in the folder `path`.
    ///
    /// A process that opens it for writing first settles what workers left behind that died while nobody looked.
    /// - Throws: `EnvironmentError`, `StoreError`; nothing was created or changed then.
    public static func open(at path: String, _ access: Access, logger: Logger) throws -> Store {
        if access == .create { try create(at: path) }
        let clocks = try SystemClocks()
        let engine = try openEngine(at: path, access)
        // Before anything is written: a store of another version must stay as it is.
        let bare = try store(on: engine, live: nil)
        let live = try LiveFolder.open(for: bare, access, now: clocks.now(), logger: logger)
        let store = try store(on: engine, live: live)
        guard access != .read else { return store }
        try Graveyard(store: store, liveness: store.liveness, clocks: clocks, logger: logger).settleAll()
        return store
    }

    /// Opens a store to repair it: what workers left behind is not settled first, for that goes by what may be wrong.
    public static func openToRepair(at path: String) throws -> Store {
        try store(on: Environment.open(at: path, buckets: Buckets.all, access: .readWrite), live: nil)
    }

    private static func store(on engine: Environment, live: LiveStore<Environment>?) throws -> Store {
        let liveness = LivenessFile(path: livenessPath(engine))
        return try JobStore(
            engine: engine, live: live,
            // Where the lock cannot be looked at, nobody is called dead.
            isAlive: { worker in (try? liveness.isHeld(.worker(worker))) ?? true },
            follow: { transaction, settings in transaction.relax(settings.durability == .relaxed) })
    }

    /// A store of another version may have other buckets; its header, which is always in the first, says which version
    /// that is.
    private static func openEngine(at path: String, _ access: Access) throws -> Environment {
        do {
            return try Environment.open(
                at: path, buckets: Buckets.all, access: access == .read ? .readOnly : .readWrite)
        } catch let error as EnvironmentError where error.code == .versionMismatch {
            let first = Array(Buckets.all.prefix(1))
            if let other = try? Environment.open(at: path, buckets: first, access: .readOnly) {
                _ = try JobStore(engine: other, live: nil)
            }
            throw error
        }
    }

    /// Looks at every page of the store in the folder `path` without LMDB, whoever works on it: what can do no harm to a
    /// process, however damaged the file is. A sound answer says nothing of records: for those see `verify`.
    /// - Throws: `EnvironmentError` when there is no store, or none that could be opened for another reason than damage.
    public static func checkPages(at path: String) throws -> PageReport {
        try Environment.checkPages(at: path, buckets: Buckets.all)
    }

    /// The name of a new store, drawn at random: 32 hexadecimal digits.
    public static func newStoreID() -> String { randomHexadecimal(digits: 32) }

    private static func create(at path: String) throws {
        let storeID = newStoreID()
        try Environment.create(at: path, buckets: Buckets.all) { transaction in
            try initialise(&transaction, storeID: storeID)
        }
    }

    /// The locks that say which of the store's workers live.
    public var liveness: LivenessFile { LivenessFile(path: Self.livenessPath(engine)) }

    private static func livenessPath(_ engine: Environment) -> String { "\(engine.directory)/workers.lock" }
}

func randomHexadecimal(digits count: Int) -> String {
    let digits = Array("0123456789abcdef")
    return String((0..<count).map { _ in digits[Int.random(in: 0..<16)] })
}

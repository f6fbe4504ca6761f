public import OrderedStore
public import SignalboxCore

/// Why a dump does not become a store, though each of its lines is as a dump has it.
public struct RestoreError: Error, Hashable, CustomStringConvertible {
    /// One or more sentences: the cause and the way out.
    public let description: String
}

/// What a dump has become.
public struct RestoredStore: Hashable, Sendable {
    /// Records and index entries.
    public var records: Int

    public init(records: Int) { self.records = records }

    /// Jobs and handlers whose values that look secret the dump does not have: they are replaced by ``redactionMark``.
    public var incompleteJobs: [JobName] = []
    public var incompleteHandlers: [HandlerName] = []
    /// The same of dispatches that have not ended, whatever they are of.
    public var incompleteDispatches = 0

    public var isComplete: Bool {
        incompleteJobs.isEmpty && incompleteHandlers.isEmpty && incompleteDispatches == 0
    }
}

/// A new store that nobody else can see, while it is filled with records.
public protocol StoreLoader: ~Copyable {
    associatedtype Engine: OrderedStore
    /// What has been flushed.
    var engine: Engine { get }
    mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws
    mutating func flush() throws
}

extension JobStore {
    /// Puts the records of a dump into a new store, works out every index and counter from them, and verifies the whole.
    ///
    /// Nothing is settled or begun: a dump of it is the same dump.
    /// - Parameter progress: told now and then of the dump's lines that are done, and of its bytes that were read.
    /// - Throws: ``DumpError`` and ``RestoreError``; what was filled then is to be thrown away.
    public static func fill<Loader: StoreLoader & ~Copyable>(
        _ loader: inout Loader, from dump: inout DumpReader,
        progress: (_ lines: Int, _ bytes: Int) -> Void = { _, _ in }
    ) throws -> RestoredStore where Loader.Engine == Engine {
        while try dump.next({ bucket, key, record in try loader.put(key, record, in: bucket) }) {
            if dump.line % 4096 == 0 { progress(dump.line, dump.consumed) }
        }
        try loader.flush()
        let store = try restoredStore(loader.engine)
        var derivation = Derivation()
        while var part = try next(of: &derivation, loader.engine) {
            try part.each { bucket, key, value in try loader.put(key, value, in: bucket) }
            try loader.flush()
        }
        return try store.restored(from: dump.header)
    }

    /// What records that are whole do not go together to, is the dump's fault and not the store's.
    private static func next(of derivation: inout Derivation, _ engine: Engine) throws -> DerivedPart? {
        do { return try derivation.next(from: engine) } catch let error as StoreError {
            throw RestoreError(faults: [error.description], isSalvaged: false)
        }
    }

    /// The dump may have anything where its facts of the store should be.
    private static func restoredStore(_ engine: Engine) throws -> JobStore {
        do {
            let store = try JobStore(engine: engine, live: nil)
            _ = try engine.read { try $0.storeState() }
            return store
        } catch let error as StoreError { throw RestoreError(description: error.description) }
    }

    /// Whether nothing would be lost if another store took the place of this one.
    /// - Throws: ``StoreError`` with `refused` when there is a job or a dispatch in it.
    public static func requireNothing(in transaction: borrowing some ReadTransaction & ~Copyable) throws {
        _ = try transaction.header()
        for bucket in [Buckets.jobs, Buckets.dispatches, Buckets.history] {
            guard try transaction.keys(bucket, .all, limit: 1).isEmpty else {
                throw StoreError(
                    .refused,
                    "the store there has jobs or dispatches, or a history of them, and a dump is restored into a new store "
                        + "or into an empty one: name another place with --into, or move that store away")
            }
        }
    }

    /// Verifies the store that the records of a dump have become, before anybody else sees it.
    /// - Throws: ``RestoreError`` when it is not sound.
    private func restored(from header: DumpHeader) throws -> RestoredStore {
        guard try storeID() == header.storeID else {
            throw RestoreError(description: "its first line and its record of the store name two different stores")
        }
        // Of a part of a store, places of concurrency keys are still counted that are taken by what is not in it.
        let report = header.isFiltered ? try repair().left : try verify()
        guard report.ok else { throw RestoreError(faults: report.faults, isSalvaged: header.isSalvaged) }
        guard !header.hasSecrets else { return RestoredStore(records: report.records) }
        return try engine.read { try $0.incomplete(RestoredStore(records: report.records)) }
    }
}

extension RestoreError {
    fileprivate init(faults: [String], isSalvaged: Bool) {
        let named = faults.prefix(3).joined(separator: "; ")
        let more = faults.count > 3 ? "; and \(faults.count - 3) more" : ""
        let origin =
            isSalvaged ? "it was saved from a damaged store, and what is missing was needed" : "it contradicts itself"
        self.init(description: "\(origin): \(named)\(more)")
    }
}

extension ReadTransaction where Self: ~Copyable {
    fileprivate func incomplete(_ store: RestoredStore) throws -> RestoredStore {
        var store = store
        store.incompleteJobs = try jobs().filter { $0.definition.work.hasLostValues }.map(\.name)
        try records(HandlerDefinition.self, Buckets.handlers, .all) { _, handler in
            if handler.hasLostValues { store.incompleteHandlers.append(handler.name) }
            return .next
        }
        for state in DispatchState.allCases where !state.isTerminal {
            let range = KeyRange(prefix: Key().with(state).bytes)
            try scan(Buckets.byState, range, .ascending) { key, _ in
                let id = try dispatchID(atEndOf: copied(key), in: Buckets.byState)
                if try request(of: id).work.hasLostValues { store.incompleteDispatches += 1 }
                return .next
            }
        }
        return store
    }
}

extension Work {
    fileprivate var hasLostValues: Bool {
        command.hasLostValues || environment.values.contains(redactionMark)
            || input.contains(redactionMark.utf8)
    }
}

extension HandlerDefinition {
    fileprivate var hasLostValues: Bool { command.hasLostValues || environment.values.contains(redactionMark) }
}

extension Command {
    fileprivate var hasLostValues: Bool {
        switch self {
        case .program(let arguments): arguments.contains { $0.contains(redactionMark) }
        case .shell(let line): line.contains(redactionMark)
        case .handler: false
        }
    }
}

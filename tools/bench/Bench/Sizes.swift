// What the floor has to do to be comparable: how large our values are, and how often a life puts and deletes. Measured,
// so that a change of the layout cannot make the floor lower or higher than it is.
import LMDBEngine
import OrderedStore
import SignalboxCore
import SignalboxStore
import Synchronization

/// Prints the average size of the values of each bucket, the size of an event of one change and of 100, and the
/// operations of a hundred lives, the second hundred of a store.
func measureSizes(_ path: String) throws {
    try Environment.create(at: path, buckets: Buckets.all) { transaction in
        // The same work as in C is measured, which removes nothing.
        try JobStore<Environment>.initialise(
            &transaction, storeID: String(repeating: "0", count: 32), keep: .forever, keepEnqueued: .forever)
    }
    let engine = CountingEngine(
        try Environment.open(at: path, buckets: Buckets.all, access: .readWrite, durability: .full))
    let store = try JobStore(engine: engine, live: nil)
    let worker = try store.registeredWorker()
    _ = try store.enqueue(Subject.item, now: present())
    let single = try engine.newestEventSize()
    try store.liveThrough(99, worker)
    engine.reset()
    try store.liveThrough(100, worker)
    let hundred = try engine.newestEventSize()
    let operations = engine.operations.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
    let values = try engine.averageValueSizes().map { "\"\($0)\":\($1)" }
    say(
        "{\"event1\":\(single),\"event100\":\(hundred),\"operations\":{\(operations.joined(separator: ","))},"
            + "\"values\":{\(values.joined(separator: ","))}}")
}

extension JobStore {
    /// Enqueues so many, and claims and finishes them and one that may wait.
    fileprivate func liveThrough(_ count: Int, _ worker: WorkerID) throws {
        _ = try enqueue(Array(repeating: Subject.item, count: count), now: present())
        let claimed = try round(worker, [], slots: count + 1)
        _ = try round(worker, claimed.map(\.success), slots: 0)
    }
}

/// An engine that counts what is done in its write transactions.
private final class CountingEngine: OrderedStore {
    private let base: Environment
    private let counts = Mutex<[String: Int]>([:])

    init(_ base: Environment) { self.base = base }

    var operations: [String: Int] { counts.withLock { $0 } }
    func reset() { counts.withLock { $0 = [:] } }

    /// What the newest value of the events takes; 0 when there is none.
    func newestEventSize() throws -> Int {
        guard let events = Buckets.all.first(where: { $0.name == "events" }) else { return 0 }
        return try base.read { transaction in
            var size = 0
            try transaction.scan(events, .all, .descending) { _, value in
                size = value.count
                return .stop
            }
            return size
        }
    }

    func averageValueSizes() throws -> [(name: String, size: Int)] {
        try base.read { transaction in
            try Buckets.all.map { bucket in
                var (count, size) = (0, 0)
                try transaction.scan(bucket, .all, .ascending) { key, value in
                    // Of the store's own facts only the one that every transaction writes.
                    if bucket.name == "meta", key.count != "state".utf8.count + 1 { return .next }
                    count += 1
                    size += value.count
                    return .next
                }
                return (bucket.name, count == 0 ? 0 : (size + count / 2) / count)
            }
        }
    }

    func read<Result>(_ body: (borrowing Environment.Reading) throws -> Result) throws -> Result {
        try base.read(body)
    }

    func write<Result>(_ body: (inout Writing) throws -> Result) throws -> Result {
        try base.write { transaction in
            var counted = Writing(base: transaction, engine: self)
            do {
                let result = try body(&counted)
                transaction = counted.base
                return result
            } catch {
                transaction = counted.base
                throw error
            }
        }
    }

    func watch(_ interests: InterestSet) throws -> Environment.Watch { try base.watch(interests) }

    private func count(_ operation: String, _ bucket: Bucket) {
        counts.withLock {
            $0[operation, default: 0] += 1
            $0["\(operation) \(bucket.name)", default: 0] += 1
        }
    }

    struct Writing: WriteTransaction, ~Copyable {
        var base: Environment.Writing
        let engine: CountingEngine

        func get<Result>(
            _ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result
        ) throws -> Result {
            engine.count("get", bucket)
            return try base.get(key, in: bucket, body)
        }

        func scan(
            _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
            _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
        ) throws {
            engine.count("scan", bucket)
            try base.scan(bucket, range, order, body)
        }

        mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
            engine.count("put", bucket)
            try base.put(key, value, in: bucket)
        }

        @discardableResult
        mutating func delete(_ key: Span<UInt8>, in bucket: Bucket) throws -> Bool {
            engine.count("delete", bucket)
            return try base.delete(key, in: bucket)
        }

        mutating func notify(_ interests: InterestSet) { base.notify(interests) }
    }
}

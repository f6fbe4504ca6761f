import OrderedStore
import SignalboxTesting
import Synchronization

/// A memory engine that counts what is read in its transactions, and what is put into each bucket.
final class CountingEngine: OrderedStore {
    private let memory: MemoryEngine
    private let count = Mutex(Count())

    init(buckets: [Bucket]) { memory = MemoryEngine(buckets: buckets) }

    /// Keys looked up, and entries that scans came by.
    var reads: Int { count.withLock { $0.reads } }
    func puts(in bucket: Bucket) -> Int { count.withLock { $0.puts[bucket, default: 0] } }
    func reset() { count.withLock { $0 = Count() } }

    struct Count {
        var reads = 0
        var puts: [Bucket: Int] = [:]

        mutating func add(_ other: Count) {
            reads += other.reads
            puts.merge(other.puts, uniquingKeysWith: +)
        }
    }

    /// A write that changes nothing: only those can be counted.
    func read<Result>(_ body: (borrowing Writing) throws -> Result) throws -> Result {
        try write { transaction in try body(transaction) }
    }

    func write<Result>(_ body: (inout Writing) throws -> Result) throws -> Result {
        try memory.write { transaction in
            var counted = Writing(memory: transaction)
            do {
                let result = try body(&counted)
                count.withLock { $0.add(counted.count.withLock { $0 }) }
                transaction = counted.memory
                return result
            } catch {
                transaction = counted.memory
                throw error
            }
        }
    }

    func watch(_ interests: InterestSet) throws -> MemoryEngine.Watch { try memory.watch(interests) }

    struct Writing: WriteTransaction, ~Copyable {
        var memory: MemoryEngine.Writing
        let count = Mutex(Count())

        init(memory: consuming MemoryEngine.Writing) { self.memory = memory }

        func get<Result>(
            _ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result
        ) throws -> Result {
            count.withLock { $0.reads += 1 }
            return try memory.get(key, in: bucket, body)
        }

        func scan(
            _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
            _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
        ) throws {
            try memory.scan(bucket, range, order) { key, value in
                count.withLock { $0.reads += 1 }
                return try body(key, value)
            }
        }

        mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
            count.withLock { $0.puts[bucket, default: 0] += 1 }
            try memory.put(key, value, in: bucket)
        }

        @discardableResult
        mutating func delete(_ key: Span<UInt8>, in bucket: Bucket) throws -> Bool {
            try memory.delete(key, in: bucket)
        }

        mutating func notify(_ interests: InterestSet) { memory.notify(interests) }
    }
}

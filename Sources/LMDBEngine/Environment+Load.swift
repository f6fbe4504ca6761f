// Filling a new store with entries that are known already, as fast as LMDB takes them.

import CLMDB
import Glibc
public import OrderedStore

extension Environment {
    /// Creates a store in `directory` with all that `fill` puts in.
    ///
    /// As with `create` it is made beside, and gets its name when it is complete and on the disk: there is a whole store
    /// or none, whatever fails or is killed. That is why nothing needs to be flushed before the end (MDB_NOSYNC): what a
    /// power cut ruins has no name yet, and nobody will ever open it.
    ///
    /// Errors: `.occupied` when anything but an empty directory is there; `.inUse`; those of `create`, and what `fill` and
    /// `replacing` throw.
    ///
    /// - Parameter replacing: where a store is there already, refuses to have it replaced by throwing. It is asked before
    ///   and after, while nobody has that store open; what does not throw is no reason to keep the old one. Nil: no store
    ///   is replaced.
    public static func load(
        at directory: String, buckets: [Bucket], options: Options = Options(),
        replacing mayReplace: ((borrowing Reading) throws -> Void)? = nil, fill: (inout Loading) throws -> Void
    ) throws {
        requireProperBuckets(buckets)
        let wanted = StoreDirectory(path: directory.withoutTrailingSlashes)
        let present = try mayReplace.flatMap { try ReplaceableStore(wanted, buckets, options, $0) }
        if present == nil { try wanted.requireVacant() }
        let place = present == nil ? try wanted.placeForNew() : wanted.resolved
        try place.requireNoMount()
        try place.makingBeside { beside in
            try beside.fill(buckets, .volatile, options) { environment in
                var loading = Loading(environment)
                try fill(&loading)
                try loading.finish()
            }
            if let present {
                try present.replaceData(with: beside.dataPath)
                beside.remove()
            } else if try !beside.rename(to: place) {
                throw wanted.occupied()
            }
        }
    }
}

/// A store whose data file may make way for another.
private struct ReplaceableStore {
    private let directory: StoreDirectory
    private let buckets: [Bucket]
    private let options: Environment.Options
    private let mayReplace: (borrowing Environment.Reading) throws -> Void

    /// Nil: there is no store.
    init?(
        _ directory: StoreDirectory, _ buckets: [Bucket], _ options: Environment.Options,
        _ mayReplace: @escaping (borrowing Environment.Reading) throws -> Void
    ) throws {
        guard (try? directory.isOccupied()) ?? false else { return nil }
        self.directory = directory
        self.buckets = buckets
        self.options = options
        self.mayReplace = mayReplace
        try Environment.withSoleUse(of: directory.path, buckets: buckets, options: options) { store in
            try store.read(mayReplace)
        }
    }

    func replaceData(with path: String) throws {
        try Environment.withSoleUse(of: directory.path, buckets: buckets, options: options) { store in
            try store.read(mayReplace)
            try store.replaceData(with: path)
        }
    }
}

extension Environment {
    /// A store that is being filled, and that nobody else can see.
    public struct Loading: ~Copyable {
        /// The store as far as it is written; not the entries put since ``flush()``.
        public let environment: Environment
        private var batch = Batch()
        /// The last key of each bucket.
        private var last: [[UInt8]?]

        /// So many entries, or so many bytes of them, share a transaction.
        private static let entryLimit = 50_000
        private static let byteLimit = 8 << 20

        init(_ environment: Environment) {
            self.environment = environment
            last = environment.buckets.map { _ in nil }
        }

        /// Sets the value of `key`. It costs least when the keys of a bucket come in their order.
        public mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
            let isLast = last[bucket.index].map { $0.span.precedes(key) } ?? true
            if isLast { remember(key, bucket) }
            batch.add(key, value, bucket, isLast: isLast)
            if batch.count == Self.entryLimit || batch.size >= Self.byteLimit { try flush() }
        }

        /// Writes what has been put.
        public mutating func flush() throws {
            guard batch.count > 0 else { return }
            let batch = self.batch
            try environment.write { try batch.write(to: &$0) }
            self.batch.forget()
        }

        /// Writes the rest, and waits until all is on the disk.
        fileprivate mutating func finish() throws {
            try flush()
            try environment.handle.synchronize()
        }

        /// In the memory of the key before, which is mostly as long.
        private mutating func remember(_ key: Span<UInt8>, _ bucket: Bucket) {
            if last[bucket.index]?.count == key.count {
                for index in key.indices { last[bucket.index]?[index] = key[index] }
            } else {
                last[bucket.index] = [UInt8](capacity: key.count) { output in
                    for index in key.indices { output.append(key[index]) }
                }
            }
        }
    }

    /// The entries of one transaction, one behind the other: it may have to be written twice, when the map has to grow.
    fileprivate struct Batch {
        private struct Entry {
            let bucket: Bucket
            let start: Int
            let keyCount: Int
            let valueCount: Int
            let isLast: Bool
        }

        private var entries: [Entry] = []
        private var bytes: [UInt8] = []

        var count: Int { entries.count }
        var size: Int { bytes.count }

        mutating func add(_ key: Span<UInt8>, _ value: Span<UInt8>, _ bucket: Bucket, isLast: Bool) {
            entries.append(
                Entry(
                    bucket: bucket, start: bytes.count, keyCount: key.count, valueCount: value.count, isLast: isLast))
            unsafe key.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
            unsafe value.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        }

        mutating func forget() {
            entries.removeAll(keepingCapacity: true)
            bytes.removeAll(keepingCapacity: true)
        }

        func write(to transaction: inout Writing) throws {
            let all = bytes.span
            for entry in entries {
                let middle = entry.start + entry.keyCount
                let key = all.extracting(entry.start..<middle)
                let value = all.extracting(middle..<middle + entry.valueCount)
                if entry.isLast {
                    try transaction.append(key, value, in: entry.bucket)
                } else {
                    try transaction.put(key, value, in: entry.bucket)
                }
            }
        }
    }
}

extension EnvironmentHandle {
    /// Waits until all that was committed is on the disk.
    func synchronize() throws { try check(unsafe mdb_env_sync(pointer, 1), "mdb_env_sync") }
}

extension Span<UInt8> {
    /// Whether these bytes sort before others.
    fileprivate func precedes(_ other: Span<UInt8>) -> Bool {
        let shared = Swift.min(count, other.count)
        let order = unsafe withUnsafeBufferPointer { first in
            unsafe other.withUnsafeBufferPointer { second in
                shared == 0 ? 0 : unsafe memcmp(first.baseAddress!, second.baseAddress!, shared)
            }
        }
        return order != 0 ? order < 0 : count < other.count
    }
}

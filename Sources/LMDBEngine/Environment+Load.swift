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
        private var batch = LoadBatch()

        init(_ environment: Environment) { self.environment = environment }

        /// Sets the value of `key`. It costs least when the keys of a bucket come in their order.
        public mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
            batch.put(key, value, in: bucket)
            if batch.isFull { try flush() }
        }

        /// Writes what has been put.
        public mutating func flush() throws { try environment.write(&batch) }

        /// Writes the rest, and waits until all is on the disk.
        fileprivate mutating func finish() throws {
            try flush()
            try environment.handle.synchronize()
        }
    }

    /// Entries that are written in one transaction, one behind the other in one piece of memory: it may have to be done
    /// twice, when the map has to grow.
    public struct LoadBatch: Sendable {
        private struct Entry {
            let start: Int
            let keyCount: Int32
            let valueCount: Int32
        }

        /// So many entries, or so many bytes of them, share a transaction.
        private static let entryLimit = 50_000
        private static let byteLimit = 4 << 20

        private var entries: [Entry] = []
        private var bytes: [UInt8] = []
        /// Which entries are of the same bucket: the first, up to the first of the next one.
        private var parts: [(bucket: Bucket, first: Int)] = []

        public init() {}

        public var isEmpty: Bool { entries.isEmpty }
        /// Whether it is time to write it.
        public var isFull: Bool { entries.count >= Self.entryLimit || bytes.count >= Self.byteLimit }

        public mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) {
            if parts.last?.bucket.index != bucket.index { parts.append((bucket, entries.count)) }
            entries.append(
                Entry(start: bytes.count, keyCount: Int32(key.count), valueCount: Int32(value.count)))
            unsafe key.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
            unsafe value.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        }

        fileprivate mutating func forget() {
            entries.removeAll(keepingCapacity: true)
            bytes.removeAll(keepingCapacity: true)
            parts.removeAll(keepingCapacity: true)
        }

        fileprivate func write(to transaction: inout Writing) throws {
            for (index, part) in parts.enumerated() {
                let end = index + 1 < parts.count ? parts[index + 1].first : entries.count
                try write(part.first..<end, part.bucket, to: &transaction)
            }
        }

        private func write(_ range: Range<Int>, _ bucket: Bucket, to transaction: inout Writing) throws {
            let all = bytes.span
            for index in range {
                let entry = entries[index]
                let middle = entry.start + Int(entry.keyCount)
                try transaction.append(
                    all.extracting(entry.start..<middle), all.extracting(middle..<middle + Int(entry.valueCount)),
                    in: bucket)
            }
        }
    }

    /// Writes all that is in the batch, in one transaction, and empties it.
    public func write(_ batch: inout LoadBatch) throws {
        guard !batch.isEmpty else { return }
        let full = batch
        try write { try full.write(to: &$0) }
        batch.forget()
    }
}

extension EnvironmentHandle {
    /// Waits until all that was committed is on the disk.
    func synchronize() throws { try check(unsafe mdb_env_sync(pointer, 1), "mdb_env_sync") }
}

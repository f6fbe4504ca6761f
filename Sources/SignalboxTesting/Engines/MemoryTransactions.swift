public import OrderedStore

extension MemoryEngine {
    /// One snapshot of a memory store. Only `read` makes one.
    public struct Reading: ReadTransaction, ~Copyable {
        fileprivate let snapshot: Snapshot
        private let presentRoom: Room

        init(maps: [PersistentMap], room: Room) {
            snapshot = Snapshot(maps: maps)
            presentRoom = room
        }

        public func room() -> Room { presentRoom }

        public func get<Result>(
            _ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result
        ) throws -> Result {
            try snapshot.get(key, in: bucket, body)
        }

        public func scan(
            _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
            _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
        ) throws {
            try snapshot.scan(bucket, range, order, body)
        }
    }

    /// The one write transaction of a memory store. Only `write` makes one.
    public struct Writing: WriteTransaction, ~Copyable {
        private var snapshot: Snapshot
        private(set) var interests: InterestSet = []
        var maps: [PersistentMap] { snapshot.maps }

        private let presentRoom: Room

        init(maps: [PersistentMap], room: Room) {
            snapshot = Snapshot(maps: maps)
            presentRoom = room
        }

        public func room() -> Room { presentRoom }

        public func get<Result>(
            _ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result
        ) throws -> Result {
            try snapshot.get(key, in: bucket, body)
        }

        public func scan(
            _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
            _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
        ) throws {
            try snapshot.scan(bucket, range, order, body)
        }

        public mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
            let key = try Snapshot.checked(key)
            snapshot.maps[snapshot.index(bucket)][key] = [UInt8](value)
        }

        @discardableResult
        public mutating func delete(_ key: Span<UInt8>, in bucket: Bucket) throws -> Bool {
            let key = try Snapshot.checked(key)
            let index = snapshot.index(bucket)
            guard snapshot.maps[index][key] != nil else { return false }
            snapshot.maps[index][key] = nil
            return true
        }

        public mutating func notify(_ interests: InterestSet) { self.interests.formUnion(interests) }
    }

    /// The maps of all buckets at one moment, and looking things up in them.
    fileprivate struct Snapshot {
        var maps: [PersistentMap]

        func index(_ bucket: Bucket) -> Int {
            precondition(maps.indices.contains(bucket.index), "the store was made without the bucket \(bucket.name)")
            return bucket.index
        }

        func get<Result>(
            _ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result
        ) throws -> Result {
            guard let value = maps[index(bucket)][try Self.checked(key)] else { return try body(nil) }
            return try body(value.span)
        }

        func scan(
            _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
            _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
        ) throws {
            let bounds = PersistentMap.Bounds(lower: range.lower, upper: range.upper)
            for (key, value) in maps[index(bucket)].entries(bounds, descending: order == .descending) {
                if case .stop = try body(key.span, value.span) { return }
            }
        }

        static func checked(_ key: Span<UInt8>) throws -> [UInt8] {
            if (1...511).contains(key.count) { return [UInt8](key) }
            throw MemoryEngineError(code: .keySize, message: "a key of \(key.count) bytes; keys have 1 to 511")
        }
    }
}

@available(*, unavailable)
extension MemoryEngine.Reading: Sendable {}
@available(*, unavailable)
extension MemoryEngine.Writing: Sendable {}

extension [UInt8] {
    /// A copy of bytes that live only for a moment.
    init(_ span: Span<UInt8>) { self = span.withUnsafeBufferPointer(Array.init) }
}

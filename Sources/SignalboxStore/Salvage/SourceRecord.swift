// Whether bytes that were found somewhere are a record of ours, where no page can be asked: the checksum says that it is
// one of this key, and only its own bucket's records have its fields and a key of that shape.

internal import OrderedStore
internal import SignalboxCore

/// A record of one of the buckets that no other makes up for.
enum SourceRecord {
    /// Whether the bytes are a record of `bucket`, whole, and under a key of its own.
    static func isBelievable(_ record: Span<UInt8>, under key: Span<UInt8>, in bucket: Bucket) -> Bool {
        (try? hasShape(record, key, bucket)) ?? false
    }

    /// Whether the bytes are a record of this key, whatever it says.
    static func hasChecksum(_ record: Span<UInt8>, under key: Span<UInt8>) -> Bool {
        (try? RecordReader(record, key: key)) != nil
    }

    private static func hasShape(_ record: Span<UInt8>, _ key: Span<UInt8>, _ bucket: Bucket) throws -> Bool {
        let bytes = copied(key)
        switch bucket {
        case Buckets.meta: return try isFact(record, key, bytes)
        case Buckets.jobs:
            return try Key.name(JobDefinition(record: record, key: key).name.text).bytes == bytes
        case Buckets.jobProgress:
            _ = try JobProgress(record: record, key: key)
            return isName(bytes) { _ = try JobName($0) }
        case Buckets.dispatches:
            return try Key.dispatch(DispatchRecord(record: record, key: key).dispatch.id).bytes == bytes
        case Buckets.requests:
            _ = try Request(record: record, key: key)
            return bytes.count == 8
        case Buckets.attempts:
            _ = try Attempt(record: record, key: key)
            return bytes.count == 12
        case Buckets.outputs:
            _ = try OutputChunk(record: record, key: key)
            return bytes.count == 16
        case Buckets.unique:
            _ = try UniqueEntry(record: record, key: key)
            return isName(bytes) { _ in }
        case Buckets.occurrences:
            _ = try Counter(record: record, key: key)
            return isOccurrence(bytes)
        case Buckets.workers:
            return try Key.worker(WorkerRegistration(record: record, key: key).id).bytes == bytes
        case Buckets.events:
            _ = try EventRecord(record: record, key: key)
            return bytes.count == 8
        case Buckets.history:
            _ = try RunTally(record: record, key: key)
            return bytes.count > 9 && [2, 3].contains(bytes[8])
        case Buckets.queues:
            _ = try QueueRecord(record: record, key: key)
            return isName(bytes) { _ = try QueueName($0) }
        case Buckets.limits: return try isLimit(record, key, bytes)
        case Buckets.handlers:
            return try Key.name(HandlerDefinition(record: record, key: key).name.text).bytes == bytes
        case Buckets.totals:
            _ = try RunTotals(record: record, key: key)
            return HistorySubject(ofTotals: bytes) != nil
        default: return false
        }
    }

    private static func isFact(_ record: Span<UInt8>, _ key: Span<UInt8>, _ bytes: [UInt8]) throws -> Bool {
        switch bytes {
        case StoreHeader.key.bytes: _ = try StoreHeader(record: record, key: key)
        case StoreState.key.bytes: _ = try StoreState(record: record, key: key)
        case StoreSettings.key.bytes: _ = try StoreSettings(record: record, key: key)
        case BootRecord.key.bytes: _ = try BootRecord(record: record, key: key)
        case HandlersChange.key.bytes: _ = try Counter(record: record, key: key)
        case StoreClock.key.bytes: _ = try StoreClock(record: record, key: key)
        default: return false
        }
        return true
    }

    private static func isLimit(_ record: Span<UInt8>, _ key: Span<UInt8>, _ bytes: [UInt8]) throws -> Bool {
        switch bytes.first.flatMap({ LimitKind(rawValue: $0) }) {
        case .concurrency: _ = try ConcurrencyRecord(record: record, key: key)
        case .rate: _ = try RateRecord(record: record, key: key)
        case nil: return false
        }
        return true
    }

    private static func isName(_ key: [UInt8], _ make: (String) throws -> Void) -> Bool {
        var reader = KeyReader(key)
        guard let text = reader.text(), reader.isAtEnd else { return false }
        return (try? make(text)) != nil
    }

    private static func isOccurrence(_ key: [UInt8]) -> Bool {
        var reader = KeyReader(key)
        guard let text = reader.text(), (try? JobName(text)) != nil, reader.shortNumber() != nil,
            reader.shortNumber() != nil, reader.instant() != nil
        else { return false }
        return reader.isAtEnd
    }
}

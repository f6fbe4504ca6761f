import OrderedStore
import SignalboxCore
import SignalboxTesting

@testable import SignalboxStore

extension JobStore {
    /// All lines of a dump, secrets included.
    func dumped(jobs: [JobName] = []) throws -> [UInt8] {
        let lines = Lines()
        try engine.read { transaction in
            let state = try transaction.storeState()
            var header = DumpHeader(
                storeFormat: StoreHeader.currentFormat, storeID: try transaction.header().storeID,
                sequence: state.sequence, hasSecrets: true)
            header.jobs = jobs
            var writer = try DumpWriter(header) { chunk in chunk.indices.forEach { lines.bytes.append(chunk[$0]) } }
            for bucket in Buckets.sources {
                try transaction.scan(bucket, .all, .ascending) { key, record in
                    try writer.put(bucket, key: key, record: record)
                    return .next
                }
            }
            _ = try writer.finish()
        }
        return lines.bytes
    }
}

private final class Lines { var bytes: [UInt8] = [] }

/// A store in memory that is made of a dump.
func restore(_ dump: [UInt8]) throws -> JobStore<MemoryEngine> {
    var rest = dump[...]
    var reader = try DumpReader {
        defer { rest = rest.dropFirst(1000) }
        return Array(rest.prefix(1000))
    }
    var loader = MemoryLoader()
    _ = try JobStore.fill(&loader, from: &reader)
    return try JobStore(engine: loader.engine, live: nil)
}

private struct MemoryLoader: StoreLoader {
    let engine = MemoryEngine(buckets: Buckets.all)

    mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
        try engine.write { try $0.put(key, value, in: bucket) }
    }
    mutating func flush() {}
}

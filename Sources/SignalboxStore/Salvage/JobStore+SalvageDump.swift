internal import OrderedStore

extension JobStore {
    /// Writes the dump of a store that a ``Salvager`` has filled; its header says so. Unlike any other dump it goes on
    /// when a record cannot be shown, and names that.
    /// - Parameters:
    ///   - hasSecrets: whether values that look secret are in it.
    ///   - progress: told now and then how many records were written.
    ///   - sink: takes the bytes of the dump, in order.
    /// - Returns: what was left out, one sentence each.
    public func dumpSalvaged(
        hasSecrets: Bool, progress: (_ records: Int) -> Void = { _ in },
        to sink: @escaping (Span<UInt8>) throws -> Void
    ) throws -> [String] {
        try engine.read { transaction in
            let (header, state) = (try transaction.header(), try transaction.storeState())
            var dumpHeader = DumpHeader(
                storeFormat: header.format, storeID: header.storeID, sequence: state.sequence, hasSecrets: hasSecrets)
            dumpHeader.isSalvaged = true
            var writer = try DumpWriter(dumpHeader, sink: sink)
            var (faults, count): ([String], Int) = ([], 0)
            for bucket in Buckets.sources {
                try transaction.scan(bucket, .all, .ascending) { key, record in
                    count += 1
                    if count.isMultiple(of: 4096) { progress(count) }
                    do {
                        try writer.put(bucket, key: key, record: record)
                    } catch let error as DumpRecordError {
                        faults.append("\(error)")
                    }
                    return .next
                }
            }
            _ = try writer.finish()
            return faults
        }
    }
}

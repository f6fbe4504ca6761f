public import OrderedStore
public import SignalboxCore

/// Which live environment belongs to a store in this boot: settled by the first process that opens the store for
/// writing, and read by all others, so that they cannot disagree.
public enum LiveAddress {
    /// The folder, when some process has settled it in this boot.
    public static func read(_ engine: some OrderedStore, boot: BootID) throws -> String? {
        try engine.read { transaction in try transaction.livePath(in: boot) }
    }

    /// The folder; `proposed` where none was settled yet.
    public static func settle(_ engine: some OrderedStore, boot: BootID, proposed: String) throws -> String {
        if let known = try read(engine, boot: boot) { return known }
        return try engine.write { transaction in
            if let known = try transaction.livePath(in: boot) { return known }
            try transaction.keep(
                BootRecord(bootID: boot, livePath: proposed), BootRecord.key, in: Buckets.meta)
            return proposed
        }
    }

    /// The store's own name, for a folder that other stores do not share.
    public static func storeID(_ engine: some OrderedStore) throws -> String {
        try engine.read { try $0.header().storeID }
    }
}

extension ReadTransaction where Self: ~Copyable {
    fileprivate func livePath(in boot: BootID) throws -> String? {
        guard let record = try fetch(BootRecord.self, BootRecord.key, in: Buckets.meta), record.bootID == boot else {
            return nil
        }
        return record.livePath
    }
}

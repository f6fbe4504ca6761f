internal import OrderedStore
public import SignalboxCore

/// Which data file a store is in: a copy of it is another.
public struct StoreFile: Hashable, Sendable {
    public var device: UInt64
    public var inode: UInt64

    public init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// Which live environment belongs to a data file in this boot: settled by the first process that opens the store for
/// writing, and read by all others, so that they cannot disagree.
public struct LiveAddress: Hashable, Sendable {
    /// The folder.
    public var path: String
    /// What was settled because nobody had opened this file for writing in this boot: dispatches that had been running
    /// elsewhere, or in another boot.
    public var lost: [Dispatch] = []
}

extension JobStore {
    /// The live environment of `file`, when some process has settled it in this boot.
    public func liveAddress(of file: StoreFile, boot: BootID) throws -> LiveAddress? {
        try engine.read { transaction in try transaction.bootRecord(of: file, in: boot) }
            .map { LiveAddress(path: $0.livePath) }
    }

    /// The live environment of `file` in this boot: `proposed` where none was settled yet.
    ///
    /// Nothing can then run for the store. What its records say is running was running in another boot, or is that of
    /// another file, of which this is a copy or a restored dump: it is lost, and settled in this transaction by the
    /// rules of another boot (T11), before anybody can claim. The processes of the original are none of this file's.
    /// - Parameters:
    ///   - proposed: the folder.
    ///   - mark: drawn at random, so that no two files ever have the same.
    public func settleLiveAddress(
        of file: StoreFile, proposed: String, mark: String, now: Now
    ) throws -> LiveAddress {
        if let known = try liveAddress(of: file, boot: now.bootID) { return known }
        return try write(now) { writer in
            if let known = try writer.transaction.bootRecord(of: file, in: now.bootID) {
                return LiveAddress(path: known.livePath)
            }
            let record = BootRecord(bootID: now.bootID, file: file, livePath: proposed, mark: mark)
            try writer.put(record, BootRecord.key, in: Buckets.meta)
            return LiveAddress(path: proposed, lost: try writer.settleWhatCannotRun())
        }
    }

    /// What the run ids of this store's processes begin with: the store's name, and a mark that no copy of it has in this
    /// boot, so that none ever takes another's processes for its own.
    public func runMark() throws -> String {
        try engine.read { transaction in
            let storeID = try transaction.header().storeID
            let record = try transaction.fetch(BootRecord.self, BootRecord.key, in: Buckets.meta)
            return record.map { "\(storeID).\($0.mark)" } ?? storeID
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    fileprivate func bootRecord(of file: StoreFile, in boot: BootID) throws -> BootRecord? {
        guard let record = try fetch(BootRecord.self, BootRecord.key, in: Buckets.meta), record.bootID == boot,
            record.file == file
        else { return nil }
        return record
    }
}

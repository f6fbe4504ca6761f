import CLMDB
import Glibc
public import OrderedStore

extension Environment {
    /// How large a store is, at one moment.
    public struct Information: Hashable, Sendable {
        /// The size of this process's map, in bytes.
        public let mapSize: Int
        /// The greatest size that the map may grow to, in bytes.
        public let maximumSize: Int
        /// What has ever been in use, in bytes: about the length of the file.
        public let usedSize: Int
        /// The pages within that which are free to be used again.
        public let freePages: Int
        /// Those besides that will be when the snapshots are closed which keep them now.
        public let keptPages: Int
        /// The bytes that the data file occupies on the disk.
        public let heldOnDisk: Int
        /// The bytes that the disk has left.
        public let freeOnDisk: Int
        public let pageSize: Int
        /// LMDB's number of the last commit. Not for versioning what was read: a snapshot may be newer than its number.
        public let lastTransaction: Int
        /// The buckets, by their indexes.
        public let buckets: [BucketInformation]
    }

    /// How large one bucket is.
    public struct BucketInformation: Hashable, Sendable {
        public let name: String
        public let entries: Int
        /// All its pages, those of large values included.
        public let pages: Int
        /// How many pages lie on the way to an entry.
        public let depth: Int
    }

    public func information() throws -> Information {
        try read { transaction in
            let size = try handle.information()
            let (disk, pages) = (try handle.diskUse(), try handle.freePages())
            return Information(
                mapSize: size.mapSize, maximumSize: max(handle.maximumSize, size.mapSize),
                usedSize: size.usedPages * size.pageSize, freePages: pages.free, keptPages: pages.kept,
                heldOnDisk: disk.held, freeOnDisk: disk.free, pageSize: size.pageSize,
                lastTransaction: size.lastTransaction,
                buckets: try buckets.map { try transaction.information($0) })
        }
    }

    /// How full the store is. No snapshot is taken while there is room enough, nor of a commit that was looked at
    /// before: each is noted in `lock.mdb`, a file on the disk, and processes ask this while nothing else happens.
    public func room() throws -> Room { try looking { try handle.room() } }

    /// The version of liblmdb that this process uses.
    public static var libraryVersion: String { "\(LibraryVersion.current)" }
}

extension Environment.Reading {
    fileprivate borrowing func information(_ bucket: Bucket) throws -> Environment.BucketInformation {
        try transaction.information(bucket)
    }
}

extension TransactionHandle {
    fileprivate func information(_ bucket: Bucket) throws -> Environment.BucketInformation {
        var statistics = MDB_stat()
        try environment.check(unsafe mdb_stat(pointer, database(bucket), &statistics), "mdb_stat")
        return Environment.BucketInformation(
            name: bucket.name, entries: statistics.ms_entries,
            pages: statistics.ms_branch_pages + statistics.ms_leaf_pages + statistics.ms_overflow_pages,
            depth: Int(statistics.ms_depth))
    }
}

extension EnvironmentHandle {
    /// Looks into the map: only inside a transaction, or behind the gate.
    func information() throws -> (mapSize: Int, usedPages: Int, pageSize: Int, lastTransaction: Int) {
        var (information, statistics) = unsafe (MDB_envinfo(), MDB_stat())
        try check(unsafe mdb_env_info(pointer, &information), "mdb_env_info")
        try check(unsafe mdb_env_stat(pointer, &statistics), "mdb_env_stat")
        return unsafe (
            information.me_mapsize, information.me_last_pgno + 1, Int(statistics.ms_psize), information.me_last_txnid
        )
    }
}

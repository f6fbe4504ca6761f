import CLMDB
import Glibc
import OrderedStore

extension Environment {
    /// How large a store is, at one moment.
    public struct Information: Hashable, Sendable {
        /// The greatest size of the data, in bytes.
        public let mapSize: Int
        /// What of it has ever been in use, in bytes: about the length of the file.
        public let usedSize: Int
        public let pageSize: Int
        /// LMDB's number of the last commit. Not for versioning what was read: a snapshot may be newer than its number.
        public let lastTransaction: Int
        /// How many entries each bucket has, by the buckets' indexes.
        public let entries: [Int]
    }

    public func information() throws -> Information {
        let entries = try read { transaction in try buckets.map { try transaction.entryCount($0) } }
        let size = try handle.information()
        return Information(
            mapSize: size.mapSize, usedSize: size.usedPages * size.pageSize, pageSize: size.pageSize,
            lastTransaction: size.lastTransaction, entries: entries)
    }

    /// All open snapshots, of all processes.
    public func readers() throws -> [ReaderInfo] { try handle.readers() }

    /// Lets go of the snapshots that killed processes held, which keep deleted space from being used again; answers how
    /// many there were. Worth a call now and then by a process that always runs.
    @discardableResult
    public func checkReaders() throws -> Int { try handle.checkReaders() }
}

extension Environment.Reading {
    fileprivate borrowing func entryCount(_ bucket: Bucket) throws -> Int { try transaction.entryCount(bucket) }
}

extension TransactionHandle {
    fileprivate func entryCount(_ bucket: Bucket) throws -> Int {
        var statistics = MDB_stat()
        try environment.check(unsafe mdb_stat(pointer, database(bucket), &statistics), "mdb_stat")
        return statistics.ms_entries
    }
}

extension EnvironmentHandle {
    func information() throws -> (mapSize: Int, usedPages: Int, pageSize: Int, lastTransaction: Int) {
        var (information, statistics) = unsafe (MDB_envinfo(), MDB_stat())
        try check(unsafe mdb_env_info(pointer, &information), "mdb_env_info")
        try check(unsafe mdb_env_stat(pointer, &statistics), "mdb_env_stat")
        return unsafe (
            information.me_mapsize, information.me_last_pgno + 1, Int(statistics.ms_psize), information.me_last_txnid
        )
    }
}

extension Environment {
    /// What a process wants to do with the store.
    public enum Access: Sendable { case readWrite, readOnly }

    /// What a power cut may take. A crash of processes takes nothing, whatever is chosen here.
    public enum Durability: Sendable {
        /// A committed write survives. Two flushes a commit.
        case full
        /// The last commit may be lost, the rest survives (MDB_NOMETASYNC). One flush a commit.
        case relaxed
        /// Everything may be lost or ruined (MDB_NOSYNC): only for what is thrown away at the next boot.
        case volatile
    }

    /// Limits; the defaults are right for everybody but tests.
    public struct Options: Sendable {
        /// The greatest size of the store, in bytes: address space, not memory or disk. Halved while the system has not
        /// that much, so long as it is twice the present file and at least 64 MiB.
        public var mapSize: Int
        /// Snapshots at once, over all processes; the first process to open the store decides for all.
        public var maximumReaders: UInt32

        public init(mapSize: Int = Int.bitWidth == 64 ? 16 << 30 : 256 << 20, maximumReaders: UInt32 = 1024) {
            self.mapSize = mapSize
            self.maximumReaders = maximumReaders
        }
    }
}

extension Environment {
    /// What a process wants to do with the store.
    public enum Access: Sendable { case readWrite, readOnly }

    /// What a power cut may take. A crash of processes takes nothing, whatever is chosen here.
    public enum Durability: Sendable {
        /// A committed write survives. Two flushes a commit, or one where ``Writing/relax(_:)`` says so.
        case full
        /// Everything may be lost or ruined (MDB_NOSYNC): only for what is thrown away at the next boot.
        case volatile
    }

    /// Limits; the defaults are right for everybody but tests.
    public struct Options: Sendable {
        /// The size of a new store's map, in bytes: address space, not memory or disk. It grows by itself, and is found
        /// again by whoever opens the store next.
        public var initialMapSize: Int
        /// The greatest size of the store, in bytes. Where the process may not have so much address space, less.
        public var maximumSize: Int
        /// Snapshots at once, over all processes; the first process to open the store decides for all.
        public var maximumReaders: UInt32

        public init(
            initialMapSize: Int = 16 << 20, maximumSize: Int = Int.bitWidth == 64 ? 16 << 30 : 256 << 20,
            maximumReaders: UInt32 = 1024
        ) {
            self.initialMapSize = initialMapSize
            self.maximumSize = maximumSize
            self.maximumReaders = maximumReaders
        }
    }
}

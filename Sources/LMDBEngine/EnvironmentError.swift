/// Why an environment could not do what it was asked for: a code for programs, a message for people.
public struct EnvironmentError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        // While opening and creating. Nothing was created and nothing touched.

        /// There is no such directory, or nothing in it.
        case notFound
        /// Something is there, but it was not made by this engine, or for other buckets.
        case notAStore
        /// The data file is shorter than its own meta pages say, or they make no sense.
        case damaged
        /// Made by a version of LMDB, or of its user, that this program does not know.
        case versionMismatch
        /// The file system denies access.
        case permission
        /// The file system is mounted read-only: LMDB would read it without any lock, and wrongly.
        case readOnlyMount
        /// NFS, SMB and 9p keep no locks and no shared memory between machines.
        case networkFileSystem
        /// The processes that have it open live in another PID namespace or another boot, where LMDB's locks lie.
        case otherNamespace
        /// The processes that have it open use another C library, word size or liblmdb.
        case otherBuild
        /// This process has the same data file open already, in a way that does not include what is asked for now.
        case alreadyOpen
        /// Other processes have it open, and what is to be done needs all of it, or they work on a data file that is no
        /// longer there.
        case inUse
        /// Something is where a new store is to be.
        case occupied

        // While reading and writing.

        /// A write through an environment opened read-only.
        case readOnly
        /// The map is full: the store has reached its greatest size.
        case full
        /// The disk, or the quota, is full.
        case diskFull
        /// Too many snapshots at once, over all processes.
        case readersFull
        /// A key of no bytes or of more than 511.
        case keySize
        /// A value of more than 4 GiB.
        case valueSize
        /// A commit, this or an earlier one, has left memory and disk in doubt; only a new process may go on.
        case failedEarlier
        /// Another process let the store outgrow this one's map. `read` and `write` handle it: nobody else sees it.
        case mapOutgrown
        /// A system call, or LMDB, failed for a reason of its own: the errno, or LMDB's negative code.
        case systemCall(CInt)
    }

    public let code: Code
    /// Cause, value, limit and the way out, in one or two sentences.
    public let message: String

    public var description: String { message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

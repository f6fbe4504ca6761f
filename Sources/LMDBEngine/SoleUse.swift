// Another data file in the place of a store's own. Who has the store open would work on with the old one, and LMDB's
// lock file speaks of the old one too: a process that joined it with the new file would take the wrong of its two meta
// pages, and write over all there is. So a data file is replaced only while nobody has the store open, LMDB's own tools
// included, and together with the lock file.

import CLinux
import Glibc
public import OrderedStore

extension Environment {
    /// Runs `body` while nobody has the store in `directory` open, this process included; who wants to open it waits
    /// until `body` has ended. Nothing in `body` may open a store.
    ///
    /// Errors: `.inUse` names those who have it open; else those of `open`.
    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public static func withSoleUse<Result>(
        of directory: String, buckets: [Bucket], options: Options = Options(),
        _ body: (consuming SoleUse) throws -> Result
    ) throws -> Result {
        requireProperBuckets(buckets)
        let directory = StoreDirectory(path: directory.withoutTrailingSlashes)
        let request = {
            EnvironmentHandle.Request(
                directory: directory, buckets: buckets, access: .readOnly, durability: .full, options: options,
                identity: try directory.examined())
        }
        try request().requireOurs()
        let openLock = try OpenLock(directory, .readWrite)
        return try openLock.whileOthersWait {
            guard try openLock.takeAlone() else { throw directory.inUse() }
            defer { openLock.letGo() }
            // Looked at once more: another may have replaced it until now.
            return try body(SoleUse(request(), openLock))
        }
    }
}

/// A store that nobody else has open, or can open.
public struct SoleUse: ~Copyable {
    private let request: EnvironmentHandle.Request
    private let openLock: OpenLock
    private var directory: StoreDirectory { request.directory }

    init(_ request: EnvironmentHandle.Request, _ openLock: OpenLock) {
        self.request = request
        self.openLock = openLock
    }

    /// Looks at what is stored.
    public borrowing func read<Result>(_ body: (borrowing Environment.Reading) throws -> Result) throws -> Result {
        try withHandle { handle in try body(Environment.Reading(handle)) }
    }

    /// What a compaction has come to: lengths of the data file.
    public struct Compaction: Hashable, Sendable {
        public let before: Int
        public let after: Int
    }

    /// Puts a compact copy in the place of the data file, of which every page is looked at before: what can still be saved
    /// of a damaged one, free pages included, would be gone with it (`.damaged`).
    ///
    /// Whatever happens meanwhile, the old file is there or the new one, whole; what a killed process leaves is written
    /// over by the next.
    public consuming func compact(progress: (Environment.CopyProgress) -> Void = { _ in }) throws -> Compaction {
        let path = directory.dataPath + ".new"
        try requireSoundPages()
        do {
            let file = try FileDescriptor(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
            let before = try directory.dataFile()
            let commit = try before.newestMeta().transaction
            let bytes = try withHandle { try $0.copyCompactly(into: file, tellingOf: progress) }
            let compaction = Compaction(before: try Int(before.descriptor.status.st_size), after: bytes)
            try replaceData(with: path, madeOf: commit)
            return compaction
        } catch {
            unsafe unlink(path)
            throw error
        }
    }

    /// Moves the data file at `path`, which nobody has open, to the place of this store's, with the owner and the rights
    /// of that one. It must be on the same file system. Where this throws, the old one is still there, unless what fails
    /// comes behind the move: to have the disk keep the new name, and to note whose it is.
    public consuming func replaceData(with path: String) throws { try replaceData(with: path, madeOf: nil) }

    /// - Parameter commit: the number of the commit that must still be the newest; a tool of LMDB may have written.
    private consuming func replaceData(with path: String, madeOf commit: UInt64?) throws {
        let new = DataFile(descriptor: try FileDescriptor(path, O_RDWR | O_NOFOLLOW))
        try new.requireWhole()
        let old = try directory.dataFile()
        try new.descriptor.takeRights(of: old.descriptor)
        try new.descriptor.synchronize()
        let locks = try LockFiles(directory)
        if let commit, try old.newestMeta().transaction != commit { throw directory.inUse() }
        try locks.replace(dataWith: path)
        try FileDescriptor(directory.path, O_RDONLY | O_DIRECTORY).synchronize()
        try openLock.note(OpenGuard.current(dataFile: FileIdentity(new.descriptor.status)))
        withExtendedLifetime(locks) {}
    }

    /// LMDB's own tools may be writing meanwhile; what was found then says nothing.
    private borrowing func requireSoundPages() throws {
        do { try directory.dataFile().requireSoundPages() } catch {
            guard directory.users().isEmpty else { throw directory.inUse() }
            throw error
        }
    }

    private borrowing func withHandle<Result>(_ body: (EnvironmentHandle) throws -> Result) throws -> Result {
        try request.prepareLockFile(isAlone: true)
        let handle = try EnvironmentHandle.opened(request)
        defer { handle.close() }
        return try body(handle)
    }
}

/// LMDB's lock file, and the one that is to be in its place, both locked against everybody: a tool of LMDB that comes
/// meanwhile waits for the one it has found, and opens the data file only then, by its name. That is the new one; so
/// whichever lock file the tool has found is empty by then, and it ends (EINVAL), as a lock file that others hold must not
/// be.
struct LockFiles {
    private let directory: StoreDirectory
    private let present: FileDescriptor
    private let next: FileDescriptor
    private var nextPath: String { directory.lockPath + ".new" }

    init(_ directory: StoreDirectory) throws {
        self.directory = directory
        present = try FileDescriptor(directory.lockPath, O_RDWR | O_CREAT | O_NOFOLLOW)
        next = try FileDescriptor(directory.lockPath + ".new", O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW)
        for file in [present, next] {
            let status = linux_lock_byte(file.number, 0, linux_lock_exclusive)
            if status == EAGAIN || status == EACCES {
                unsafe unlink(nextPath)
                throw directory.inUse()
            }
            if status != 0 { throw EnvironmentError.system(status, "fcntl", file.path) }
        }
        try next.takeRights(of: present)
    }

    /// Puts the new lock file, and the data file at `path`, in the places of the present ones.
    func replace(dataWith path: String) throws {
        // Whoever is killed behind this leaves an empty lock file, and the next who opens the store fills it.
        if ftruncate(present.number, 0) != 0 { throw EnvironmentError.system(errno, "ftruncate", present.path) }
        guard unsafe rename(nextPath, directory.lockPath) == 0 else {
            throw EnvironmentError.system(errno, "rename", directory.lockPath)
        }
        guard unsafe rename(path, directory.dataPath) == 0 else {
            throw EnvironmentError.system(errno, "rename", directory.dataPath)
        }
    }
}

extension FileDescriptor {
    /// Gives this file the owner, group and mode of another. One's own file need not be given away.
    fileprivate func takeRights(of model: FileDescriptor) throws {
        let (wanted, present) = (try model.status, try status)
        if (wanted.st_uid, wanted.st_gid) != (present.st_uid, present.st_gid),
            fchown(number, wanted.st_uid, wanted.st_gid) != 0
        {
            throw EnvironmentError.system(errno, "fchown", path)
        }
        if fchmod(number, wanted.st_mode & 0o7777) != 0 { throw EnvironmentError.system(errno, "fchmod", path) }
    }
}

// The directory of one store, looked at from outside: is it there, is it ours, may LMDB touch it at all? Nothing here
// creates or changes anything. Nothing anywhere opens lock.mdb while this process has the environment open: closing any
// descriptor of that file would drop this process's locks and let a second writer in.

import CLinux
import Glibc

/// Which file a path leads to, whatever its spelling.
struct FileIdentity: Hashable, Sendable {
    let device: UInt
    let inode: UInt

    init(device: UInt, inode: UInt) { (self.device, self.inode) = (device, inode) }

    init(_ status: stat) {
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
    }
}

struct StoreDirectory: Sendable {
    let path: String

    var dataPath: String { path + "/data.mdb" }
    var openLockPath: String { path + "/open.lock" }
    var bellPath: String { path + "/bell" }
    /// LMDB's own. Deleted only with the whole directory, and replaced only together with the data file (SoleUse).
    var lockPath: String { path + "/lock.mdb" }

    var hasOpenLock: Bool {
        var status = stat()
        return unsafe lstat(openLockPath, &status) == 0
    }

    /// Refuses what LMDB may not be let near; answers which data file this is.
    func examined() throws -> FileIdentity {
        try requireDirectory()
        try requireLocalFileSystem()
        let descriptor = try openedData()
        try DataFile(descriptor: descriptor).requireWhole()
        return FileIdentity(try descriptor.status)
    }

    /// Which data file has the name, if any can be seen.
    var namedData: FileIdentity? {
        var status = stat()
        return unsafe stat(dataPath, &status) == 0 ? FileIdentity(status) : nil
    }

    /// The data file, read without LMDB.
    func dataFile() throws -> DataFile { DataFile(descriptor: try openedData()) }

    /// The names of the buckets in the data file, as far as it can be read.
    func bucketNames() throws -> Set<[UInt8]> {
        try dataFile().bucketNames()
    }

    private func requireDirectory() throws {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            if errno == ENOENT { throw EnvironmentError(.notFound, "\(path): there is no store: no such directory") }
            if errno == ENOTDIR { throw EnvironmentError(.notAStore, "\(path): a part of this path is a file") }
            throw EnvironmentError.system(errno, "stat", path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw EnvironmentError(.notAStore, "\(path): not a store but a file; a store is a directory")
        }
    }

    /// Refuses file systems without dependable locks and shared memory.
    func requireLocalFileSystem() throws {
        var system = linux_file_system()
        let status = unsafe linux_file_system_of(path, &system)
        if status != 0 { throw EnvironmentError.system(status, "statfs", path) }
        try requireLocal(system)
    }

    func requireLocal(_ system: linux_file_system) throws {
        if let name = networkFileSystemName(system.kind) {
            throw EnvironmentError(
                .networkFileSystem,
                "\(path): a store on \(name) would be ruined by its missing locks; put it on a local disk")
        }
        if system.is_read_only {
            throw EnvironmentError(
                .readOnlyMount,
                "\(path): mounted read-only, so LMDB could take no locks and would read wrongly; mount it writable")
        }
    }

    func openedData() throws -> FileDescriptor {
        do {
            return try FileDescriptor(dataPath, O_RDONLY | O_NONBLOCK)
        } catch let error as EnvironmentError where error.code == .notFound {
            throw try isEmpty()
                ? EnvironmentError(.notFound, "\(path): there is no store: the directory is empty")
                : EnvironmentError(.notAStore, "\(path): not a store: it has no data.mdb")
        }
    }

    private func isEmpty() throws -> Bool {
        guard let directory = unsafe opendir(path) else { throw EnvironmentError.system(errno, "opendir", path) }
        defer { unsafe closedir(directory) }
        var entries = 0
        while unsafe readdir(directory) != nil { entries += 1 }
        return entries <= 2
    }
}

private func networkFileSystemName(_ type: UInt32) -> String? {
    switch type {
    case 0x6969: "NFS"
    case 0x517B, 0xFE53_4D42, 0xFF53_4D42: "SMB"
    case 0x0102_1997: "9p"
    default: nil
    }
}

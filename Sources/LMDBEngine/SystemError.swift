// Errno values and LMDB's codes, turned into errors with words: the one table of both.

import CLMDB
import Glibc

extension EnvironmentError {
    /// The error of a system call that just failed with `number`.
    static func system(_ number: CInt, _ call: String, _ path: String) -> EnvironmentError {
        let reason = unsafe String(cString: strerror(number))
        let message = "\(path): \(call) failed: \(reason) (errno \(number))"
        switch number {
        case ENOENT: return EnvironmentError(.notFound, message)
        case EACCES, EPERM:
            return EnvironmentError(
                .permission, "\(message). Run as the store's owner, or as a member of its group with write access.")
        case EROFS: return EnvironmentError(.readOnlyMount, "\(message). Mount it writable.")
        case ENOSPC, EDQUOT:
            return EnvironmentError(.diskFull, "\(message). Free some space: nothing committed is lost.")
        case EFBIG:
            return EnvironmentError(
                .diskFull,
                "\(message). Let this process write larger files (ulimit -f): nothing committed is lost.")
        case EIO: return EnvironmentError(.systemCall(EIO), "\(message). See what the disk has to say (dmesg).")
        case EMFILE:
            return EnvironmentError(
                .systemCall(EMFILE),
                "\(message). This process may have no more descriptors: raise its limit (ulimit -n).")
        case EAGAIN where ["pthread_create", "mdb_env_copyfd2"].contains(call):
            return EnvironmentError(
                .systemCall(EAGAIN),
                "\(message). This process may have no more threads: raise its limits of processes or address space "
                    + "(ulimit -u, ulimit -v).")
        case ENOMEM:
            return EnvironmentError(
                .systemCall(ENOMEM), "\(message). Allow this process more address space (ulimit -v), or memory.")
        default: return EnvironmentError(.systemCall(number), message)
        }
    }

    /// The error of an LMDB function that returned `status`.
    static func lmdb(_ status: CInt, _ call: String, _ path: String) -> EnvironmentError {
        guard status < 0 else { return system(status, call, path) }
        let reason = unsafe String(cString: mdb_strerror(status))
        switch status {
        case MDB_MAP_RESIZED: return EnvironmentError(.mapOutgrown, "\(path): outgrew this process's map")
        case MDB_MAP_FULL: return EnvironmentError(.full, "\(path): no room in this process's map")
        case MDB_PANIC: return failedEarlier(path)
        case MDB_READERS_FULL:
            return EnvironmentError(
                .readersFull,
                "\(path): too many snapshots are open at once; end the processes that keep them, or read less at once")
        case MDB_INVALID, MDB_CORRUPTED, MDB_PAGE_NOTFOUND:
            return EnvironmentError(.damaged, "\(path): the data file is damaged: \(reason). Restore it from a dump.")
        case MDB_VERSION_MISMATCH:
            return EnvironmentError(
                .versionMismatch,
                "\(path): another flavour of LMDB made it or has it open (this one: \(LibraryVersion.current))")
        default: return EnvironmentError(.systemCall(status), "\(path): \(call) failed: \(reason) (\(status))")
        }
    }

    static func failedEarlier(_ path: String) -> EnvironmentError {
        EnvironmentError(
            .failedEarlier, "\(path): an earlier commit failed, so this process may not go on with it. Start it again.")
    }
}

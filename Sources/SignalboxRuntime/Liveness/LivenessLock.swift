import CLinux
import Glibc
public import SignalboxCore

/// The file whose locks say who lives. The kernel drops a lock when its holder dies, however it dies, so no timeout and
/// no clock takes part in recovery.
///
/// Each worker holds one byte, and one process at a time holds the reaper's. They are open-file-description locks
/// (fcntl(2), F_OFD_SETLK): unlike the older kind they are not dropped when another descriptor of the file is closed,
/// and exclude two holders within one process too. The file stays empty; it must not be deleted.
public struct LivenessFile: Hashable, Sendable {
    /// Who can hold a lock.
    public enum Role: Hashable, Sendable {
        case worker(WorkerID)
        /// Whoever settles what dead workers left behind.
        case reaper

        /// A worker's byte is the one at its number, the reaper's lies behind them all, at 2^62.
        var offset: off_t {
            switch self {
            case .worker(let id):
                precondition(id.number < 1 << 62, "worker \(id) is beyond the last byte that can be locked")
                return off_t(id.number)
            case .reaper: return 1 << 62
            }
        }
    }

    public let path: String
    /// The folder that it is in; nil when there was none.
    private let folder: Place?

    private struct Place: Hashable {
        let device: UInt
        let inode: UInt

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, inode) = (UInt(status.st_dev), UInt(status.st_ino))
        }
    }

    /// The file is made by whoever takes the first lock.
    public init(path: String) {
        self.path = path
        folder = Place(Self.folder(of: path))
    }

    /// - Throws: ``StoreGone`` when another folder is in the place of the one that the file is in, or none: what is said
    ///   there of locks is about others.
    func requirePlace() throws {
        let now = Place(Self.folder(of: path))
        guard let folder, folder != now else { return }
        throw StoreGone(
            folder: Self.folder(of: path),
            reason: now == nil ? "there is no such folder" : "another store is there now",
            hasEndedCommands: false)
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    /// Takes the lock of `role`; nil when somebody holds it.
    public func tryLock(_ role: Role) throws(SystemCallError) -> LivenessLock? {
        while true {
            let descriptor = try open(O_CREAT)
            let error = linux_lock_byte(descriptor.number, role.offset, linux_lock_exclusive)
            if error == EAGAIN || error == EACCES { return nil }
            guard error == 0 else { throw SystemCallError("fcntl \(path)", error) }
            if isStillInPlace(descriptor) { return LivenessLock(descriptor) }
        }
    }

    /// Takes the lock of `role`, waiting as long as somebody else holds it.
    @available(*, noasync, message: "this blocks the thread; call it from a LoopThread")
    public func lock(_ role: Role) throws(SystemCallError) -> LivenessLock {
        while true {
            let descriptor = try open(O_CREAT)
            let error = linux_lock_byte_waiting(descriptor.number, role.offset, linux_lock_exclusive)
            if error == EINTR { continue }
            guard error == 0 else { throw SystemCallError("fcntl \(path)", error) }
            if isStillInPlace(descriptor) { return LivenessLock(descriptor) }
        }
    }

    /// Whether anybody holds the lock of `role`, this process included. False when there is no file yet.
    public func isHeld(_ role: Role) throws(SystemCallError) -> Bool {
        let descriptor: Descriptor
        do { descriptor = try open(0) } catch {
            guard error.number == ENOENT else { throw error }
            return false
        }
        let result = linux_lock_probe(descriptor.number, role.offset, linux_lock_exclusive)
        guard result >= 0 else { throw SystemCallError("fcntl \(path)", -result) }
        return result == 1
    }

    private func open(_ extra: Int32) throws(SystemCallError) -> Descriptor {
        let access = extra == 0 ? O_RDONLY : O_RDWR
        let number = Glibc.open(path, access | O_CLOEXEC | O_NOFOLLOW | extra, 0o660)
        guard number >= 0 else { throw SystemCallError("open \(path)") }
        return Descriptor(owning: number)
    }

    /// A lock on a file that was deleted meanwhile would exclude nobody.
    private func isStillInPlace(_ descriptor: Descriptor) -> Bool {
        var held = stat()
        var named = stat()
        guard fstat(descriptor.number, &held) == 0, stat(path, &named) == 0 else { return false }
        return held.st_dev == named.st_dev && held.st_ino == named.st_ino
    }
}

/// A lock of a ``LivenessFile``: held while this object lives, and never longer than this process. Commands do not
/// inherit it.
public final class LivenessLock: Sendable {
    private let descriptor: Descriptor

    fileprivate init(_ descriptor: Descriptor) { self.descriptor = descriptor }
}

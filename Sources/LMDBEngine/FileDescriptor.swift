import Glibc

/// An open file that closes itself, unless it is somebody else's; jobs started from this process never inherit it.
final class FileDescriptor: Sendable {
    let number: CInt
    let path: String
    private let isBorrowed: Bool

    /// Opens `path`; O_CLOEXEC is always added. `mode` counts only when `flags` create the file.
    init(_ path: String, _ flags: CInt, mode: mode_t = 0o660) throws {
        (self.path, isBorrowed) = (path, false)
        self.number = unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
        if number < 0 { throw EnvironmentError.system(errno, "open", path) }
    }

    /// Another descriptor of the open file `number`.
    init(duplicating number: CInt, _ path: String) throws {
        (self.path, isBorrowed) = (path, false)
        self.number = fcntl(number, F_DUPFD_CLOEXEC, 3)
        if self.number < 0 { throw EnvironmentError.system(errno, "fcntl", path) }
    }

    /// Takes over a descriptor, which must be close-on-exec.
    init(owning number: CInt, _ path: String) {
        (self.path, isBorrowed) = (path, false)
        self.number = number
    }

    /// A descriptor that stays its owner's, who keeps it open as long as this is used.
    init(borrowing number: CInt, _ path: String) {
        (self.path, isBorrowed) = (path, true)
        self.number = number
    }

    deinit { if !isBorrowed { close(number) } }

    var status: stat {
        get throws {
            var status = stat()
            if unsafe fstat(number, &status) != 0 { throw EnvironmentError.system(errno, "fstat", path) }
            return status
        }
    }

    /// The bytes from `offset` on: `count` of them, or fewer where the file ends.
    func bytes(at offset: Int, count: Int) throws -> [UInt8] {
        let (number, path) = (number, path)
        return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = unsafe pread(number, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { throw EnvironmentError.system(errno, "pread", path) }
                if got == 0 { return }
                filled += got
            }
        }
    }

    /// Reads what comes next, for a file without places; 0: its end.
    func read(into buffer: inout [UInt8]) throws -> Int {
        while true {
            let got = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(number, $0.baseAddress, $0.count) }
            if got >= 0 { return got }
            if errno != EINTR { throw EnvironmentError.system(errno, "read", path) }
        }
    }

    /// Writes all of `bytes` at the file's place.
    func append(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe write(number, $0.baseAddress, $0.count) }
            if written < 0 && errno == EINTR { continue }
            if written <= 0 { throw EnvironmentError.system(written < 0 ? errno : ENOSPC, "write", path) }
            rest = rest.dropFirst(written)
        }
    }

    /// Makes `text` the whole content of the file.
    func replaceContent(with text: String) throws {
        let bytes = Array(text.utf8)
        var written = 0
        // One that is cut short by a full disk or a limit is followed by one that says which of the two it is.
        while written < bytes.count {
            let rest = bytes[written...]
            let count = unsafe rest.withUnsafeBytes { unsafe pwrite(number, $0.baseAddress, $0.count, off_t(written)) }
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { throw EnvironmentError.system(count < 0 ? errno : ENOSPC, "pwrite", path) }
            written += count
        }
        if ftruncate(number, off_t(written)) != 0 { throw EnvironmentError.system(errno, "ftruncate", path) }
    }

    /// Has the disk give all of the first `count` bytes, and makes the file that long at least: a store into a mapped
    /// page that the disk has no room for would be a SIGBUS, and not an error.
    func fillHoles(upTo count: Int) throws {
        let status = posix_fallocate(number, 0, off_t(count))
        if status != 0 { throw EnvironmentError.system(status, "posix_fallocate", path) }
    }

    /// Waits until what was written, or for a directory the names in it, is on the disk.
    func synchronize() throws {
        if fsync(number) != 0 { throw EnvironmentError.system(errno, "fsync", path) }
    }
}

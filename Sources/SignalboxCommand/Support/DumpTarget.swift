import Glibc
import SignalboxCore
import SignalboxRuntime

/// Where a dump goes: to standard output, or to a file that appears when it is whole. Until then nothing lies at its
/// place, or what did before; and if it never gets there, nothing is left behind.
final class DumpTarget: Sendable {
    private let path: String
    private let descriptor: Int32
    private let kind: Kind

    private enum Kind {
        case standardOutput
        /// A pipe or a device, which cannot be replaced.
        case special
        /// A file without a name yet.
        case unnamed
        /// A file beside its place.
        case beside(String)
    }

    /// - Throws: `Failure` when nothing can be written there.
    init(_ path: String) throws {
        self.path = path
        guard path != "-" else {
            (descriptor, kind) = (STDOUT_FILENO, .standardOutput)
            return
        }
        guard !path.isEmpty else {
            throw Failure(.usage, "the name of the file is empty: give one, or - for standard output")
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            guard status.st_mode & S_IFMT != S_IFDIR else {
                throw Failure(.usage, "\(printable(path)) is a folder: name a file in it")
            }
            (descriptor, kind) = (open(path, O_WRONLY | O_CLOEXEC), .special)
        } else {
            (descriptor, kind) = Self.newFile(for: path)
        }
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit {
        if case .standardOutput = kind { return }
        close(descriptor)
    }

    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// One without a name where the file system can do that: then not even a killed process leaves anything behind.
    private static func newFile(for path: String) -> (Int32, Kind) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        // O_TMPFILE, whose value Swift does not import.
        let unnamed = open(folder, O_WRONLY | O_CLOEXEC | 0o20000000 | O_DIRECTORY, 0o600)
        guard unnamed < 0, errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL else { return (unnamed, .unnamed) }
        let name = nameBeside(path)
        return (open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600), .beside(name))
    }

    private static func nameBeside(_ path: String) -> String {
        "\(path).new-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }

    /// - Throws: `Failure`; then the file beside its place is gone.
    func write(_ bytes: Span<UInt8>) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBufferPointer {
                Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written)
            }
            if count > 0 { written += count }
            guard count < 0, errno != EINTR else { continue }
            // Who read it has gone, and wants no more.
            if errno == EPIPE { exit(ExitStatus.success.rawValue) }
            let failure = Self.failure(path == "-" ? "standard output" : path)
            discard()
            throw failure
        }
    }

    /// Puts the file at its place, to stay there even if the power fails.
    func finish() throws {
        switch kind {
        case .standardOutput, .special: return
        case .unnamed:
            try sync()
            let name = try named()
            try put(name)
        case .beside(let name):
            try sync()
            try put(name)
        }
    }

    private func sync() throws {
        guard fsync(descriptor) == 0 else {
            let failure = Self.failure(path)
            discard()
            throw failure
        }
    }

    /// Gives the file a name beside its place: one that is there already cannot be replaced by a link.
    private func named() throws -> String {
        let name = Self.nameBeside(path)
        guard linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 else {
            throw Self.failure(path)
        }
        return name
    }

    private func put(_ name: String) throws {
        // Opened before: a dump that has its name must not be called none for want of a descriptor.
        let opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw Self.failure(folder, discarding: name) }
        defer { close(opened) }
        guard rename(name, path) == 0 else { throw Self.failure(path, discarding: name) }
        // Some file systems cannot, and need not.
        guard fsync(opened) == 0 || errno == EINVAL else { throw Self.failure(folder) }
    }

    private func discard() {
        if case .beside(let name) = kind { unlink(name) }
    }

    /// What the call just made has met.
    private static func failure(_ path: String, discarding name: String? = nil) -> Failure {
        let number = errno
        if let name { unlink(name) }
        return Failure(
            SystemStatus.status(of: number), "\(SystemCallError(printable(path), number)); no dump was made")
    }
}

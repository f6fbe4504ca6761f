import CLinux
import Glibc

/// A folder that is filled beside its place and then put there in one step: whoever looks at the place sees the old
/// export whole, or the new one.
public struct ExportFolder {
    private let path: String
    private let draft: String
    /// Says whose folder it is: only what we have made is ever replaced.
    private static let mark = ".signalbox-export"

    /// - Throws: ``ExportError`` when something else lies at `path`, or its folder cannot be written.
    public init(at path: String) throws {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard try Self.mayReplace(path) else {
            throw ExportError(
                .occupied,
                "\(path): neither empty nor an export of ours, so it is left alone; name another folder, or one that is "
                    + "not there yet")
        }
        var template = Array("\(path).new-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) }
        guard let made else { throw ExportError.system("\(path).new", "mkdtemp") }
        chmod(made, 0o755)
        (self.path, draft) = (path, made)
        do {
            try add("Made by signalbox serve --export, which may replace this folder.\n".utf8.map { $0 }, at: Self.mark)
        } catch {
            discard()
            throw error
        }
    }

    /// Whether nothing is there, or nothing in it, or an older export.
    private static func mayReplace(_ path: String) throws -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw ExportError.system(path, "lstat") }
            return true
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return false }
        let names = try names(in: path)
        return names.isEmpty || names.contains(mark)
    }

    /// Writes a file of the new export.
    /// - Parameter name: a path below the folder.
    public func add(_ content: [UInt8], at name: String) throws {
        let file = "\(draft)/\(name)"
        if let slash = name.lastIndex(of: "/") {
            let folder = "\(draft)/\(name[..<slash])"
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw ExportError.system(folder, "mkdir") }
        }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ExportError.system(file, "open") }
        defer { close(descriptor) }
        var written = 0
        while written < content.count {
            let count = content.withUnsafeBytes {
                write(descriptor, $0.baseAddress! + written, content.count - written)
            }
            guard count > 0 else { throw ExportError.system(file, "write") }
            written += count
        }
    }

    /// Puts the new export in the place of the old one.
    public func publish() throws {
        if access(path, F_OK) != 0 {
            guard rename(draft, path) == 0 else { throw ExportError.system(path, "rename") }
        } else if linux_exchange(draft, path) == 0 {
            discard()
        } else {
            // Not every file system can exchange two folders.
            let old = draft + ".old"
            guard rename(path, old) == 0, rename(draft, path) == 0 else { throw ExportError.system(path, "rename") }
            Self.removeTree(old)
        }
    }

    /// Removes what was written so far; after ``publish()`` what was there before.
    public func discard() { Self.removeTree(draft) }

    private static func removeTree(_ path: String) {
        for name in (try? names(in: path)) ?? [] where unlink("\(path)/\(name)") != 0 { removeTree("\(path)/\(name)") }
        rmdir(path)
    }

    private static func names(in path: String) throws -> [String] {
        guard let stream = opendir(path) else { throw ExportError.system(path, "opendir") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// An export that cannot be written.
public struct ExportError: Error, Hashable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// Something else is there.
        case occupied
        /// The kernel's errno.
        case systemCall(Int32)
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    static func system(_ path: String, _ call: String) -> ExportError {
        let number = errno
        return ExportError(
            .systemCall(number), "\(path): cannot be written: \(String(cString: strerror(number))) (\(call))")
    }
}

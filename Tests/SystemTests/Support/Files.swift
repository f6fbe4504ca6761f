// The system header of timespec came in with this module.
import CLinux
import Glibc

func readBytes(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TestFailure("\(path): \(errnoText())") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return bytes }
        bytes += buffer[..<count]
    }
}

func readFile(_ path: String) throws -> String { String(decoding: try readBytes(path), as: UTF8.self) }

func writeFile(_ path: String, _ text: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw TestFailure("\(path): \(errnoText())") }
    defer { close(descriptor) }
    guard write(descriptor, text, text.utf8.count) == text.utf8.count else {
        throw TestFailure("\(path): \(errnoText())")
    }
}

/// Changes one byte of a file.
func writeByte(_ byte: UInt8, at place: Int, of path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TestFailure("\(path): \(errnoText())") }
    defer { close(descriptor) }
    guard pwrite(descriptor, [byte], 1, off_t(place)) == 1 else { throw TestFailure("\(path): \(errnoText())") }
}

/// The names in a folder, in order.
func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

private func status(_ path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
}

private func isFolder(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

func removeTree(_ path: String) {
    if isFolder(path) {
        chmod(path, 0o700)
        for name in names(in: path) { removeTree("\(path)/\(name)") }
        rmdir(path)
    } else {
        unlink(path)
    }
}

/// Everything below a path with its mode, owner, time of change, and bytes.
///
/// Three files hold nothing but who has the store open and who waits for it: that they are there counts, and not what
/// is in them, nor when it was written.
struct Listing {
    private struct Entry: Hashable {
        let mode: UInt32
        let owner: UInt32
        let inode: UInt
        let modified: [Int]
        let bytes: [UInt8]
    }

    private var entries: [String: Entry] = [:]

    init(_ path: String) throws { try add(path) }

    /// The paths of what was made, changed or taken away; empty: nothing was touched.
    func changes(since before: Listing) -> [String] {
        Set(entries.keys).union(before.entries.keys).filter { entries[$0] != before.entries[$0] }.sorted()
    }

    private mutating func add(_ path: String) throws {
        guard let status = status(path) else { return }
        let isMeeting = ["/lock.mdb", "/open.lock", "/bell"].contains { path.hasSuffix($0) }
        let hasBytes = status.st_mode & S_IFMT == S_IFREG && !isMeeting
        let modified = isMeeting ? [] : [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        entries[path] = Entry(
            mode: status.st_mode, owner: status.st_uid, inode: UInt(status.st_ino), modified: modified,
            bytes: hasBytes ? try readBytes(path) : [])
        if isFolder(path) { for name in names(in: path) { try add("\(path)/\(name)") } }
    }
}

/// A fifo: commands wait on it with `read line <fifo`, and the test lets them go. Holding both ends it never blocks.
final class Fifo {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        guard mkfifo(path, 0o600) == 0 else { throw TestFailure("\(path): \(errnoText())") }
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestFailure("\(path): \(errnoText())") }
    }

    deinit { close(descriptor) }

    /// Lets one command that waits, or that comes to wait, go on.
    func release() throws { try write("\n") }

    /// Waits until there is something to read in it, and leaves it there.
    func waitForText() throws {
        guard try Bound().wait(for: [descriptor]) else { throw TestFailure("nothing is written to \(path)") }
    }

    func write(_ text: String) throws {
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw TestFailure("\(path): \(errnoText())")
        }
    }
}

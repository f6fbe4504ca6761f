import Glibc

/// Everything in a directory: names, and contents of the ordinary files.
struct DirectoryContents: Equatable {
    let files: [String: [UInt8]]

    init(_ path: String) throws {
        var files: [String: [UInt8]] = [:]
        for name in try directoryListing(path) { files[name] = try readFile("\(path)/\(name)") }
        self.files = files
    }
}

/// The names in a directory, sorted.
func directoryListing(_ path: String) throws -> [String] {
    guard let directory = opendir(path) else { throw Failure("opendir \(path): errno \(errno)") }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}

func readFile(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("open \(path): errno \(errno)") }
    defer { close(descriptor) }
    var status = stat()
    fstat(descriptor, &status)
    return [UInt8](unsafeUninitializedCapacity: max(Int(status.st_size), 1 << 16)) { buffer, count in
        count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
    }
}

/// Replaces the content of a file, or makes one.
func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o660)
    guard descriptor >= 0 else { throw Failure("open \(path): errno \(errno)") }
    defer { close(descriptor) }
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw Failure("write \(path): errno \(errno)") }
}

func makeDirectory(_ path: String) throws {
    if mkdir(path, 0o755) != 0 { throw Failure("mkdir \(path): errno \(errno)") }
}

func removeTree(_ path: String) {
    var status = stat()
    if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        for name in (try? directoryListing(path)) ?? [] { removeTree("\(path)/\(name)") }
        rmdir(path)
    } else {
        unlink(path)
    }
}

/// Where a symbolic link leads; nil: there is none.
func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
    return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
}

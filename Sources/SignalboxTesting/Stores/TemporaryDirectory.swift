import Glibc

/// Runs `body` with the path of a new directory, which is deleted with all that is in it afterwards.
public func withTemporaryDirectory<Result>(_ body: (_ path: String) throws -> Result) throws -> Result {
    var template = Array("/tmp/signalbox-test-XXXXXX".utf8CString)
    let path = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) }
    guard let path else { throw TemporaryDirectoryError(description: "no temporary directory: error \(errno)") }
    defer { removeTree(path) }
    return try body(path)
}

struct TemporaryDirectoryError: Error, CustomStringConvertible { let description: String }

private func removeTree(_ path: String) {
    for name in entries(of: path) where unlink("\(path)/\(name)") != 0 { removeTree("\(path)/\(name)") }
    rmdir(path)
}

private func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

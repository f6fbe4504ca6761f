import Glibc

/// A library that is preloaded into processes, so that they see another machine than there is.
enum PreloadedLibrary {
    /// Builds `source`, a file of these tests, as the library `name`.
    /// - Returns: its path, which goes when the tests end.
    static func built(_ name: String, of source: String, with words: [String] = []) throws -> String {
        let builder = try Box()
        defer { builder.finish(failed: false) }
        let path = "/tmp/signalbox-\(name)-\(getpid()).so"
        try build(builder.path(name), of: source, with: words, in: builder)
        guard rename(builder.path(name), path) == 0 else { throw TestFailure("rename \(path): \(errnoText())") }
        return path
    }

    /// Builds it at `path`, which may be one in the folder of a box.
    static func build(_ path: String, of source: String, with words: [String] = [], in box: Box) throws {
        guard let compiler else { throw TestFailure("there is no C compiler") }
        let folder = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined()
        let built = try box.run(
            program: [compiler, "-shared", "-fPIC", "-O1", "-o", path, "\(folder)/\(source)"] + words)
        guard built.status == 0 else { throw TestFailure("\(compiler): \(built.errors)") }
    }

    /// A C compiler on the PATH, or the one that came with Swift, whose libraries this process has loaded.
    static let compiler: String? = {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let onPath = ["cc", "clang", "gcc"].flatMap { name in path.split(separator: ":").map { "\($0)/\(name)" } }
        let maps = ((try? readFile("/proc/self/maps")) ?? "").split(separator: "\n")
        let loaded = maps.compactMap { $0.split(separator: " ").last }.filter { $0.hasSuffix("/libswiftCore.so") }
        let besides = loaded.map { $0.dropLast("lib/swift/linux/libswiftCore.so".count) + "bin/clang" }
        return (onPath + besides.map(String.init)).first { access($0, X_OK) == 0 }
    }()
}

// Much of the engine's safety is that wrong programs do not compile. Each file in Refused/ is such a program, with the
// compiler's words in its first line; it is compiled here, to an object file, since mere type checking leaves out what
// concerns lifetimes and overlapping accesses.

import Glibc
import Testing

@Suite struct `The compiler` {
    @Test func `accepts a proper use of the engine`() throws {
        let outcome = try compiled("accepted")
        #expect(outcome.succeeded, "\(outcome.words)")
    }

    @Test(arguments: try Refused.names())
    func `refuses`(_ name: String) throws {
        let outcome = try compiled(name)
        #expect(!outcome.succeeded)
        let expected = try Refused.expectation(name)
        #expect(outcome.words.contains(expected), "expected \"\(expected)\" in: \(outcome.words)")
    }
}

private enum Refused {
    static let directory = String(#filePath.dropLast("RefusedTests.swift".count)) + "Refused"

    static func names() throws -> [String] {
        try directoryListing(directory).map { String($0.dropLast(".swift.txt".count)) }.filter { $0 != "accepted" }
    }

    static func path(_ name: String) -> String { "\(directory)/\(name).swift.txt" }

    /// What the first line says after "refused: ".
    static func expectation(_ name: String) throws -> String {
        let text = String(decoding: try readFile(path(name)), as: UTF8.self)
        let line = text.prefix { $0 != "\n" }
        guard line.hasPrefix("// refused: ") else { throw Failure("\(name): the first line says no refusal") }
        return String(line.dropFirst("// refused: ".count))
    }
}

/// Compiles a file of Refused/ against the modules that this test was built with.
private func compiled(_ name: String) throws -> (succeeded: Bool, words: String) {
    try withTemporaryDirectory { directory throws in
        let source = directory + "/probe.swift"
        try writeFile(source, try readFile(Refused.path(name)))
        let products = String(try executablePath().reversed().drop { $0 != "/" }.reversed())
        let sources = Refused.directory + "/../../../Sources"
        return try run([
            try compilerPath(), "-swift-version", "6", "-module-name", "probe", "-c", source,
            "-o", directory + "/probe.o", "-module-cache-path", products + "ModuleCache",
            "-I", products + "Modules", "-I", sources + "/CLMDB",
            "-Xcc", "-fmodule-map-file=\(products)CLinux.build/module.modulemap",
        ])
    }
}

private func run(_ command: [String]) throws -> (succeeded: Bool, words: String) {
    let line = command.map { "'\($0)'" }.joined(separator: " ") + " 2>&1"
    guard let output = popen(line, "re") else { throw Failure("popen: errno \(errno)") }
    var bytes: [UInt8] = []
    while case let byte = getc(output), byte != EOF { bytes.append(UInt8(byte)) }
    return (pclose(output) == 0, String(decoding: bytes, as: UTF8.self))
}

/// The compiler on the PATH, or the one whose libraries this process has loaded.
private func compilerPath() throws -> String {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    let onPath = path.split(separator: ":").map { $0 + "/swiftc" }
    let maps = String(decoding: try readFile("/proc/self/maps"), as: UTF8.self).split(separator: "\n")
    let loaded = maps.compactMap { $0.split(separator: " ").last }.filter { $0.hasSuffix("/libswiftCore.so") }
    let candidates = onPath + loaded.map { $0.dropLast("lib/swift/linux/libswiftCore.so".count) + "bin/swiftc" }
    let found = candidates.first { access(String($0), X_OK) == 0 }
    guard let found else { throw Failure("no swiftc found") }
    return String(found)
}

private func executablePath() throws -> String {
    guard let path = linkTarget("/proc/self/exe") else { throw Failure("/proc/self/exe: errno \(errno)") }
    return path
}

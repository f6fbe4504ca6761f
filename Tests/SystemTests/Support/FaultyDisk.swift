import Glibc

/// The library, built for one test.
struct FaultyDisk {
    private let box: Box
    private let library: String

    init(_ box: Box) throws {
        self.box = box
        library = box.path("faults.so")
        let source = String(#filePath.dropLast("Support/FaultyDisk.swift".count)) + "Faults/faults.c"
        let built = try box.run(
            program: [Self.compiler ?? "", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
        guard built.status == 0 else { throw TestFailure("the compiler: \(built.errors)") }
    }

    /// What to put before a command so that its `number`th call fails.
    func failing(_ fault: Fault, _ number: Int) -> [String] {
        unlink(box.path("failed"))
        return with([
            "CALL=\(fault.call)", "ERROR=\(fault.error)", "NUMBER=\(number)", "FILE=\(box.store)/data.mdb",
            "REPORT=\(box.path("failed"))",
        ])
    }

    /// What to put before a command so that the library does what these options say; Faults/faults.c lists them.
    func with(_ options: [String]) -> [String] {
        ["/usr/bin/env", "LD_PRELOAD=\(library)"] + options.map { "FAULT_\($0)" }
    }

    func hasFailed() throws -> Bool { access(box.path("failed"), F_OK) == 0 }

    /// A C compiler on the PATH, or the one that came with Swift, whose libraries this process has loaded.
    static let compiler: String? = {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let onPath = path.split(separator: ":").flatMap { ["\($0)/clang", "\($0)/cc"] }
        let maps = ((try? readFile("/proc/self/maps")) ?? "").split(separator: "\n")
        let loaded = maps.compactMap { $0.split(separator: " ").last }.filter { $0.hasSuffix("/libswiftCore.so") }
        let besides = loaded.map { $0.dropLast("lib/swift/linux/libswiftCore.so".count) + "bin/clang" }
        return (onPath + besides.map(String.init)).first { access($0, X_OK) == 0 }
    }()
}

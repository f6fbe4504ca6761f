import Glibc

/// The library, built for one test.
struct FaultyDisk {
    private let box: Box
    private let library: String

    init(_ box: Box) throws {
        self.box = box
        library = box.path("faults.so")
        try PreloadedLibrary.build(library, of: "Faults/faults.c", with: ["-ldl"], in: box)
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
}

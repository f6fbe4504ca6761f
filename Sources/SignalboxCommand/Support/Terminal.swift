import Glibc
import SignalboxCore

/// Writing to standard output and standard error.
enum Terminal {
    /// Text that may hold anything; control characters but the end of the line and the tab are shown escaped.
    static func writeLine(_ text: String) {
        write(printable(text, keeping: ["\t"]) + "\n", to: STDOUT_FILENO)
    }

    /// Text of ours, or that was made printable.
    static func writeError(_ text: String) { write(text, to: STDERR_FILENO) }

    static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    /// All of `bytes`; a reader that has gone ends the program quietly, as it would any filter.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) }
            guard count < 0, errno != EINTR else { continue }
            if errno == EPIPE { exit(ExitStatus.success.rawValue) }
            if descriptor != STDERR_FILENO {
                writeError("signalbox: cannot write the output: \(String(cString: strerror(errno)))\n")
            }
            exit(ExitStatus.storeFault.rawValue)
        }
    }

    static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

    /// All of standard input or of a file, at most `limit` bytes.
    static func read(_ path: String, limit: Int = 16 << 20) throws -> [UInt8] {
        guard path != "-" else { return try contents(of: STDIN_FILENO, "standard input", limit) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(.badInput, "\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        return try contents(of: descriptor, path, limit)
    }

    /// The same, as text.
    static func readText(_ path: String) throws -> String {
        guard let text = String(validating: try read(path), as: UTF8.self) else {
            throw Failure(.badInput, "\(path): it is not text in UTF-8")
        }
        return text
    }

    private static func contents(of descriptor: Int32, _ name: String, _ limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(.badInput, "\(name): \(String(cString: strerror(errno)))") }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw Failure(.badInput, "\(name): it has more than \(limit) bytes") }
        }
    }
}

import Glibc
import SignalboxCore
import SignalboxRuntime
import Synchronization

/// A folder of a test's own, deleted with all in it when the test is done.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/signalbox-library-XXXXXX".utf8CString)
        guard let made = template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) else {
            throw Missing("no temporary folder: error \(errno)")
        }
        path = String(cString: made)
    }

    deinit { removeTree(path) }
}

struct Missing: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Runs what blocks on a thread of its own.
func onThread<Output: Sendable>(_ body: @escaping @Sendable () throws -> Output) async throws -> Output {
    try await LoopThread.run(name: "test", body: body)
}

enum SystemTime {
    static func now() throws -> Now { try SystemClocks().now() }
}

/// Raised by one task, waited for by another, as often as it was raised.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func raise() { continuation.yield() }

    func wait() async {
        var events = stream.makeAsyncIterator()
        _ = await events.next()
    }
}

extension Task where Success == Never, Failure == Never {
    /// Waits until this task is cancelled, and throws for it.
    static func cancelled() async throws {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        await withTaskCancellationHandler {
            for await _ in stream {}
        } onCancel: {
            continuation.finish()
        }
        try Task.checkCancellation()
    }
}

/// The text of a file of this package.
func read(_ path: String) throws -> String {
    let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    guard let file = fopen("\(root)/\(path)", "re") else { throw Missing("\(root)/\(path): error \(errno)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

/// What stands between two marks.
func snippet(_ text: String, from start: String, to end: String) throws -> String {
    let parts = text.split(separator: start, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw Missing("there is no \(start)") }
    return String(parts[1].split(separator: end, maxSplits: 1, omittingEmptySubsequences: false)[0])
}

private func removeTree(_ path: String) {
    guard let folder = opendir(path) else { return }
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != "..", unlink("\(path)/\(name)") != 0 { removeTree("\(path)/\(name)") }
    }
    closedir(folder)
    rmdir(path)
}

import Glibc
import SignalboxCore
import SignalboxRuntime
import Testing

/// What a command did from its start to its end.
struct Report: Sendable {
    var outcome: Outcome
    var output: [UInt8] = []
    var errors: [UInt8] = []
    var control: [UInt8] = []
    /// Bytes of output in all, kept or not.
    var outputSize = 0

    var outputText: String { String(decoding: output, as: UTF8.self) }
    var errorText: String { String(decoding: errors, as: UTF8.self) }
}

/// Commands die with the thread that started them, so a test runs them on a thread that lasts as long as it does.
func onThread<Output: Sendable>(_ body: @escaping @Sendable () throws -> Output) async throws -> Output {
    try await LoopThread.run(name: "test", body: body)
}

func shell(
    _ line: String, job: [String: String] = [:], ours: [String: String] = [:], directory: String? = nil,
    input: [UInt8] = [], hasControlChannel: Bool = false
) -> CommandLaunch {
    launch(.shell(line), job: job, ours: ours, directory: directory, input: input, hasControlChannel: hasControlChannel)
}

func launch(
    _ command: Command, job: [String: String] = [:], ours: [String: String] = [:], directory: String? = nil,
    input: [UInt8] = [], hasControlChannel: Bool = false
) -> CommandLaunch {
    let account = Account(name: "someone", home: "/")
    return CommandLaunch(
        command, environment: CommandEnvironment(account: account, job: job, ours: ours), directory: directory,
        input: input, hasControlChannel: hasControlChannel)
}

private enum Source: Hashable { case output, errors, control, exit }

/// Runs a command to its end, as a worker does: one loop for its pipes and its exit. Keeps the first `limit` bytes.
func run(_ launch: CommandLaunch, keeping limit: Int = 1 << 20) throws -> Report {
    let process = try CommandProcess(launch)
    let loop = try EventLoop<Source>()
    try loop.add(process.output, token: .output)
    try loop.add(process.errorOutput, token: .errors)
    if let control = process.control { try loop.add(control, token: .control) }
    try loop.add(process, token: .exit)
    var report = Report(outcome: .notStarted("it has not ended"))
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while !loop.tokens.isEmpty {
        for event in try loop.wait() {
            switch event.token {
            case .output:
                let bytes = try read(process.output, &buffer) { loop.remove(.output) }
                report.outputSize += bytes.count
                report.output += bytes.prefix(limit - report.output.count)
            case .errors: report.errors += try read(process.errorOutput, &buffer) { loop.remove(.errors) }
            case .control:
                guard let control = process.control else { continue }
                report.control += try read(control, &buffer) { loop.remove(.control) }
            case .exit:
                guard let outcome = process.collect() else { continue }
                report.outcome = outcome
                loop.remove(.exit)
            }
        }
    }
    return report
}

private func read(
    _ descriptor: Descriptor, _ buffer: inout [UInt8], atEnd: () -> Void
) throws -> ArraySlice<UInt8> {
    switch try descriptor.read(into: &buffer) {
    case .bytes(let count): return buffer.prefix(count)
    case .wouldBlock: return []
    case .end:
        atEnd()
        return []
    }
}

/// Waits for the next bytes of `descriptor` and returns them as text; "" at its end.
func nextText(_ descriptor: Descriptor) throws -> String {
    let loop = try EventLoop<Int>()
    try loop.add(descriptor, token: 0)
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
        _ = try loop.wait()
        switch try descriptor.read(into: &buffer) {
        case .bytes(let count): return String(decoding: buffer.prefix(count), as: UTF8.self)
        case .wouldBlock: continue
        case .end: return ""
        }
    }
}

/// Waits for the leader's end.
func end(of process: CommandProcess) throws -> Outcome {
    let loop = try EventLoop<Int>()
    try loop.add(process, token: 0)
    while true {
        if let outcome = process.collect() { return outcome }
        _ = try loop.wait()
    }
}

struct NotAProcess: Error, Sendable { let text: String }

/// The process whose number a command printed.
func identity(printed text: String) throws -> ProcessIdentity {
    guard let pid = Int32(text.filter(\.isNumber)), let identity = ProcessIdentity(pid: pid) else {
        throw NotAProcess(text: text)
    }
    return identity
}

/// A folder of a test's own, removed with everything in it.
final class Folder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/signalbox-test-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, let name = mkdtemp(start) else {
                preconditionFailure("mkdtemp: \(errno)")
            }
            return String(cString: name)
        }
    }

    deinit {
        guard let folder = opendir(path) else { return }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(path)/\(name)")
        }
        closedir(folder)
        rmdir(path)
    }

    /// The path of a file with this content.
    func file(_ name: String, _ text: String, mode: mode_t = 0o600) -> String {
        let file = "\(path)/\(name)"
        write(text, to: file, mode: mode)
        return file
    }

    /// The path of a new named pipe.
    func pipe(_ name: String) -> String {
        let pipe = "\(path)/\(name)"
        precondition(mkfifo(pipe, 0o600) == 0, "mkfifo: \(errno)")
        return pipe
    }
}

/// Writes a file, or to whoever reads a named pipe.
func write(_ text: String, to path: String, mode: mode_t = 0o600) {
    let number = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode)
    precondition(number >= 0, "open \(path): \(errno)")
    defer { close(number) }
    var bytes = Array(text.utf8)
    let count = write(number, &bytes, bytes.count)
    precondition(count == bytes.count, "write \(path): \(errno)")
}

/// All that is in a file, or that is written to a named pipe until its writer closes it.
func contents(of path: String) throws -> String {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw SystemCallError("open \(path)", errno) }
    let descriptor = Descriptor(owning: number)
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while case .bytes(let count) = try descriptor.read(into: &buffer) { content += buffer.prefix(count) }
    return String(decoding: content, as: UTF8.self)
}

/// Whether the process whose number and start somebody wrote to `path` has ended; waits for that.
func waitForEnd(ofLeaderNotedIn path: String) throws -> Bool {
    let numbers = try contents(of: path).split(separator: " ")
    let leader = ProcessIdentity(pid: try #require(Int32(numbers[0])), startTicks: try #require(UInt64(numbers[1])))
    return try ProcessWatch(leader)?.waitForEnd(for: .seconds(600)) ?? true
}

// What every test of whole processes stands on: a folder of its own, the built command, and an end that leaves no
// process behind and asks `signalbox verify` whether the store is sound.
import Glibc
import Testing

/// One test's machine: a temporary folder with a store that nobody has made yet, and the processes that work on it.
final class Box {
    /// Where everything of the test lies; processes run in it.
    let folder: String
    var store: String { folder + "/store" }
    /// What the environment of its processes has besides the standard.
    var environment: [String] = []
    private var started: [ChildProcess] = []

    init() throws {
        var template = Array("/tmp/signalbox-system-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) }
        guard let made else { throw TestFailure("mkdtemp: \(errnoText())") }
        folder = made
        // Another user may look in, where a test needs one.
        chmod(folder, 0o755)
    }

    /// The built command, beside the tests that are running.
    static let command: String = {
        let path = realpath("/proc/self/exe", nil)
        defer { free(path) }
        let tests = path.map { String(cString: $0) } ?? ""
        return tests.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/signalbox"
    }()

    // MARK: Processes

    /// Starts `signalbox` with `arguments` and goes on.
    @discardableResult
    func start(_ arguments: String...) throws -> ChildProcess { try start(program: [Self.command] + arguments) }

    /// Starts a program, given by its path, and goes on.
    func start(program arguments: [String], input: String? = nil) throws -> ChildProcess {
        let name = "\(started.count + 1)-\(arguments.dropFirst().first { !$0.hasPrefix("-") } ?? "process")"
        let process = try ChildProcess(arguments, name: String(name.filter { $0 != "/" }), in: self, input: input)
        started.append(process)
        return process
    }

    /// Runs `signalbox` with `arguments` to its end.
    @discardableResult
    func run(_ arguments: String...) throws -> Finished { try run(program: [Self.command] + arguments) }

    /// Runs a program, given by its path, to its end.
    @discardableResult
    func run(program arguments: [String], input: String? = nil) throws -> Finished {
        let process = try start(program: arguments, input: input)
        let ending = try process.wait()
        return Finished(ending: ending, output: try process.output(), errors: try process.errors())
    }

    /// Runs `signalbox` with `arguments`, which has to succeed, and returns what it printed.
    @discardableResult
    func succeed(_ arguments: String...) throws -> String {
        let finished = try run(program: [Self.command] + arguments)
        guard finished.status == 0 else {
            throw TestFailure("signalbox \(arguments.joined(separator: " ")): \(finished.ending); \(finished.errors)")
        }
        return finished.output
    }

    /// A worker that is ready for work.
    func startWorker(_ arguments: String...) throws -> ChildProcess {
        let worker = try start(program: [Self.command, "worker"] + arguments)
        try worker.waitForLine("online:")
        return worker
    }

    // MARK: Events

    /// Returns when `condition` holds. It looks whenever a file in the box's folder is made, written or taken away:
    /// what commands of the tests write, and every process's output, lies there. It fails when ``Bound`` is reached,
    /// and when `process`, if given, has ended without `condition` coming true.
    func until(_ what: String, unlessEnds process: ChildProcess? = nil, _ condition: () throws -> Bool) throws {
        let changes = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        defer { close(changes) }
        let mask = UInt32(IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_DELETE)
        guard changes >= 0, inotify_add_watch(changes, folder, mask) >= 0 else {
            throw TestFailure("inotify: \(errnoText())")
        }
        let bound = Bound()
        while true {
            let hadEnded = process?.hasEnded ?? false
            if try condition() { return }
            if hadEnded { throw TestFailure("\(process?.name ?? "") ended before \(what)") }
            let ready = try bound.wait(for: [changes] + (process.map { [$0.pidfd] } ?? []))
            guard ready else { throw TestFailure("waited in vain until \(what)") }
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            while read(changes, &buffer, buffer.count) > 0 {}
        }
    }

    // MARK: Files

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ text: String, to name: String) throws { try writeFile(path(name), text) }

    /// The whole lines of a file; none when there is no such file.
    func lines(of name: String) throws -> [String] {
        guard access(path(name), F_OK) == 0 else { return [] }
        let text = try readFile(path(name))
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// A fifo that commands of the test can wait on.
    func makeFifo(_ name: String) throws -> Fifo { try Fifo(path(name)) }

    // MARK: The end

    /// Ends every process, lets a command settle what they left, verifies the store, and deletes the folder.
    func finish(failed: Bool) {
        for process in started { process.end() }
        defer { removeTree(folder) }
        if failed { report() }
        guard access(store + "/data.mdb", F_OK) == 0, !failed else { return }
        do {
            _ = try run("resume", "none-of-that-name")
            let verified = try run("verify")
            #expect(verified.status == 0, "verify: \(verified.output)\(verified.errors)")
        } catch {
            Issue.record(error)
        }
    }

    /// What the processes said, for who has to find out why a test failed.
    private func report() {
        for process in started.suffix(12) {
            guard let errors = try? process.errors(), !errors.isEmpty else { continue }
            print("--- \(process.name)\n\(errors)")
        }
    }
}

/// Runs `body` with a box of its own, on a thread of its own.
func withBox(_ body: @escaping (Box) throws -> Void) async throws {
    await Gate.tests.enter()
    let result: Result<Void, any Error> = await withTaskExecutorPreference(OwnThread()) {
        Result {
            let box = try Box()
            var failed = true
            defer { box.finish(failed: failed) }
            try body(box)
            failed = false
        }
    }
    await Gate.tests.leave()
    try result.get()
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func errnoText() -> String { String(cString: strerror(errno)) }

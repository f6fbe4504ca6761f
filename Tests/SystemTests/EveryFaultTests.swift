// Aim: wherever a disk fails, nothing acknowledged is lost, nothing is half done, whoever met it says so in one line
// with the way out, and the next process goes on. Method: a process does the same sixty things to a store each time
// (FaultScript), and a library before the C library lets one of its calls fail, each in its turn and in every way
// (Faults/faults.c). After each step the store is in a state that is known from a run without faults; so whatever state
// it is found in afterwards must be the one after the last step that was acknowledged, or the one after the next.
//
// That is some two thousand faults: a run of the tests tries some of them, from a seed that it prints. For all:
//   SIGNALBOX_FAULTS=all tools/test --filter 'A disk that fails at any call'
import Glibc
import Testing

@Suite(.enabled(if: PreloadedLibrary.compiler != nil, "there is no C compiler"))
struct `A disk that fails at any call` {
    @Test(.timeLimit(.minutes(30)))
    func `takes nothing that was acknowledged, leaves nothing half done, and hinders no process after that`()
        async throws
    {
        try await withScript { script throws in
            let faults = script.faults
            let stride = getenv("SIGNALBOX_FAULTS") == nil ? 40 : 1
            let seed = Int.random(in: 0..<stride)
            var (violations, tried) = ([String](), 0)
            for fault in faults.dropFirst(seed).striding(by: stride) {
                violations += try script.violations(under: fault)
                tried += 1
            }
            print(
                "\(script.states.count - 1) operations, \(script.calls.count) calls; \(tried) of \(faults.count) faults"
                    + " tried (seed \(seed)), \(violations.count) violations")
            for violation in violations.prefix(20) { Issue.record("seed \(seed): \(violation)") }
            #expect(tried > 40)
        }
    }

    /// Faults of ours, planted to see that these tests find such: steps that are called done before they are; and a
    /// failed flush that nobody looks at, while the kernel has thrown away what it could not write.
    @Test(arguments: ["--early", "FAULT_SILENT"])
    func `would be seen where it did harm`(_ planted: String) async throws {
        try await withScript { script throws in
            let flushes = script.faults.filter { $0.call == "fdatasync" && $0.kind == "lost" && !$0.lasts }
            #expect(flushes.count > 50)
            let violations = try flushes.striding(by: 7).flatMap { fault in
                try script.violations(under: fault, planted: planted)
            }
            #expect(!violations.isEmpty)
        }
    }
}

/// One call of the script, and how it fails.
private struct CallFault: CustomStringConvertible {
    /// Its place among all calls, from 1.
    let number: Int
    let call: String
    /// As FAULT_ERROR takes it.
    let kind: String
    /// All calls after it fail in the same way.
    let lasts: Bool

    var description: String { "call \(number), \(call), fails (\(kind))\(lasts ? " and all after it" : "")" }

    /// Every way in which the call of that number can fail.
    static func all(_ number: Int, _ call: String) -> [CallFault] {
        let special = call == "fdatasync" ? ["lost"] : ["pages", "meta"].contains(call) ? ["short"] : []
        let kinds = ["\(EIO)", "\(ENOSPC)"]
        return (kinds + special).map { CallFault(number: number, call: call, kind: $0, lasts: false) }
            + kinds.map { CallFault(number: number, call: call, kind: $0, lasts: true) }
    }
}

/// The script, what it does, and what comes of it when all goes well.
private struct Script {
    private let box: Box
    private let disk: FaultyDisk
    /// Where its stores are made.
    private let folder: String
    /// The calls that it makes on the files of its store, in their order.
    let calls: [String]
    /// What its store is after each step; before the first too.
    let states: [String]

    private static let program = Box.command.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/faultscript"

    private var store: String { folder + "/store" }

    init(_ box: Box, _ folder: String) throws {
        (self.box, self.folder) = (box, folder)
        disk = try FaultyDisk(box)
        let trace = box.path("trace")
        let options = ["CALL=any", "NUMBER=0", "FILE=\(folder)/store", "TRACE=\(trace)"]
        let finished = try Self.run(box, disk.with(options) + [Self.program, "--store", folder + "/store"])
        guard finished.status == 0 else { throw TestFailure("the script: \(finished.ending) \(finished.errors)") }
        calls = try readFile(trace).split(separator: "\n").map(String.init)
        states = finished.output.split(separator: "\n").filter { $0.hasPrefix("state ") }.map {
            String($0.split(separator: " ")[2])
        }
        guard Set(states).count == states.count else { throw TestFailure("a step of the script changes nothing") }
        try box.write(states.map { $0 + "\n" }.joined(), to: "states")
    }

    var faults: [CallFault] { calls.enumerated().flatMap { CallFault.all($0.offset + 1, $0.element) } }

    /// What should not have come of a run under `fault` and of one after it.
    func violations(under fault: CallFault, planted: String = "") throws -> [String] {
        removeTree(store)
        var options = ["CALL=any", "NUMBER=\(fault.number)", "ERROR=\(fault.kind)", "FILE=\(store)"]
        if fault.lasts { options.append("LASTS=1") }
        if planted == "FAULT_SILENT" { options.append("SILENT=1") }
        let early = planted == "--early" ? [planted] : []
        let failing = try Self.run(box, disk.with(options) + command + early)
        let next = try Self.run(box, command)
        var violations: [String] = []
        func expect(_ holds: Bool, _ what: String) {
            if !holds { violations.append("\(fault): \(what); \(failing.errors)\(next.errors)") }
        }
        let done = failing.numbers(of: "done").last ?? 0
        let refused = failing.status == 75 || failing.status == 0
        expect([0, 74, 75].contains(failing.status), "\(failing.ending)")
        expect(failing.status == 0 || failing.hasOneLineWithWayOut, "no line with a way out")
        let reached = next.numbers(of: "at").first ?? -1
        expect(reached >= done && reached <= done + (refused ? 0 : 1), "\(done) steps were done, \(reached) are kept")
        expect(next.status == 0, "the next process: \(next.ending)")
        expect(next.output.hasSuffix("state \(states.count - 1) \(states.last ?? "")\n"), "another end")
        expect(names(in: folder) == ["store"], "left behind: \(names(in: folder))")
        return violations
    }

    private var command: [String] { [Self.program, "--store", store, "--states", box.path("states")] }

    /// The box keeps nothing of these processes, which are thousands.
    private static func run(_ box: Box, _ program: [String]) throws -> Finished {
        for stream in ["out", "err"] { unlink(box.path("script.\(stream)")) }
        let process = try ChildProcess(program, name: "script", in: box, input: nil)
        let ending = try process.wait()
        return Finished(ending: ending, output: try process.output(), errors: try process.errors())
    }
}

extension Finished {
    /// The numbers behind a word that lines of the script begin with.
    fileprivate func numbers(of word: String) -> [Int] {
        output.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.first?[...] == word[...] }.compactMap
        {
            Int($0[1])
        }
    }

    fileprivate var hasOneLineWithWayOut: Bool {
        let ways = ["Free some space", "start it again", "Start it again", "dmesg"]
        return errors.split(separator: "\n").count == 1 && ways.contains { errors.contains($0) }
    }
}

extension Sequence {
    /// The first of each `step` elements.
    fileprivate func striding(by step: Int) -> [Element] {
        enumerated().filter { $0.offset % step == 0 }.map(\.element)
    }
}

/// Runs `body` with the script; its stores are in memory where that can be, for what is tested is no disk's speed.
private func withScript(_ body: @escaping (Script) throws -> Void) async throws {
    try await withBox { box throws in
        var template = Array("/dev/shm/signalbox-faults-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) }
        let folder = made ?? box.path("faults")
        if made == nil { mkdir(folder, 0o755) }
        defer { removeTree(folder) }
        try body(Script(box, folder))
    }
}

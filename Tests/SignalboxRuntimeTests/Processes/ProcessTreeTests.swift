import Glibc
import SignalboxCore
@testable import SignalboxRuntime
import Testing

@Suite(.timeLimit(.minutes(20))) struct `The tree of a run` {
    @Test func `is killed with the child that made a session of its own`() async throws {
        let (sweep, leader, stray, outcome) = try await onThread {
            let id = "tree-\(getpid())-stray"
            let process = try CommandProcess(
                shell("setsid sh -c 'echo $$; exec sleep 1000' & wait", ours: [ProcessTree.runIDVariable: id]))
            let stray = try identity(printed: try nextText(process.output))
            let sweep = try ProcessTree(runID: id, leader: process.identity).killAll()
            return (sweep, process.identity, stray, try end(of: process))
        }
        #expect(sweep.killed.isSuperset(of: [leader, stray]))
        #expect(sweep.survivors.isEmpty)
        #expect(outcome == .signalled(UInt8(SIGKILL)))
    }

    @Test func `is found by its mark alone after the leader has gone`() async throws {
        let (sweep, stray) = try await onThread {
            let id = "tree-\(getpid())-mark"
            let process = try CommandProcess(
                shell("setsid sh -c 'echo $$; exec sleep 1000' &", ours: [ProcessTree.runIDVariable: id]))
            let stray = try identity(printed: try nextText(process.output))
            _ = try end(of: process)
            return (try ProcessTree(runID: id, leader: nil).killAll(), stray)
        }
        #expect(sweep == ProcessTree.Sweep(killed: [stray]))
    }

    @Test func `is found by its session alone when the mark was removed`() async throws {
        let (sweep, child) = try await onThread {
            let id = "tree-\(getpid())-session"
            let process = try CommandProcess(
                shell("env -i sh -c 'echo $$; exec sleep 1000' &", ours: [ProcessTree.runIDVariable: id]))
            let child = try identity(printed: try nextText(process.output))
            _ = try end(of: process)
            return (try ProcessTree(runID: id, leader: process.identity).killAll(), child)
        }
        #expect(sweep == ProcessTree.Sweep(killed: [child]))
    }

    /// Between two programs a process has an environment that nobody can read: it begins one after the other here.
    @Test func `has in it who goes from one program to the next, at every look`() async throws {
        let (missed, sweep) = try await onThread {
            let id = "tree-\(getpid())-programs"
            let process = try CommandProcess(
                shell(
                    "setsid sh -c 'echo $$; exec sh -c \"$AGAIN\"' &", job: ["AGAIN": #"exec sh -c "$AGAIN""#],
                    ours: [ProcessTree.runIDVariable: id]))
            let stray = try identity(printed: try nextText(process.output))
            _ = try end(of: process)
            let tree = ProcessTree(runID: id, leader: process.identity)
            let missed = try (0..<150).count { _ in try !tree.members().contains { $0.identity == stray } }
            return (missed, try tree.killAll())
        }
        #expect(missed == 0)
        #expect(sweep.survivors.isEmpty)
    }

    @Test func `has nobody in it once all have ended`() async throws {
        let sweep = try await onThread {
            let id = "tree-\(getpid())-none"
            let process = try CommandProcess(shell("true", ours: [ProcessTree.runIDVariable: id]))
            _ = try end(of: process)
            return try ProcessTree(runID: id, leader: process.identity).killAll()
        }
        #expect(sweep == ProcessTree.Sweep())
    }

    /// An exit test, because it makes its process a parent of orphans.
    @Test func `comes home as orphans, which are collected without the children we know`() async {
        await #expect(processExitsWith: .success) {
            try Orphans.adopt()
            let (parent, sweep, stray, isGone, known) = try await onThread {
                let known = try CommandProcess(shell("exit 7"))
                _ = try ProcessWatch(known.identity)?.waitForEnd(for: .seconds(600))
                let id = "tree-\(getpid())-orphans"
                let process = try CommandProcess(
                    shell("setsid sh -c 'echo $$; exec sleep 1000' &", ours: [ProcessTree.runIDVariable: id]))
                let stray = try identity(printed: try nextText(process.output))
                _ = try end(of: process)
                let parent = ProcessRecord(pid: stray.pid)?.parent
                let sweep = try ProcessTree(runID: id, leader: process.identity).killAll()
                return (parent, sweep, stray, ProcessIdentity(pid: stray.pid) != stray, known.collect())
            }
            #expect(parent == getpid())
            #expect(sweep.killed == [stray])
            #expect(isGone)
            #expect(known == .exited(7))
        }
    }

    private let leader = ProcessIdentity(pid: 50, startTicks: 500)

    private func process(_ pid: Int32, parent: Int32, session: Int32, start: UInt64? = nil) -> ProcessRecord {
        let line = "\(pid) (a) b) S \(parent) \(session) \(session)" + String(repeating: " 0", count: 15)
        guard let record = ProcessRecord(stat: Array("\(line) \(start ?? UInt64(pid) * 10) 0\n".utf8)) else {
            preconditionFailure("a line as in proc(5): \(line)")
        }
        return record
    }

    private func numbers(_ records: [ProcessRecord], marked: Set<Int32> = [], own: Int32 = 7) -> [Int32] {
        ProcessTree(runID: "x", leader: leader).members(among: records, own: own, isMarked: marked.contains)
            .map(\.identity.pid)
    }

    @Test func `has the session, the marked ones, and the descendants of both`() {
        let records = [
            process(1, parent: 0, session: 1), process(50, parent: 7, session: 50),
            process(51, parent: 50, session: 50), process(52, parent: 51, session: 52),
            process(60, parent: 1, session: 60), process(61, parent: 60, session: 61),
            process(70, parent: 1, session: 70),
        ]
        #expect(numbers(records, marked: [60]) == [50, 51, 52, 60, 61])
    }

    @Test func `never has init or ourselves, marked or not`() {
        let records = [
            process(1, parent: 0, session: 1), process(7, parent: 1, session: 50), process(8, parent: 7, session: 7),
        ]
        #expect(numbers(records, marked: [1, 7]) == [])
    }

    @Test func `is not the session of a stranger with the leader's number`() {
        let records = [process(50, parent: 1, session: 50, start: 501), process(51, parent: 50, session: 50)]
        #expect(numbers(records) == [])
    }

    @Test func `is the session of a leader that has gone`() {
        #expect(numbers([process(51, parent: 1, session: 50)]) == [51])
    }
}

@Suite struct `A process record` {
    @Test func `reads a program's name with spaces and parentheses`() throws {
        let line = "42 (a) S 9 (b) R 7 40 41 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0\n"
        let record = try #require(ProcessRecord(stat: Array(line.utf8)))
        #expect(record.identity == ProcessIdentity(pid: 42, startTicks: 12345))
        #expect(record.parent == 7)
        #expect(record.group == 40)
        #expect(record.session == 41)
        #expect(!record.isZombie)
    }

    @Test(arguments: ["", "42", "42 (a)", "42 (a) S 1 2 3", "x (a) R 7 40 41 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0"])
    func `is nil for anything else`(line: String) {
        #expect(ProcessRecord(stat: Array(line.utf8)) == nil)
    }

    @Test func `of this process names its parent`() throws {
        let record = try #require(ProcessRecord(pid: getpid()))
        #expect(record.parent == getppid())
        #expect(try record.identity == ProcessIdentity.current())
        #expect(try ProcessRecord.all().contains { $0.identity == record.identity })
    }
}

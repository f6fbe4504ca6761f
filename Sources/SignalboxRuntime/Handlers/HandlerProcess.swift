import Glibc
import SignalboxCore

/// A handler's program as it runs: it is given dispatches on its standard input, one after the other, and answers in
/// lines on its standard output.
final class HandlerProcess {
    let definition: HandlerDefinition
    let process: CommandProcess
    /// What marks every process that descends from it.
    let runID: RunID
    /// The dispatch that it works on.
    var dispatch: DispatchID?
    /// It gets no other dispatch: it was told to end.
    var isRetired = false
    /// When it gets SIGKILL.
    var killAt: BootInstant?
    /// Why it is not to be believed any more, in words.
    var fault: String?
    /// Its standard output is at its end. It may just be ending: how is told by its end, if that comes soon.
    var isMute = false
    /// When it was last given something to do, in the order of such events.
    var lastUse = 0

    private var input: Descriptor?
    private var unsent: ArraySlice<UInt8> = []
    private var partial: [UInt8] = []

    init(_ definition: HandlerDefinition, _ launch: CommandLaunch, _ runID: RunID) throws(CommandStartError) {
        self.definition = definition
        self.runID = runID
        process = try CommandProcess(launch)
        input = process.input
    }

    var name: HandlerName { definition.name }
    var isIdle: Bool { dispatch == nil && !isRetired }

    /// The end of its standard input that is ours; nil once that was closed.
    var feed: Descriptor? { input }

    /// Puts a line behind what it has not read yet.
    /// - Returns: whether some of it waits for the process to read.
    func send(_ line: [UInt8]) -> Bool {
        unsent += line
        return flush()
    }

    /// Writes what fits now. What a process that has ended does not read is told by its end.
    /// - Returns: whether some of it waits for the process to read.
    func flush() -> Bool {
        guard let input else { return false }
        while !unsent.isEmpty {
            let count = unsent.withUnsafeBytes { write(input.number, $0.baseAddress, $0.count) }
            if count > 0 { unsent = unsent.dropFirst(count) }
            guard count < 0, errno != EINTR else { continue }
            if errno == EAGAIN { return true }
            unsent = []
        }
        return false
    }

    /// The lines that `bytes` complete, without their ends.
    /// - Throws: `HandlerReplyError` for one that is longer than any may be.
    func lines(in bytes: ArraySlice<UInt8>) throws(HandlerReplyError) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            found.append(partial + rest[..<end])
            partial = []
            rest = rest[(end + 1)...]
        }
        partial += rest
        guard partial.count <= HandlerReply.lineLimit, found.allSatisfy({ $0.count <= HandlerReply.lineLimit }) else {
            throw HandlerReplyError("it wrote a line of more than \(HandlerReply.lineLimit) bytes")
        }
        return found.filter { !$0.allSatisfy { $0 == 32 || $0 == 9 || $0 == 13 } }
    }

    /// Tells it to end in peace: its standard input ends. What is there after the grace is killed.
    func retire(at now: BootInstant) {
        guard !isRetired else { return }
        isRetired = true
        input = nil
        killAt = now + WorkerOptions.outputGrace
    }

    /// Asks it to end although it works: SIGTERM, then SIGKILL after the grace.
    func end(at now: BootInstant, grace: Duration) {
        isRetired = true
        killAt = now + grace
        process.askToEnd()
    }

    /// Notes that it can answer no more, and gives it a moment to end by itself.
    func becomeMute(at now: BootInstant) {
        isMute = true
        killAt = min(killAt ?? .distantFuture, now + WorkerOptions.outputGrace)
    }

    func kill() {
        isRetired = true
        killAt = nil
        process.signalGroup(.kill)
    }

    /// What its tree is found by.
    var tree: ProcessTree { ProcessTree(runID: runID.description, leader: process.identity) }
}

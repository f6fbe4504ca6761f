import SignalboxCore
import SignalboxStore

/// One command that a worker runs: what it has said, and how far it is on its way to an end.
final class RunningAttempt {
    /// What is done about the processes that a command which was ended has left.
    enum Sweep: Hashable {
        /// Nothing: it ended by itself, or has not ended.
        case none
        case underWay
        case done
    }

    let dispatch: Dispatch
    let claim: Claim
    let runID: RunID
    let process: CommandProcess
    let started: BootInstant

    private let killGrace: Duration
    private var patience: AttemptPatience
    var output = OutputBuffer()
    private(set) var stop: StopCause?
    /// When a command that was asked to end is ended without asking; nil: it was not asked, or that has been done.
    private(set) var killAt: BootInstant?
    private(set) var outcome: Outcome?
    private(set) var sweep = Sweep.none
    /// When we stop waiting for the pipes of a command that has ended.
    private var giveUpAt: BootInstant?
    /// Pipes that have not reached their end.
    var openPipes: Set<PipeName>
    private var control = ControlReader()
    var progress: ProgressReport?
    private var snooze: Duration?
    private var report = AttemptReport()
    var hasNewOutput = false
    var hasNewProgress = false

    enum PipeName: Hashable, CaseIterable { case output, error, control }

    init(_ claimed: ClaimedDispatch, claim: Claim, runID: RunID, process: CommandProcess, started: BootInstant) {
        dispatch = claimed.dispatch
        self.claim = claim
        self.runID = runID
        self.process = process
        self.started = started
        killGrace = claimed.request.killGrace
        patience = AttemptPatience(claimed.request.work, from: started)
        openPipes = process.control == nil ? [.output, .error] : [.output, .error, .control]
    }

    func pipe(_ name: PipeName) -> Descriptor? {
        switch name {
        case .output: process.output
        case .error: process.errorOutput
        case .control: process.control
        }
    }

    /// Every process that belongs to it.
    var tree: ProcessTree { ProcessTree(runID: runID.description, leader: process.identity) }
    /// Control lines that were too long to be read.
    var overlongLines: Int { control.overlongLines }

    // MARK: What it says

    /// Takes in what the command wrote.
    func take(_ bytes: ArraySlice<UInt8>, from pipe: PipeName, at now: BootInstant) {
        let offset = started.duration(to: now)
        patience.noteOutput(at: now)
        switch pipe {
        case .output: output.append(bytes, stream: .standardOutput, offset: offset)
        case .error: output.append(bytes, stream: .standardError, offset: offset)
        case .control:
            for line in control.lines(in: bytes) { obey(line, at: now) }
            return
        }
        hasNewOutput = true
    }

    /// The last line may lack its end.
    func finishControl(at now: BootInstant) {
        if let line = control.lastLine() { obey(line, at: now) }
    }

    private func obey(_ line: ControlLine, at now: BootInstant) {
        patience.noteSign(at: now)
        switch line {
        case .ping: break
        case .progress(let percent, let text):
            progress = ProgressReport(percent: percent, text: text)
            hasNewProgress = true
        case .snooze(let wait): snooze = wait
        case .result(let value): report.result = value
        case .tag(let name, let value): report.tag(name, value)
        }
    }

    // MARK: Its end

    /// The next time that something has to be done about it although nothing happens.
    var nextTime: BootInstant? {
        guard outcome == nil else { return sweep == .underWay ? nil : giveUpAt }
        return stop == nil ? patience.ends : killAt
    }

    /// Whether there is nothing more to wait for.
    func isOver(at now: BootInstant) -> Bool {
        guard outcome != nil, sweep != .underWay else { return false }
        return openPipes.isSubset(of: [.control]) || giveUpAt.map { $0 <= now } ?? false
    }

    /// Does what the time demands.
    func attend(at now: BootInstant) {
        guard outcome == nil else { return }
        if stop == nil, let limit = patience.exceeded(at: now) { end(because: .exceeded(limit), at: now) }
        if let killAt, killAt <= now { kill() }
    }

    /// Asks the command to end, once; SIGKILL follows after the grace. One that has ended by itself is left to that.
    func end(because cause: StopCause, at now: BootInstant) {
        guard stop == nil, !process.hasEnded else { return }
        stop = cause
        killAt = now + killGrace
        process.askToEnd()
    }

    /// Ends a command that was asked to end without further asking.
    func kill() {
        guard stop != nil else { return }
        killAt = nil
        process.signalGroup(.kill)
    }

    /// The command has ended.
    /// - Returns: until when what is left of its processes may take to end in good order; nil when it ended by itself,
    ///   and what it left behind was left on purpose.
    func noteEnd(_ outcome: Outcome, at now: BootInstant) -> BootInstant? {
        self.outcome = outcome
        giveUpAt = now + WorkerOptions.outputGrace
        guard stop != nil else { return nil }
        sweep = .underWay
        return killAt ?? now
    }

    func noteSwept(_ survivors: [Survivor], at now: BootInstant) {
        sweep = .done
        report.survivors = survivors
        giveUpAt = now + WorkerOptions.outputGrace
    }

    func result() -> AttemptResult {
        guard let outcome else { preconditionFailure("only a command that has ended has a result") }
        return AttemptResult(
            dispatch: dispatch.id, token: claim.token, ending: ending(outcome), output: output.lines, report: report)
    }

    private func ending(_ outcome: Outcome) -> AttemptResult.Ending {
        switch stop {
        case nil: snooze.map { .snoozed(outcome, after: $0) } ?? .ended(outcome)
        case .exceeded(let limit): limit.ending(outcome)
        case .cancelled: .cancelled(outcome)
        case .drained: outcome == .exited(0) ? .ended(outcome) : .drained(outcome)
        }
    }
}

/// Puts the control channel's bytes together into lines. Those that say nothing we know are left out.
struct ControlReader {
    private var partial: [UInt8] = []
    private var isOverlong = false
    /// Lines that were longer than any of ours.
    private(set) var overlongLines = 0

    mutating func lines(in bytes: ArraySlice<UInt8>) -> [ControlLine] {
        var found: [ControlLine] = []
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            add(rest[..<end])
            if let line = lastLine() { found.append(line) }
            rest = rest[(end + 1)...]
        }
        add(rest)
        return found
    }

    /// What has come since the last end of a line.
    mutating func lastLine() -> ControlLine? {
        defer { (partial, isOverlong) = ([], false) }
        return isOverlong ? nil : ControlLine(String(decoding: partial, as: UTF8.self))
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>) {
        guard !isOverlong else { return }
        guard partial.count + bytes.count <= ControlLine.lengthLimit else {
            (partial, isOverlong) = ([], true)
            overlongLines += 1
            return
        }
        partial += bytes
    }
}

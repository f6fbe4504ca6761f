import SignalboxCore
import SignalboxStore

/// One command that a worker runs: what it has said, and how far it is on its way to an end.
final class RunningAttempt {
    /// Why the worker ends a command that has not ended by itself.
    enum StopCause { case timeout, cancelled, drained }

    let dispatch: Dispatch
    let claim: Claim
    let runID: RunID
    let process: CommandProcess
    let started: BootInstant
    /// Nil when it may run without limit.
    let deadline: BootInstant?

    var output = OutputBuffer()
    var stop: StopCause?
    /// When a command that was asked to end gets SIGKILL.
    var killAt: BootInstant?
    var outcome: Outcome?
    /// When we stop waiting for the pipes of a command that has ended.
    var giveUpAt: BootInstant?
    /// Pipes that have not reached their end.
    var openPipes: Set<PipeName>
    var control = ControlReader()
    var report: ProgressReport?
    var hasNewOutput = false
    var hasNewReport = false

    enum PipeName: Hashable, CaseIterable { case output, error, control }

    init(_ claimed: ClaimedDispatch, claim: Claim, runID: RunID, process: CommandProcess, started: BootInstant) {
        dispatch = claimed.dispatch
        self.claim = claim
        self.runID = runID
        self.process = process
        self.started = started
        deadline = claimed.request.timeout.map { started + $0 }
        openPipes = process.control == nil ? [.output, .error] : [.output, .error, .control]
    }

    func pipe(_ name: PipeName) -> Descriptor? {
        switch name {
        case .output: process.output
        case .error: process.errorOutput
        case .control: process.control
        }
    }

    /// The next time that something has to be done about it although nothing happens.
    var nextTime: BootInstant? {
        if outcome != nil { return giveUpAt }
        return [stop == nil ? deadline : nil, killAt].compactMap { $0 }.min()
    }

    /// Whether there is nothing more to wait for.
    func isOver(at now: BootInstant) -> Bool {
        outcome != nil && (openPipes.isSubset(of: [.control]) || giveUpAt.map { $0 <= now } ?? false)
    }

    /// Takes in what the command wrote.
    func take(_ bytes: ArraySlice<UInt8>, from pipe: PipeName, at now: BootInstant) {
        let offset = started.duration(to: now)
        switch pipe {
        case .output: output.append(bytes, stream: .standardOutput, offset: offset)
        case .error: output.append(bytes, stream: .standardError, offset: offset)
        case .control:
            for case .progress(let percent, let text) in control.lines(in: bytes) {
                report = ProgressReport(percent: percent, text: text)
                hasNewReport = true
            }
            return
        }
        hasNewOutput = true
    }

    /// Asks the command to end, once; SIGKILL follows after the grace.
    func end(because cause: StopCause, at now: BootInstant) {
        guard stop == nil, outcome == nil else { return }
        stop = cause
        killAt = now + WorkerOptions.killGrace
        process.askToEnd()
    }

    /// Ends the command without further asking.
    func kill() {
        killAt = nil
        process.signalGroup(.kill)
    }

    func result() -> AttemptResult {
        let outcome = outcome ?? .signalled(9)
        let ending: AttemptResult.Ending =
            switch stop {
            case nil: .ended(outcome)
            case .timeout: .timedOut(outcome)
            case .cancelled: .cancelled(outcome)
            case .drained: outcome == .exited(0) ? .ended(outcome) : .drained(outcome)
            }
        return AttemptResult(dispatch: dispatch.id, token: claim.token, ending: ending, output: output.lines)
    }
}

/// Puts the control channel's bytes together into lines.
struct ControlReader {
    private var partial: [UInt8] = []
    /// A longer line is not one of ours.
    private static let limit = 4096

    mutating func lines(in bytes: ArraySlice<UInt8>) -> [ControlLine] {
        var found: [ControlLine] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                if let line = ControlLine(String(decoding: partial, as: UTF8.self)) { found.append(line) }
                partial = []
            } else if partial.count < Self.limit {
                partial.append(byte)
            }
        }
        return found
    }
}

import SignalboxCore
import SignalboxStore

/// One dispatch that a handler works on: what it has said, and how far it is on its way to an end.
final class HandlerAttempt {
    /// Who does the work.
    enum Runner {
        /// The process of that number.
        case process(Int)
        case call(HandlerCall)
    }

    let dispatch: Dispatch
    let claim: Claim
    let runner: Runner
    let started: BootInstant
    /// From SIGTERM to SIGKILL, when its process is to end.
    let killGrace: Duration
    /// How long it may go on.
    var patience: AttemptPatience

    var output = OutputBuffer()
    var report: ProgressReport?
    /// What its handler said its result is; nil when it said nothing.
    var result: JSONText?
    var hasNewOutput = false
    var hasNewReport = false
    var stop: StopCause?
    /// Nil until it is over.
    var outcome: Outcome?

    init(_ claimed: ClaimedDispatch, _ claim: Claim, _ runner: Runner, started: BootInstant) {
        dispatch = claimed.dispatch
        self.claim = claim
        self.runner = runner
        self.started = started
        killGrace = claimed.request.killGrace
        patience = AttemptPatience(claimed.request.work, from: started)
    }

    /// When it has gone on for too long, while nothing else ends it.
    var nextTime: BootInstant? { stop == nil && outcome == nil ? patience.ends : nil }

    /// Takes in what was said for people.
    func take(_ bytes: ArraySlice<UInt8>, _ stream: OutputLine.Stream, at now: BootInstant) {
        guard !bytes.isEmpty else { return }
        patience.noteOutput(at: now)
        output.append(bytes, stream: stream, offset: started.duration(to: now))
        hasNewOutput = true
    }

    func take(_ reply: HandlerReply, at now: BootInstant) {
        patience.noteSign(at: now)
        switch reply {
        case .progress(let percent, let text):
            report = ProgressReport(percent: percent, text: text)
            hasNewReport = true
        case .log(let text): take(Array((text + "\n").utf8)[...], .standardOutput, at: now)
        case .answer(let answer):
            outcome = answer.outcome
            if case .returned(let result) = answer { self.result = result }
        }
    }

    func ended() -> AttemptResult? {
        guard let outcome else { return nil }
        let ending: AttemptResult.Ending =
            switch stop {
            case nil: .ended(outcome)
            case .exceeded(let limit): limit.ending(outcome)
            case .cancelled: outcome == .returned ? .ended(outcome) : .cancelled(outcome)
            case .drained: outcome.isDecided ? .ended(outcome) : .drained(outcome)
            }
        return AttemptResult(
            dispatch: dispatch.id, token: claim.token, ending: ending, output: output.lines,
            report: AttemptReport(result: result))
    }
}

extension Outcome {
    /// It stands although the worker was about to end the work: a handler that fails then may have failed for that.
    fileprivate var isDecided: Bool {
        switch self {
        case .threw(let error):
            switch error.wish {
            case .retry: false
            case .fatal, .snooze, .cancel: true
            }
        case .exited, .signalled, .notStarted, .handlerDied: false
        case .returned: true
        }
    }
}

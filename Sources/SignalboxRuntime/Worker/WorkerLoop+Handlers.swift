import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore

/// What the worker's loop and its handlers have to do with each other.
extension WorkerLoop {
    /// How many dispatches it works on.
    var busy: Int { running.count + handlers.attempts.count }

    /// Takes in what the handlers of the store are now.
    func learnHandlers(newest: UInt64, _ now: Now) throws {
        seenHandlers = newest
        handlers.define(try store.handlers(), at: now.boot)
    }

    /// Gives a dispatch to its handler.
    func handOver(_ claimed: ClaimedDispatch, _ claim: Claim) throws {
        let dispatch = claimed.dispatch
        let ending: AttemptResult.Ending
        switch try handlers.start(claimed, claim, clocks.now()) {
        case .begun(let process):
            if let process { live.started.append((dispatch.id, RunningCommand(claim: claim, process: process))) }
            return
        case .failed(let how): ending = how
        case .notNow(let why):
            logger.warning("dispatch \(dispatch.id) is given back: \(why)")
            (ending, hasNoRoom) = (.notBegun, true)
        }
        results.append(AttemptResult(dispatch: dispatch.id, token: claim.token, ending: ending, output: []))
    }

    /// Does what the time demands of the handlers, and takes out what is over.
    func attendHandlers(_ now: BootInstant) {
        if handlers.obeyTime(at: now) { shouldLook = true }
        let over = handlers.takeResults()
        if !over.isEmpty { hasNoRoom = false }
        results += over
        if level > .none { handlers.retireIdle(at: now) }
    }

    /// What handlers let others see.
    func tellOfHandlers(_ now: BootInstant) {
        for (id, attempt) in handlers.attempts where attempt.hasNewOutput || attempt.hasNewReport {
            nextTelling = now + WorkerOptions.tellingDistance
            if attempt.hasNewReport, let report = attempt.report { live.progress.append((id, report)) }
            live.output += attempt.output.takeChanges().map { $0.piece(of: attempt.dispatch) }
            (attempt.hasNewOutput, attempt.hasNewReport) = (false, false)
        }
    }
}

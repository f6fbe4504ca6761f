import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore

/// What others may see of a worker while it happens: heartbeats, progress and output, in the live environment.
extension WorkerLoop {
    /// Writes what others may see of us while it happens, to the live environment.
    func tell() throws {
        let now = clocks.now()
        let mayTellOutput = now.boot >= nextTelling
        for (id, attempt) in running where mayTellOutput && (attempt.hasNewOutput || attempt.hasNewProgress) {
            nextTelling = now.boot + WorkerOptions.tellingDistance
            if attempt.hasNewProgress, let report = attempt.progress { live.progress.append((id, report)) }
            live.output += attempt.output.takeChanges().map { $0.piece(of: attempt.dispatch) }
            (attempt.hasNewOutput, attempt.hasNewProgress) = (false, false)
        }
        if mayTellOutput { tellOfHandlers(now.boot) }
        let isTime = now.boot >= nextBeat
        if isTime {
            try Orphans.collect()
            if hasNoRoom { (hasNoRoom, shouldLook) = (false, true) }
        }
        guard isTime || !live.isEmpty else { return }
        let beat = Heartbeat(at: Moment(now), running: busy, processed: processed, failed: failed)
        live.heartbeat = (id, beat)
        nextBeat = now.boot + Heartbeat.interval
        // What is told here can be told again or done without; a worker does not end for it.
        do {
            try store.live?.write(live)
            hasSaidLiveFault = false
        } catch  where !hasSaidLiveFault {
            logger.warning("the live data cannot be written for now: \(error)")
            hasSaidLiveFault = true
        } catch {}
        live = LiveRound()
    }
}

extension OutputBuffer.Change {
    func piece(of dispatch: Dispatch) -> OutputPiece {
        switch self {
        case .add(let chunk, let lines):
            OutputPiece(dispatch: dispatch.id, attempt: dispatch.startNumber, chunk: chunk, change: .add(lines))
        case .drop(let chunk):
            OutputPiece(dispatch: dispatch.id, attempt: dispatch.startNumber, chunk: chunk, change: .drop)
        }
    }
}

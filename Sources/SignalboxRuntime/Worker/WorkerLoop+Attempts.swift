import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore

/// The life of an attempt: its start, what it writes, what the time demands of it, and its end.
extension WorkerLoop {
    func start(_ claimed: ClaimedDispatch) throws {
        let dispatch = claimed.dispatch
        guard let claim = dispatch.claim else { preconditionFailure("a claimed dispatch has a claim") }
        let now = clocks.now()
        let runID = RunID(storeID: storeID, dispatch: dispatch)
        do {
            let process = try CommandProcess(launch(claimed, runID, now))
            let attempt = RunningAttempt(claimed, claim: claim, runID: runID, process: process, started: now.boot)
            running[dispatch.id] = attempt
            try loop.add(process, token: .process(dispatch.id))
            for name in attempt.openPipes {
                if let pipe = attempt.pipe(name) { try loop.add(pipe, token: .pipe(dispatch.id, name)) }
            }
            let command = RunningCommand(claim: claim, process: process.identity)
            live.started.append((dispatch.id, command))
        } catch let error as CommandStartError {
            var ending = AttemptResult.Ending.ended(.notStarted(error.description))
            if error.code == .noResources {
                logger.warning("dispatch \(dispatch.id) is given back: \(error)")
                ending = .notBegun
                hasNoRoom = true
            }
            results.append(AttemptResult(dispatch: dispatch.id, token: claim.token, ending: ending, output: []))
        }
    }

    func collect(_ id: DispatchID) {
        guard let attempt = running[id], let outcome = attempt.process.collect() else { return }
        attempt.outcome = outcome
        attempt.giveUpAt = clocks.now().boot + WorkerOptions.outputGrace
        loop.remove(.process(id))
    }

    /// One read a turn and pipe, so that a command that prints without end does not keep the others waiting.
    func read(_ name: RunningAttempt.PipeName, of id: DispatchID) throws {
        guard let attempt = running[id], let pipe = attempt.pipe(name) else { return }
        switch try pipe.read(into: &buffer) {
        case .bytes(let count): attempt.take(buffer[..<count], from: name, at: clocks.now().boot)
        case .wouldBlock: break
        case .end:
            attempt.openPipes.remove(name)
            loop.remove(.pipe(id, name))
        }
    }

    /// Does what the time demands: timeouts, the second step of ending a command, the end of the drain; and takes out
    /// the attempts that are over.
    func attend() throws {
        let now = clocks.now().boot
        if let ends = drainEnds, ends <= now {
            drainEnds = nil
            for attempt in running.values { attempt.end(because: .drained, at: now) }
        }
        for (id, attempt) in running {
            if attempt.outcome == nil {
                if let deadline = attempt.deadline, deadline <= now { attempt.end(because: .timeout, at: now) }
                if let killAt = attempt.killAt, killAt <= now { attempt.kill() }
            }
            if attempt.isOver(at: now) { try conclude(id, attempt) }
        }
    }

    private func conclude(_ id: DispatchID, _ attempt: RunningAttempt) throws {
        for name in attempt.openPipes { loop.remove(.pipe(id, name)) }
        if attempt.stop != nil { try sweep(attempt) }
        running[id] = nil
        hasNoRoom = false
        results.append(attempt.result())
    }

    /// A child that made a session of its own survives a signal to the group.
    private func sweep(_ attempt: RunningAttempt) throws {
        let tree = ProcessTree(runID: attempt.runID.description, leader: attempt.process.identity)
        for process in try tree.killAll().survivors {
            logger.error("process \(process.pid) of dispatch \(attempt.dispatch.id) cannot be ended")
        }
    }

    /// Somebody settled our dispatches as those of a dead worker. Ours must not run beside theirs.
    func disowned() throws -> WorkerError {
        for attempt in running.values {
            attempt.kill()
            try sweep(attempt)
        }
        // Nobody believes them, but that they came is kept.
        results += running.values.map { $0.result() }
        _ = try store.round(of: id, results: results, queues: options.queues, slots: 0, now: clocks.now())
        return WorkerError("worker \(id) lives, and the store counts it dead; its commands were ended. Start it again")
    }
}

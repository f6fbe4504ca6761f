import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore

/// The life of an attempt: its start, what it writes, what the time demands of it, and its end.
extension WorkerLoop {
    func start(_ claimed: ClaimedDispatch) throws {
        let dispatch = claimed.dispatch
        guard let claim = dispatch.claim else { preconditionFailure("a claimed dispatch has a claim") }
        if dispatch.handler != nil { return try handOver(claimed, claim) }
        let now = clocks.now()
        let runID = RunID(mark: runMark, dispatch: dispatch)
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
        loop.remove(.process(id))
        guard let graceEnds = attempt.noteEnd(outcome, at: clocks.now().boot) else { return }
        // A child that made a session of its own survives a signal to the group.
        sweeper.sweep(attempt.tree, graceEnds: graceEnds)
    }

    /// Nothing is left of the processes of some that were ended, or as little as can be.
    func takeSwept() {
        let now = clocks.now().boot
        for swept in sweeper.takeSwept() {
            guard let attempt = running.values.first(where: { $0.runID.description == swept.runID }) else { continue }
            attempt.noteSwept(swept.survivors, at: now)
            warn(of: swept.survivors, attempt)
        }
    }

    private func warn(of survivors: [Survivor], _ attempt: RunningAttempt) {
        for survivor in survivors {
            logger.error("process \(survivor) of dispatch \(attempt.dispatch.id) cannot be ended")
        }
    }

    /// One read a turn and pipe, so that a command that prints without end does not keep the others waiting.
    func read(_ name: RunningAttempt.PipeName, of id: DispatchID) throws {
        guard let attempt = running[id], let pipe = attempt.pipe(name) else { return }
        let outcome: ReadOutcome
        if name == .control {
            outcome = try pipe.read(into: &controlBuffer)
            if case .bytes(let count) = outcome {
                attempt.take(controlBuffer[..<count], from: name, at: clocks.now().boot)
            }
        } else {
            outcome = try pipe.read(into: &buffer)
            if case .bytes(let count) = outcome { attempt.take(buffer[..<count], from: name, at: clocks.now().boot) }
        }
        guard outcome == .end else { return }
        attempt.openPipes.remove(name)
        loop.remove(.pipe(id, name))
    }

    /// Does what the time demands: timeouts, the second step of ending a command, the end of the drain; and takes out
    /// the attempts that are over.
    func attend() throws {
        let now = clocks.now().boot
        if let ends = drainEnds, ends <= now {
            drainEnds = nil
            for attempt in running.values { attempt.end(because: .drained, at: now) }
            handlers.endAll(because: .drained, at: now)
        }
        attendHandlers(now)
        for (id, attempt) in running {
            attempt.attend(at: now)
            if attempt.isOver(at: now) { try conclude(id, attempt) }
        }
    }

    func cancel(_ request: Cancellation, _ now: BootInstant) {
        handlers.end(request.dispatch, because: .cancelled, at: now, atOnce: request.atOnce)
        guard let attempt = running[request.dispatch] else { return }
        if request.atOnce {
            endAtOnce(attempt, because: .cancelled, now)
        } else {
            attempt.end(because: .cancelled, at: now)
        }
    }

    /// Ends a command without time for good order, and what is left of one that was being ended with it.
    func endAtOnce(_ attempt: RunningAttempt, because cause: StopCause, _ now: BootInstant) {
        attempt.end(because: cause, at: now)
        attempt.kill()
        if attempt.sweep == .underWay { sweeper.sweep(attempt.tree, graceEnds: now) }
    }

    private func conclude(_ id: DispatchID, _ attempt: RunningAttempt) throws {
        try readRestOfControl(of: id, attempt)
        for name in attempt.openPipes { loop.remove(.pipe(id, name)) }
        if attempt.overlongLines > 0 {
            logger.warning(
                """
                dispatch \(id) wrote \(attempt.overlongLines) control lines of more than \(ControlLine.lengthLimit) \
                bytes; they are ignored
                """)
        }
        running[id] = nil
        hasNoRoom = false
        results.append(attempt.result())
    }

    /// What a command wrote to the control channel before it ended is in the pipe, and a process that it left may keep
    /// that open.
    private func readRestOfControl(of id: DispatchID, _ attempt: RunningAttempt) throws {
        // As much as a pipe holds: who writes without end is not waited for.
        for _ in 0..<16 where attempt.openPipes.contains(.control) { try read(.control, of: id) }
        attempt.finishControl(at: clocks.now().boot)
    }

    /// Somebody settled our dispatches as those of a dead worker. Ours must not run beside theirs.
    func disowned() throws -> WorkerError {
        for attempt in running.values {
            attempt.process.signalGroup(.kill)
            let sweep = try attempt.tree.killAll()
            warn(
                of: sweep.survivors.map { Survivor(pid: $0.pid, name: ProcessRecord(pid: $0.pid)?.name ?? "?") },
                attempt)
        }
        try handlers.disown(at: clocks.now().boot)
        // Nobody believes them, but that they came is kept.
        results += running.values.map { $0.result() }
        _ = try store.round(of: id, results: results, queues: options.queues, slots: 0, now: clocks.now())
        return WorkerError("worker \(id) lives, and the store counts it dead; its commands were ended. Start it again")
    }
}

import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore

/// What is written to the durable store: what ended, what is claimed, and the worker's own state.
extension WorkerLoop {
    var freeSlots: Int { level > .none || hasNoRoom ? 0 : options.slots - busy }

    var state: WorkerState {
        guard level > .none else { return .online }
        return running.isEmpty && handlers.hasEnded && results.isEmpty ? .stopped : .draining
    }

    /// Whether there is anything to write, once there is room.
    var hasUnwritten: Bool {
        !results.isEmpty || hasWork && freeSlots > 0 || state != shownState || handlers.kinds != shownKinds
    }

    /// Writes down what ended and claims what fits, in one transaction; none when there is nothing to do.
    func round() throws {
        let now = clocks.now()
        if shouldLook { hasWork = try look(now) }
        shouldLook = false
        guard !results.isEmpty || hasWork && freeSlots > 0 else { return }
        // While there is little room, what ended goes first.
        let slots = roomWait.retryAt == nil || results.isEmpty ? freeSlots : 0
        let written = try ifRoom(now) {
            try store.round(
                of: id, results: results, queues: options.queues, kinds: handlers.startableKinds, slots: slots, now: now
            )
        }
        guard let outcome = written else { return }
        forget(results, outcome)
        results = []
        guard outcome.isRegistered else { throw try disowned() }
        for claimed in outcome.claimed { try start(claimed) }
        if outcome.lacksRoom { waitForRoom() }
        // It may have left some behind, and what falls due next may be another now.
        (hasWork, shouldLook) = (false, true)
        if !outcome.lacksRoom, !outcome.claimed.isEmpty { hasSaidNoRoom = false }
    }

    /// Lets the store say of us what is so.
    func showState() throws {
        let (state, kinds, now) = (state, handlers.kinds, clocks.now())
        if kinds != shownKinds, try ifRoom(now, { try store.setKinds(kinds, of: id, now: now) }) != nil {
            shownKinds = kinds
        }
        guard state != shownState else { return }
        guard try ifRoom(now, { try store.setState(state, of: id, now: now) }) != nil else { return }
        shownState = state
    }

    /// Writes, unless the store or its disk is full: then nil, and what is to be written is kept here until there is
    /// room. When we are to end, that is until the end of the drain.
    private func ifRoom<Result>(_ now: Now, _ write: () throws -> Result) throws -> Result? {
        let isLastTry = level > .none && drainEnds == nil && busy == 0
        guard isLastTry || !roomWait.mustWait(at: now.boot) else { return nil }
        do {
            let result = try write()
            if roomWait.noteSuccess() { logger.notice("the store has room again: what waited for it is written") }
            return result
        } catch let error as any RoomError where error.isLackOfRoom {
            guard !isLastTry else {
                logger.error(
                    "there was no room until the end: \(results.count) results are lost, and will be made again")
                throw error
            }
            if roomWait.noteFailure(at: now.boot) {
                logger.error("\(error) What ended here is written as soon as there is room.")
            }
            makeRoom()
            return nil
        }
    }

    /// What an attempt might print would not fit into the store: nothing more is claimed until one has ended, or for a
    /// beat.
    private func waitForRoom() {
        hasNoRoom = true
        guard !hasSaidNoRoom else { return }
        hasSaidNoRoom = true
        logger.warning(
            """
            the store has no room for what more commands might print: others begin when \
            \(busy == 0 ? "room has been made in it, or on its disk" : "one of those that run has ended")
            """)
    }

    /// A reader that was killed may keep the room that others have made.
    private func makeRoom() {
        do { _ = try store.tidyUp() } catch { logger.warning("the store could not be tidied up: \(error)") }
    }

    /// Whether there is something to claim; on the way, obeys requests to stop what runs.
    private func look(_ now: Now) throws -> Bool {
        guard try store.isActive(id) else { throw try disowned() }
        var lookout = try store.workerView(queues: options.queues, kinds: handlers.startableKinds, now: now)
        if lookout.newestHandlers > seenHandlers {
            try learnHandlers(newest: lookout.newestHandlers, now)
            lookout = try store.workerView(queues: options.queues, kinds: handlers.startableKinds, now: now)
        }
        retention.note(change: lookout.newestRetention, now)
        if lookout.newestCancellation > seenCancellation {
            seenCancellation = lookout.newestCancellation
            for request in try store.cancellations(for: id) { cancel(request, now.boot) }
        }
        if let due = lookout.nextWall, due > now.wall { try wallAlarm.arm(at: due) } else { try wallAlarm.disarm() }
        delayEnds = lookout.nextBoot.flatMap { $0 > now.boot ? $0 : nil }
        return lookout.hasWork
    }

    private func forget(_ results: [AttemptResult], _ outcome: RoundOutcome) {
        let ended = outcome.settled.filter { $0.state != .pending }
        processed += ended.count
        failed += ended.count { $0.state != .success }
        live.ended += results.map { (dispatch: $0.dispatch, token: $0.token) }
        for dispatch in outcome.settled {
            let job = dispatch.job.map { " of \($0)" } ?? ""
            logger.info("dispatch \(dispatch.id)\(job), attempt \(dispatch.attempt): \(dispatch.state.name)")
        }
        for id in outcome.late {
            logger.warning("dispatch \(id): the result came too late and was not believed; it was given to another")
        }
    }
}

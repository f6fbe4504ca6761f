internal import OrderedStore
public import SignalboxCore

/// How an attempt ended, as its worker tells it.
public struct AttemptResult: Sendable {
    public enum Ending: Hashable, Sendable {
        /// The command ended by itself.
        case ended(Outcome)
        /// The worker ended it because it ran past its timeout.
        case timedOut(Outcome)
        /// The worker ended it because it wrote nothing for too long.
        case idle(Outcome)
        /// The worker ended it because it gave no sign of life for too long.
        case unresponsive(Outcome)
        /// The worker ended it because somebody asked.
        case cancelled(Outcome)
        /// The worker ended it because it shuts down.
        case drained(Outcome)
        /// The command asked to be started again after so long, and ended by itself.
        case snoozed(Outcome, after: Duration)
        /// It never began: the machine has no room for another process or descriptor now.
        case notBegun
    }

    public var dispatch: DispatchID
    public var token: Token
    public var ending: Ending
    public var output: [OutputLine]
    public var report: AttemptReport

    public init(
        dispatch: DispatchID, token: Token, ending: Ending, output: [OutputLine],
        report: AttemptReport = AttemptReport()
    ) {
        self.dispatch = dispatch
        self.token = token
        self.ending = ending
        self.output = output
        self.report = report
    }
}

/// A dispatch that a worker has just been given.
public struct ClaimedDispatch: Sendable {
    public var dispatch: Dispatch
    public var request: Request
}

/// What a worker's transaction came to.
public struct RoundOutcome: Sendable {
    public var claimed: [ClaimedDispatch]
    /// Results that were not believed, because the dispatch was given to another meanwhile.
    public var late: [DispatchID]
    /// How each believed result left its dispatch.
    public var settled: [Dispatch]
    /// False when the store no longer counts this worker among the living: it must stop and register anew.
    public var isRegistered: Bool
    /// Something was left although slots were free: the store has no room for what it might print.
    public var lacksRoom = false
}

extension JobStore {
    /// Everything a worker has to do, at once: what ended is written down, what is due becomes claimable, and free
    /// slots are filled in the order priority, due time, number, with what is of these kinds.
    public func round(
        of worker: WorkerID, results: [AttemptResult], queues: [QueueName], kinds: ServedKinds = .commands, slots: Int,
        now: Now
    ) throws -> RoundOutcome {
        try write(now) { writer in
            var outcome = RoundOutcome(claimed: [], late: [], settled: [], isRegistered: true)
            try writer.finish(results, &outcome)
            try writer.promote()
            outcome.isRegistered = try writer.transaction.workerRegistration(worker)?.state.isActive ?? false
            guard outcome.isRegistered, slots > 0 else { return outcome }
            let startable = try writer.startable()
            outcome.claimed = try writer.claim(worker, queues, kinds, limit: min(slots, startable))
            guard startable < slots, outcome.claimed.count == startable else { return outcome }
            outcome.lacksRoom = try queues.contains { try writer.transaction.outlook(of: $0, kinds, at: now).isDue }
            return outcome
        }
    }

    /// Whether a round would find anything to claim or to make claimable, and when that will next be so.
    public func workerView(queues: [QueueName], kinds: ServedKinds = .commands, now: Now) throws -> WorkerLookout {
        try engine.read { transaction in
            let state = try transaction.storeState()
            let waitsForTime = state.count(.scheduled) > 0 || state.count(.blocked) > 0
            let next = waitsForTime ? try transaction.nextDispatches(transaction.clock(at: now), at: now) : NextTimes()
            let ready = try queues.map { try transaction.outlook(of: $0, kinds, at: now) }
            return WorkerLookout(
                hasWork: next.isDue || ready.contains(where: \.isDue), nextWall: next.wall,
                nextBoot: ([next.boot] + ready.map(\.boot)).compactMap { $0 }.min(),
                newestCancellation: state.newestCancellation, newestHandlers: try transaction.newestHandlers(),
                newestRetention: state.newestRetention)
        }
    }

    /// Which of a worker's dispatches somebody asked to stop.
    public func cancellations(for worker: WorkerID) throws -> [Cancellation] {
        try engine.read { transaction in
            try transaction.ids(Buckets.running, KeyRange(prefix: Key.worker(worker).bytes), limit: .max).compactMap {
                let dispatch = try transaction.indexed($0, by: Buckets.running).dispatch
                guard dispatch.cancelRequested else { return nil }
                return Cancellation(dispatch: dispatch.id, atOnce: dispatch.cancelAtOnce)
            }
        }
    }
}

/// That somebody asked for a running dispatch to stop.
public struct Cancellation: Hashable, Sendable {
    public var dispatch: DispatchID
    /// Without time to end in good order.
    public var atOnce: Bool

    public init(dispatch: DispatchID, atOnce: Bool) {
        self.dispatch = dispatch
        self.atOnce = atOnce
    }
}

/// What an idle worker needs to know before it acts or sleeps.
public struct WorkerLookout: Hashable, Sendable {
    public var hasWork: Bool
    /// The next time of day, and the next point of this boot, that a SCHEDULED dispatch falls due or a rate allows more.
    public var nextWall: Instant?
    public var nextBoot: BootInstant?
    /// The number of the newest transaction that asked any running dispatch to stop.
    public var newestCancellation: UInt64
    /// The number of the newest transaction that changed what handlers there are.
    public var newestHandlers: UInt64
    /// The number of the newest transaction that changed what is kept.
    public var newestRetention: UInt64
}

extension JobWriter where Transaction: ~Copyable {
    fileprivate mutating func finish(_ results: [AttemptResult], _ outcome: inout RoundOutcome) throws {
        outcome.settled.reserveCapacity(results.count)
        let results = results.span
        for index in results.indices {
            if let settled = try finish(results[index]) {
                outcome.settled.append(settled)
            } else {
                outcome.late.append(results[index].dispatch)
            }
        }
    }

    /// T6 to T10, T13. Nil, and nothing done but an event, when the claim is no longer this one's.
    private mutating func finish(_ result: AttemptResult) throws -> Dispatch? {
        guard let record = try transaction.dispatchRecord(result.dispatch) else { return nil }
        let dispatch = record.dispatch
        guard dispatch.claim?.token == result.token else {
            report(dispatch, from: dispatch.state)
            return nil
        }
        let event = try event(of: result, on: dispatch)
        if case .release = event { return try settle(record, event) }
        try keepAttempt(of: dispatch, result.outcome, event.reason, result.report)
        try keepOutput(result.output, of: dispatch)
        return try settle(record, event)
    }

    /// Moves what has run by an event; what then waits to be started again, and must not, ends.
    mutating func settle(_ record: DispatchRecord, _ event: DispatchEvent) throws -> Dispatch {
        let moved = try skipIfRemoved(try apply(event, to: record))
        return record.hasLostUniqueKey ? try makeWay(moved) : moved
    }

    /// What was asked for is read only where the end leaves something to decide.
    private mutating func event(of result: AttemptResult, on dispatch: Dispatch) throws -> DispatchEvent {
        if result.ending == .ended(.returned) { return .succeed(result.token, .returned) }
        if result.ending == .ended(.exited(0)) { return .succeed(result.token, .exited(0)) }
        let request = try transaction.request(of: dispatch.id)
        return try withinLimits(result.event(on: dispatch, request, now: now), on: dispatch, request.retry)
    }

    /// So many are judged in one transaction, so that other writers need not wait long.
    private static var judgementsPerRound: Int { 256 }

    /// T5. Takes up to `limit` of what the queues hold ready. Those that may not be claimed now leave the ready ones at
    /// once, so that each is met here once for every time that it becomes ready.
    fileprivate mutating func claim(
        _ worker: WorkerID, _ queues: [QueueName], _ kinds: ServedKinds, limit: Int
    ) throws -> [ClaimedDispatch] {
        guard limit > 0 else { return [] }
        var gates = try gates(of: queues)
        var claimed: [ClaimedDispatch] = []
        var judged = 0
        var hasRefused = true
        while hasRefused, claimed.count < limit, judged < Self.judgementsPerRound {
            hasRefused = false
            for entry in try ready(behind: gates, kinds, limit: limit - claimed.count) {
                judged += 1
                guard let taken = try claim(entry.id, worker) else {
                    hasRefused = true
                    continue
                }
                gates[entry.gate].take()
                claimed.append(taken)
            }
        }
        try keep(gates)
        return claimed
    }

    /// Nil when it may not be claimed now.
    private mutating func claim(_ id: DispatchID, _ worker: WorkerID) throws -> ClaimedDispatch? {
        var record = try transaction.indexed(id, by: Buckets.ready)
        let request = try transaction.request(of: id)
        guard try admits(record, request) else { return nil }
        if let limit = request.retry.limit {
            record.dispatch = record.dispatch.retryable(for: limit, from: try clock().steady(at: now.boot))
        }
        let dispatch = try apply(.claim(Claim(worker: worker, token: Token(sequence))), to: record)
        return ClaimedDispatch(dispatch: dispatch, request: request)
    }

    /// The first `limit` of what the queues hold ready of these kinds, no more of any queue than it lets through.
    private func ready(behind gates: [QueueGate], _ kinds: ServedKinds, limit: Int) throws -> [ReadyEntry] {
        var ready: [ReadyEntry] = []
        for (index, gate) in gates.enumerated() {
            let room = min(limit, gate.room)
            guard room > 0 else { continue }
            let start = ready.count
            for prefix in kinds.ready(of: gate.queue) {
                try addReady(prefix.bytes, gate: index, limit: room, to: &ready)
            }
            guard ready.count > start + room else { continue }
            ready[start...].sort()
            ready.removeSubrange((start + room)...)
        }
        guard gates.count > 1 || !kinds.handlers.isEmpty else { return ready }
        ready.sort()
        return Array(ready.prefix(limit))
    }

    /// The first `limit` of what a queue holds ready for a handler, or of commands.
    private func addReady(_ prefix: [UInt8], gate: Int, limit: Int, to ready: inout [ReadyEntry]) throws {
        let enough = ready.count + limit
        try transaction.scan(Buckets.ready, KeyRange(prefix: prefix), .ascending) { key, _ in
            ready.append(try ReadyEntry(key: key, of: prefix.count, gate: gate))
            return ready.count < enough ? .next : .stop
        }
    }

    mutating func keepAttempt(
        of dispatch: Dispatch, _ outcome: Outcome?, _ reason: DispatchReason, _ report: AttemptReport = AttemptReport()
    ) throws {
        guard let claim = dispatch.claim, let started = dispatch.started else { return }
        let attempt = Attempt(
            number: dispatch.startNumber, worker: claim.worker, started: started, finished: Moment(now),
            outcome: outcome, reason: reason, report: report)
        try put(attempt, .attempt(dispatch.id, dispatch.startNumber), in: Buckets.attempts)
        try dropOldAttempts(of: dispatch)
    }

    mutating func keepOutput(_ lines: [OutputLine], of dispatch: Dispatch) throws {
        if lines.isEmpty { return }
        for (index, chunk) in OutputChunk.chunks(of: lines).enumerated() {
            try put(chunk, .output(dispatch.id, dispatch.startNumber, UInt32(index)), in: Buckets.outputs)
        }
    }
}

extension ServedKinds {
    /// Where a queue's PENDING ones of these kinds stand.
    func ready(of queue: QueueName) -> [Key] {
        (commands ? [Key.ready(queue, nil)] : []) + handlers.map { Key.ready(queue, $0) }
    }
}

/// An entry of the index of PENDING dispatches, in the order of claims across queues.
private struct ReadyEntry: Comparable {
    var priority: UInt8
    var due: Instant
    var id: DispatchID
    /// The place of its queue's gate.
    var gate: Int

    /// `prefix` is the length of the part of the key that the queue and the handler take.
    init(key: Span<UInt8>, of prefix: Int, gate: Int) throws {
        guard key.count == prefix + 17 else {
            throw StoreError(
                .damaged, "the key \(hexadecimal(copied(key))) in \(Buckets.ready.name) has another shape")
        }
        priority = key[prefix]
        due = Instant(microseconds: Int64(bitPattern: key.number64(at: prefix + 1).byteSwapped ^ (1 << 63)))
        id = DispatchID(key.number64(at: prefix + 9).byteSwapped)
        self.gate = gate
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.priority, left.due, left.id) < (right.priority, right.due, right.id)
    }
}

extension AttemptResult {
    fileprivate var outcome: Outcome? {
        switch ending {
        case .ended(let outcome), .timedOut(let outcome), .cancelled(let outcome), .drained(let outcome),
            .snoozed(let outcome, _), .idle(let outcome), .unresponsive(let outcome):
            outcome
        case .notBegun: nil
        }
    }

    /// What the end of the attempt means, by the rules of SignalboxCore.
    fileprivate func event(on dispatch: Dispatch, _ request: Request, now: Now) -> DispatchEvent {
        if case .ended(let outcome) = ending, let event = outcome.handlerEvent(token, dispatch, request, now) {
            return event
        }
        return switch ending {
        case .notBegun: .release(token)
        // Who asked for at most one start has had it.
        case .drained(let outcome):
            request.rescue == .fail ? .fail(token, .init(outcome), .drained) : .release(token)
        case .cancelled(let outcome): .stop(token, .init(outcome))
        case .ended(let outcome): judged(outcome, nil, on: dispatch, request, now)
        case .snoozed(let outcome, let wait): judged(outcome, nil, on: dispatch, request, now, snoozing: wait)
        case .timedOut(let outcome): judged(outcome, .timeout, on: dispatch, request, now)
        case .idle(let outcome): judged(outcome, .idleTimeout, on: dispatch, request, now)
        case .unresponsive(let outcome): judged(outcome, .watchdog, on: dispatch, request, now)
        }
    }

    /// - Parameters:
    ///   - cause: why the worker ended it; nil: it did so itself.
    ///   - wait: how long to wait for the next start, when it has ended well; nil: it is done then.
    private func judged(
        _ end: Outcome, _ cause: DispatchReason?, on dispatch: Dispatch, _ request: Request, _ now: Now,
        snoozing wait: Duration? = nil
    ) -> DispatchEvent {
        switch end.verdict(on: dispatch, retry: request.retry, codes: request.exitCodes, endedFor: cause) {
        case .success: wait.map { .snooze(token, .init(end), due: now.wall + $0) } ?? .succeed(token, .init(end))
        case .failed(let reason): .fail(token, .init(end), reason)
        case .retry(let wait, let reason): .retry(token, .init(end), due: now.wall + wait, reason)
        }
    }
}

extension DispatchEvent {
    /// Why an attempt ended as it did, for the attempt's own record.
    fileprivate var reason: DispatchReason {
        switch self {
        case .retry(_, _, _, let reason), .fail(_, _, let reason): reason
        case .stop(_, .threw), .crash: .handler
        case .stop: .requested
        case .snooze: .snoozed
        case .fallDue, .unblock, .claim, .holdBack, .meetLimit, .succeed, .release, .lose, .cancel, .skip, .coalesce,
            .giveUp:
            .none
        }
    }
}

import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Synchronization
import Testing

/// Aim: every operation does to the store what it says, and nothing else. Method: operations drawn from a seed are done
/// to a store and to a ``Model``, plain dictionaries that say the same rules a second time as simply as can be; each
/// answer, and every so often each dispatch, must be the same. A failure names its seed.
@Suite struct `A job store beside a model of it` {
    @Test(arguments: EngineKind.allCases, [11, 12] as [UInt64])
    func `answers every operation as the model does`(engine: EngineKind, seed: UInt64) throws {
        try engine.withStore { store in
            var caller = try Caller(store, queue: "only", seed: seed)
            for step in 1...800 {
                try caller.step(now: store.now)
                if step.isMultiple(of: 200) { try caller.compare() }
                store.clock.advance(by: .milliseconds(Int.random(in: 0...9000, using: &caller.random)))
                try caller.promote(now: store.now)
            }
            try caller.compare()
            caller.expectVariety()
            #expect(try counts(store) == caller.model.counts, "seed \(seed)")
        }
    }

    /// How many are in each state, where one that has met the limit of its key counts as PENDING: the model knows of
    /// nothing else that it waits for.
    private func counts(_ store: StoreUnderTest) throws -> [DispatchState: Int] {
        var counts = try store.jobs.status().dispatches
        let blocked = try store.jobs.dispatches(DispatchFilter(state: .blocked, limit: .max))
        let held = blocked.count { $0.dispatch.heldBy != nil }
        counts[.blocked]? -= held
        counts[.pending]? += held
        return counts
    }

    /// Several threads, whose transactions are committed together where the engine can do that: what one of them is
    /// refused must not undo what the others do. Each has a queue of its own, so that its model can know what comes.
    @Test(arguments: EngineKind.allCases, [21, 22] as [UInt64])
    func `answers threads that write at the same time as the model of each does`(
        engine: EngineKind, seed: UInt64
    ) throws {
        try engine.withStore { store in
            let callers = try (0..<6).map { number in
                SharedCaller(try Caller(store, queue: "q\(number)", seed: seed * 100 + UInt64(number)))
            }
            for _ in 0..<6 {
                let now = store.now
                try store.jobs.promote(now: now)
                // A time at which nothing more falls due: a round of one caller would promote what is another's.
                try onThreads(callers.count) { number in
                    try callers[number].caller.withLock { caller in
                        caller.model.promote(now: now.wall)
                        for _ in 0..<40 { try caller.step(now: now) }
                    }
                }
                store.clock.advance(by: .seconds(20))
            }
            var counts: [DispatchState: Int] = [:]
            for shared in callers {
                try shared.caller.withLock { caller in
                    try caller.compare()
                    counts.merge(caller.model.counts, uniquingKeysWith: +)
                }
            }
            #expect(try self.counts(store) == counts, "seed \(seed)")
        }
    }

    private final class SharedCaller: Sendable {
        let caller: Mutex<Caller>
        init(_ caller: consuming sending Caller) { self.caller = Mutex(caller) }
    }
}

/// Somebody who does things to a queue and its workers, and knows from the model what must come of them.
private struct Caller {
    let store: StoreUnderTest
    let queue: QueueName
    let seed: UInt64
    var random: SplitMix
    var model = Model()
    private var workers: [WorkerID] = []
    private var seen: Set<String> = []
    private var hasHeld = false

    init(_ store: StoreUnderTest, queue: String, seed: UInt64) throws {
        self.store = store
        self.queue = try QueueName(queue)
        self.seed = seed
        random = SplitMix(state: seed)
        for _ in 0..<3 { workers.append(try store.worker(queues: [self.queue], slots: 5)) }
    }

    mutating func step(now: Now) throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: try enqueue(now)
        case 30..<58: try claim(now)
        case 58..<84: try finish(now)
        case 84..<92: try cancel(now)
        case 92..<97: try requeue(now)
        default: try crash(now)
        }
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func enqueue(_ now: Now) throws {
        var request = Request(command: .program(["true"]), retry: RetryPolicy(jitter: 0))
        if chance(25) { request.uniqueKey = "\(queue)-\(Int.random(in: 0..<4, using: &random))" }
        if chance(40) {
            let places = Int.random(in: 1...2, using: &random)
            request.concurrency = ConcurrencyLimit(key: "\(queue)-\(places)", max: places)
        }
        let known = model.ids.suffix(25)
        if chance(35) {
            request.after = (0..<Int.random(in: 1...2, using: &random)).compactMap { _ in
                known.randomElement(using: &random)
            }
        }
        let item = Enqueuing(
            request: request, queue: queue, priority: UInt8.random(in: 99...101, using: &random),
            maxAttempts: Int.random(in: 1...3, using: &random),
            due: chance(25) ? now.wall + .seconds(Int.random(in: 1...60, using: &random)) : nil)
        var answer: Enqueued?
        let failure = code { answer = try store.jobs.enqueue(item, now: now) }
        switch model.enqueue(item, now: now.wall) {
        case .held(let holder):
            expect(answer?.deduplicated == true && answer?.id == holder, "the key is held by \(holder)")
        case .refused: expect(failure == .refused, "what comes after a failure is refused")
        case .made(let entry):
            guard let answer, !answer.deduplicated else { return expect(false, "a request was not taken") }
            model.insert(entry, as: answer.id)
        }
    }

    private mutating func claim(_ now: Now) throws {
        guard let worker = workers.randomElement(using: &random) else { return }
        let slots = Int.random(in: 1...3, using: &random)
        let wanted = model.claimable(in: queue, slots)
        let outcome = try store.jobs.round(of: worker, results: [], queues: [queue], slots: slots, now: now)
        expect(outcome.claimed.map(\.dispatch.id) == wanted, "another order of claims than \(wanted)")
        for claimed in outcome.claimed { model.claim(claimed.dispatch.id, worker, claimed.dispatch.claim?.token) }
    }

    private mutating func finish(_ now: Now) throws {
        guard let (id, entry) = model.running.randomElement(using: &random), let owner = entry.owner,
            let token = entry.token
        else { return }
        let ending: AttemptResult.Ending
        switch Int.random(in: 0..<11, using: &random) {
        case 0..<5: ending = .ended(.exited(0))
        case 5..<7: ending = .ended(.exited(1))
        case 7: ending = .ended(.exited(127))
        case 8: ending = .cancelled(.signalled(15))
        case 9: ending = .snoozed(.exited(0), after: .seconds(Int.random(in: 1...60, using: &random)))
        default: ending = .notBegun
        }
        let result = AttemptResult(dispatch: id, token: token, ending: ending, output: [])
        let outcome = try store.jobs.round(of: owner, results: [result], queues: [], slots: 0, now: now)
        model.finish(id, ending, now: now.wall)
        expect(outcome.late.isEmpty && outcome.settled.map(\.id) == [id], "the result of \(id) was not taken")
        // The same result again is nobody's.
        let again = try store.jobs.round(of: owner, results: [result], queues: [], slots: 0, now: now)
        expect(again.late == [id] && again.settled.isEmpty, "a late result of \(id) was taken")
    }

    private mutating func cancel(_ now: Now) throws {
        guard let id = model.ids.suffix(40).randomElement(using: &random) else { return }
        let after = try store.jobs.cancel(id, now: now)
        model.cancel(id)
        expect(model.entries[id]?.agrees(with: after) ?? false, "\(id) was cancelled otherwise")
    }

    private mutating func requeue(_ now: Now) throws {
        guard let id = model.ids.suffix(60).randomElement(using: &random) else { return }
        var copy: DispatchID?
        let failure = code { copy = try store.jobs.requeue(id, now: now) }
        guard let entry = model.copy(of: id, now: now.wall) else {
            return expect(failure == .refused, "\(id) could be made again")
        }
        guard let copy else { return expect(false, "\(id) could not be made again") }
        model.insert(entry, as: copy)
    }

    private mutating func crash(_ now: Now) throws {
        let worker = workers.remove(at: Int.random(in: 0..<workers.count, using: &random))
        let settled = try store.jobs.rescue(worker, output: [:], now: now)
        let lost = model.crash(worker, now: now.wall)
        expect(Set(settled.map(\.id)) == Set(lost), "the death of \(worker) settled something else than \(lost)")
        workers.append(try store.worker(queues: [queue], slots: 5))
    }

    /// What falls due does so for the whole store.
    mutating func promote(now: Now) throws {
        try store.jobs.promote(now: now)
        model.promote(now: now.wall)
    }

    mutating func compare() throws {
        let found = try store.jobs.dispatches(DispatchFilter(queue: queue, limit: .max)).map(\.dispatch)
        expect(found.map(\.id).reversed() == model.ids, "there are other dispatches")
        for dispatch in found {
            seen.insert(dispatch.state.name)
            if dispatch.heldBy != nil { hasHeld = true }
            guard let entry = model.entries[dispatch.id], !entry.agrees(with: dispatch) else { continue }
            expect(false, "\(dispatch) is not \(entry)")
        }
    }

    /// The seeds and shares of the operations are such that everything happens.
    func expectVariety() {
        let wanted = DispatchState.allCases.filter { $0 != .skipped }.map(\.name)
        expect(seen.isSuperset(of: wanted), "only \(seen) were seen")
        expect(hasHeld, "none met the limit of its key")
        expect(model.entries.values.contains { $0.crashes > 0 && $0.state == .success }, "none outlived its worker")
    }

    private func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds { Issue.record("seed \(seed): \(what())") }
    }
}

/// A store of dispatches as a dictionary.
private struct Model {
    struct Entry {
        var queue: QueueName
        var priority: UInt8
        var due: Instant
        var maxAttempts: Int
        var unique: String?
        var after: [DispatchID] = []
        var concurrency: ConcurrencyLimit?
        var parent: DispatchID?
        var state: DispatchState
        var blocker: DispatchID?
        var attempt = 0
        var crashes = 0
        var owner: WorkerID?
        var token: Token?
        var isToStop = false

        func agrees(with dispatch: Dispatch) -> Bool {
            dispatch.queue == queue && dispatch.priority == priority && dispatch.dueAt == due
                && dispatch.maxAttempts == maxAttempts && dispatch.parent == parent
                && (dispatch.state == state || state == .pending && dispatch.heldBy != nil)
                && dispatch.blocker == blocker && dispatch.attempt == attempt && dispatch.crashes == crashes
                && dispatch.claim?.worker == owner && dispatch.claim?.token == token
                && dispatch.cancelRequested == isToStop
        }
    }

    enum Enqueuement {
        case made(Entry)
        case held(DispatchID)
        case refused
    }

    private(set) var entries: [DispatchID: Entry] = [:]
    /// Oldest first.
    private(set) var ids: [DispatchID] = []

    var running: [(key: DispatchID, value: Entry)] {
        entries.filter { $0.value.state == .inProgress }.sorted { $0.key < $1.key }
    }

    /// Of every state, also of those that none is in.
    var counts: [DispatchState: Int] {
        var counts = Dictionary(uniqueKeysWithValues: DispatchState.allCases.map { ($0, 0) })
        for entry in entries.values { counts[entry.state]? += 1 }
        return counts
    }

    mutating func insert(_ entry: Entry, as id: DispatchID) {
        entries[id] = entry
        ids.append(id)
    }

    private func holder(of key: String?) -> DispatchID? {
        guard let key else { return nil }
        return entries.first { $0.value.unique == key && !$0.value.state.isTerminal }?.key
    }

    /// The first that has not succeeded.
    private func obstacle(_ after: [DispatchID]) -> (id: DispatchID, state: DispatchState)? {
        for id in after {
            if let state = entries[id]?.state, state != .success { return (id, state) }
        }
        return nil
    }

    func enqueue(_ item: Enqueuing, now: Instant) -> Enqueuement {
        if let holder = holder(of: item.request.uniqueKey) { return .held(holder) }
        var entry = Entry(
            queue: item.queue, priority: item.priority, due: now, maxAttempts: item.maxAttempts,
            unique: item.request.uniqueKey, after: item.request.after, concurrency: item.request.concurrency,
            state: .pending)
        if let due = item.due {
            (entry.state, entry.due) = (.scheduled, due)
        } else if let obstacle = obstacle(entry.after) {
            if obstacle.state.isTerminal { return .refused }
            (entry.state, entry.blocker) = (.blocked, obstacle.id)
        }
        return .made(entry)
    }

    func claimable(in queue: QueueName, _ limit: Int) -> [DispatchID] {
        let ready = entries.filter { $0.value.state == .pending && $0.value.queue == queue }
        let order = ready.sorted {
            ($0.value.priority, $0.value.due, $0.key) < ($1.value.priority, $1.value.due, $1.key)
        }
        var places = running.reduce(into: [String: Int]()) { $0[$1.value.concurrency?.key ?? "", default: 0] += 1 }
        var claimable: [DispatchID] = []
        for (id, entry) in order where claimable.count < limit {
            if let limit = entry.concurrency {
                guard places[limit.key, default: 0] < limit.max else { continue }
                places[limit.key, default: 0] += 1
            }
            claimable.append(id)
        }
        return claimable
    }

    mutating func claim(_ id: DispatchID, _ worker: WorkerID, _ token: Token?) {
        change(id) { entry in
            entry.state = .inProgress
            entry.attempt += 1
            (entry.owner, entry.token) = (worker, token)
        }
    }

    mutating func finish(_ id: DispatchID, _ ending: AttemptResult.Ending, now: Instant) {
        guard let entry = entries[id] else { return }
        change(id) { ($0.owner, $0.token) = (nil, nil) }
        switch ending {
        case .ended(.exited(0)): end(id, .success)
        case .ended(.exited(1)) where entry.attempt < entry.maxAttempts:
            if entry.isToStop { return end(id, .cancelled) }
            change(id) { entry in
                entry.state = .scheduled
                // 15 s, 30 s, 60 s.
                entry.due = now + .seconds(15 << (entry.attempt - 1))
            }
        case .ended: end(id, .failed)
        case .notBegun:
            if entry.isToStop { return end(id, .cancelled) }
            change(id) { entry in
                entry.state = .pending
                entry.attempt -= 1
            }
        case .snoozed(_, let wait):
            if entry.isToStop { return end(id, .cancelled) }
            change(id) { entry in
                entry.state = .scheduled
                entry.due = now + wait
                entry.attempt -= 1
            }
        case .timedOut, .idle, .unresponsive, .cancelled, .drained: end(id, .cancelled)
        }
    }

    mutating func cancel(_ id: DispatchID) {
        switch entries[id]?.state {
        case .inProgress?: change(id) { $0.isToStop = true }
        case .scheduled?, .blocked?, .pending?: end(id, .cancelled)
        case .success?, .failed?, .cancelled?, .skipped?, nil: break
        }
    }

    /// Nil: it cannot be made again.
    func copy(of id: DispatchID, now: Instant) -> Entry? {
        guard let entry = entries[id], entry.state.isTerminal, holder(of: entry.unique) == nil else { return nil }
        return Entry(
            queue: entry.queue, priority: entry.priority, due: now, maxAttempts: entry.maxAttempts,
            unique: entry.unique, concurrency: entry.concurrency, parent: id, state: .pending)
    }

    /// Returns what it had.
    mutating func crash(_ worker: WorkerID, now: Instant) -> [DispatchID] {
        let lost = running.filter { $0.value.owner == worker }.map(\.key)
        for id in lost {
            change(id) { entry in
                entry.crashes += 1
                (entry.owner, entry.token) = (nil, nil)
            }
            guard let entry = entries[id] else { continue }
            if entry.isToStop {
                end(id, .cancelled)
            } else if entry.crashes == 3 {
                end(id, .failed)
            } else {
                change(id) { ($0.state, $0.due) = (.pending, now) }
            }
        }
        return lost
    }

    mutating func promote(now: Instant) {
        let due = entries.filter { $0.value.state == .scheduled && $0.value.due <= now }
        for (id, _) in due.sorted(by: { ($0.value.due, $0.key) < ($1.value.due, $1.key) }) { release(id) }
    }

    private mutating func end(_ id: DispatchID, _ state: DispatchState) {
        change(id) { entry in
            entry.state = state
            entry.blocker = nil
        }
        for waiter in ids where entries[waiter]?.blocker == id { release(waiter) }
    }

    /// What waited for something, or for its time, waits for the next, or for a worker, or no more.
    private mutating func release(_ id: DispatchID) {
        guard let entry = entries[id], !entry.state.isTerminal else { return }
        guard let obstacle = obstacle(entry.after) else {
            return change(id) { ($0.state, $0.blocker) = (.pending, nil) }
        }
        if obstacle.state.isTerminal { return end(id, .cancelled) }
        change(id) { ($0.state, $0.blocker) = (.blocked, obstacle.id) }
    }

    private mutating func change(_ id: DispatchID, _ change: (inout Entry) -> Void) {
        guard entries[id] != nil else { return }
        change(&entries[id]!)
    }
}

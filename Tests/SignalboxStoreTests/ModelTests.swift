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
            for step in 1...1000 {
                if caller.chance(7) { try caller.changeRetention(now: store.now) }
                try caller.step(now: store.now)
                #expect(try store.jobs.status().pruned == UInt64(caller.model.pruned), "seed \(seed), step \(step)")
                if step.isMultiple(of: 50) { try caller.compare() }
                store.clock.advance(by: .milliseconds(Int.random(in: 0...9000, using: &caller.random)))
                try caller.promote(now: store.now)
            }
            try caller.compare()
            caller.expectVariety()
            #expect(caller.model.pruned > 150, "seed \(seed)")
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
            // What is kept is the same for all.
            try store.jobs.setRetention(Caller.limits[0], enqueued: Caller.limits[0], now: store.now)
            for shared in callers { shared.caller.withLock { $0.model.keep = Caller.limits[0].over(.forever) } }
            for _ in 0..<6 {
                let now = store.now
                while try store.prune() > 0 {}
                for shared in callers { shared.caller.withLock { $0.model.prune(now: now.wall) } }
                try store.jobs.promote(now: now)
                // A time at which nothing more falls due: a round of one caller would promote what is another's.
                try onThreads(callers.count) { number in
                    try callers[number].caller.withLock { caller in
                        caller.notePromotion(now: now)
                        for _ in 0..<40 { try caller.step(now: now) }
                    }
                }
                store.clock.advance(by: .seconds(20))
            }
            var (counts, pruned): ([DispatchState: Int], Int) = ([:], 0)
            for shared in callers {
                try shared.caller.withLock { caller in
                    try caller.compare()
                    counts.merge(caller.model.counts, uniquingKeysWith: +)
                    pruned += caller.model.pruned
                }
            }
            #expect(try self.counts(store) == counts, "seed \(seed)")
            #expect(pruned > 0, "seed \(seed)")
            #expect(try store.jobs.status().pruned == UInt64(pruned), "seed \(seed)")
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
    private var hasOutlived = false
    /// All that it ever made.
    private var made: [DispatchID] = []

    /// Of what is kept: small, for all of it to matter.
    static let limits = [
        "success: 12, failed: 10, skipped: 8", "success: 3 or 60s, failed: 25, skipped: 2",
        "success: 30, failed: 90s, skipped: 30 or 40s", "success: 0, failed: 0, skipped: 0",
        "success: 40, failed: 30, skipped: 30", "forever",
    ].map { try! KeepPolicy(text: $0) }

    init(_ store: StoreUnderTest, queue: String, seed: UInt64) throws {
        self.store = store
        self.queue = try QueueName(queue)
        self.seed = seed
        random = SplitMix(state: seed)
        for _ in 0..<3 { workers.append(try store.worker(queues: [self.queue], slots: 5)) }
    }

    mutating func step(now: Now) throws {
        let counted = model.counted
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: try enqueue(now)
        case 30..<58: try claim(now)
        case 58..<84: try finish(now)
        case 84..<91: try cancel(now)
        case 91..<96: try requeue(now)
        case 96..<98: return try pin(now)
        default: try crash(now)
        }
        model.pruneAlong(since: counted)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func enqueue(_ now: Now) throws {
        let item = randomItem(now)
        var answer: Enqueued?
        let failure = code { answer = try store.jobs.enqueue(item, now: now) }
        switch model.enqueue(item, now: now.wall) {
        case .held(let holder):
            expect(answer?.id == holder && answer?.deduplicated == true, "the key is held by \(holder): \(item)")
        case .refused: expect(failure == .refused, "a key that is held is refused: \(item)")
        case .made(let entry, let replaced):
            guard let answer, !answer.deduplicated else { return expect(false, "a request was not taken: \(item)") }
            expect(answer.replaced == replaced, "it was to replace \(String(describing: replaced)): \(item)")
            model.insert(entry, as: answer.id, now: now.wall)
            made.append(answer.id)
        }
    }

    private mutating func randomItem(_ now: Now) -> Enqueuing {
        var request = Request(command: .program(["true"]), retry: RetryPolicy(jitter: 0))
        if chance(15) { request.retry.limit = .seconds(20) }
        if chance(40) { request.unique = randomKey() }
        if chance(40) {
            let places = Int.random(in: 1...2, using: &random)
            request.concurrency = ConcurrencyLimit(key: "\(queue)-\(places)", max: places)
        }
        let known = model.ids.suffix(25)
        if chance(35) {
            request.after = (0..<Int.random(in: 1...2, using: &random)).compactMap { _ in
                known.randomElement(using: &random)
            }
            request.onParentFail = ParentFailure.allCases.randomElement(using: &random) ?? .cancel
        }
        let delay: Duration? =
            request.unique?.onConflict == .debounce ? .seconds(Int.random(in: 1...60, using: &random)) : nil
        return Enqueuing(
            request: request, queue: queue, priority: UInt8.random(in: 99...101, using: &random),
            maxAttempts: Int.random(in: 1...3, using: &random),
            due: chance(25) ? now.wall + .seconds(Int.random(in: 1...60, using: &random)) : nil, delay: delay)
    }

    private mutating func randomKey() -> UniqueKey {
        let scopes: [UniqueScope] = [.active, .active, .active, .window(.seconds(30)), .forever]
        let scope = scopes.randomElement(using: &random) ?? .active
        // What is held for ever leaves nothing to happen.
        let text = "\(queue)-\(Int.random(in: 0..<(scope == .forever ? 200 : 4), using: &random))"
        return UniqueKey(
            scope == .forever ? "ever-\(text)" : text, scope: scope,
            onConflict: ConflictPolicy.allCases.randomElement(using: &random) ?? .existing)
    }

    private mutating func claim(_ now: Now) throws {
        guard let worker = workers.randomElement(using: &random) else { return }
        let slots = Int.random(in: 1...3, using: &random)
        let wanted = model.claimable(in: queue, slots, now: now.wall)
        let outcome = try store.jobs.round(of: worker, results: [], queues: [queue], slots: slots, now: now)
        expect(outcome.claimed.map(\.dispatch.id) == wanted, "another order of claims than \(wanted)")
        for claimed in outcome.claimed {
            model.claim(claimed.dispatch.id, worker, claimed.dispatch.claim?.token, now: now.wall)
        }
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
        if entry.crashes > 0, model.entries[id]?.state == .success { hasOutlived = true }
        expect(outcome.late.isEmpty && outcome.settled.map(\.id) == [id], "the result of \(id) was not taken")
        // The same result again is nobody's.
        let again = try store.jobs.round(of: owner, results: [result], queues: [], slots: 0, now: now)
        expect(again.late == [id] && again.settled.isEmpty, "a late result of \(id) was taken")
    }

    private mutating func cancel(_ now: Now) throws {
        guard let id = made.suffix(40).randomElement(using: &random) else { return }
        var after: Dispatch?
        let failure = code { after = try store.jobs.cancel(id, now: now) }
        model.cancel(id, now: now.wall)
        guard let entry = model.entries[id] else { return expectPruned(id, failure) }
        expect(after.map(entry.agrees) ?? false, "\(id) was cancelled otherwise")
    }

    private func expectPruned(_ id: DispatchID, _ failure: StoreError.Code?) {
        expect(failure == .notFound, "\(id) is to be pruned, and is there")
    }

    /// Also one that has not ended yet.
    private mutating func pin(_ now: Now) throws {
        guard let id = made.suffix(60).randomElement(using: &random) else { return }
        let isPinned = chance(60)
        var hasChanged: Bool?
        let failure = code { hasChanged = try store.jobs.setPinned(isPinned, id, now: now) }
        guard let entry = model.entries[id] else { return expectPruned(id, failure) }
        expect(hasChanged == (entry.isPinned != isPinned), "\(id) was pinned, or not, already")
        model.change(id) { $0.isPinned = isPinned }
    }

    /// Other limits, or a walk, in slices of any size.
    mutating func changeRetention(now: Now) throws {
        guard chance(70) else {
            let limits = Self.limits.randomElement(using: &random)!
            try store.jobs.setRetention(.unset, enqueued: limits, now: now)
            return model.keep = limits.over(model.keep)
        }
        // What a walk lets go may let go what it has passed.
        while try store.prune(PruneWalk(), limit: Int.random(in: 1...30, using: &random)) > 0 {}
        model.prune(now: now.wall)
    }

    private mutating func requeue(_ now: Now) throws {
        guard let id = made.suffix(60).randomElement(using: &random) else { return }
        var copy: DispatchID?
        let failure = code { copy = try store.jobs.requeue(id, now: now) }
        guard model.entries[id] != nil else { return expectPruned(id, failure) }
        guard let entry = model.copy(of: id, now: now.wall) else {
            return expect(failure == .refused, "\(id) could be made again")
        }
        guard let copy else { return expect(false, "\(id) could not be made again") }
        model.insert(entry, as: copy, now: now.wall)
        made.append(copy)
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
        notePromotion(now: now)
    }

    mutating func notePromotion(now: Now) {
        let counted = model.counted
        model.promote(now: now.wall)
        model.pruneAlong(since: counted)
    }

    mutating func compare() throws {
        let found = try store.jobs.dispatches(DispatchFilter(queue: queue, limit: .max))
        expect(found.map(\.id).reversed() == model.ids, "there are other dispatches")
        let pinned = Set(found.filter(\.isPinned).map(\.id))
        expect(pinned == Set(model.ids.filter { model.entries[$0]?.isPinned == true }), "others are pinned")
        for dispatch in found.map(\.dispatch) {
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
        expect(hasOutlived, "none outlived its worker")
    }

    private func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds { Issue.record("seed \(seed): \(what())") }
    }
}

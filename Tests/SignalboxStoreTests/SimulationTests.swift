import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

/// Aim: whatever users, workers, crashes and clocks do, in any order, nothing is lost, doubled or stuck. Method: steps
/// drawn from a seed on a store in memory, beside a model of who was given what; a failure names its seed, and the same
/// seed does the same again.
@Suite struct `A store under random steps` {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `keeps its promises`(seed: UInt64) throws {
        try withMemoryStore { store in
            var simulation = try Simulation(store: store, seed: seed)
            for step in 1...5000 {
                try simulation.step()
                if step % 500 == 0 { try simulation.check() }
            }
            try simulation.settleEverything()
        }
    }
}

private struct Simulation {
    let store: TestStore<MemoryEngine>
    let seed: UInt64
    var random: SplitMix
    var workers: [WorkerID] = []
    /// What each worker was given and has not settled, as the workers know it.
    var held: [DispatchID: Dispatch] = [:]
    /// Claims that were taken away: their owners may still speak.
    var lost: [Dispatch] = []
    var ids: [DispatchID] = []
    var jobs: [JobName] = []
    var ended: [DispatchID: Dispatch] = [:]

    var now: Now { store.now }

    init(store: TestStore<MemoryEngine>, seed: UInt64) throws {
        self.store = store
        self.seed = seed
        random = SplitMix(state: seed)
        for (number, policy) in OverlapPolicy.allCases.enumerated() {
            let name = try JobName("job-\(policy.word)")
            let definition = JobDefinition(
                name: name, schedule: number == 3 ? .boot : .every(.seconds(Int64(40 + number * 30))),
                command: .shell("true"), maxAttempts: 1 + number, overlap: OverlapRule(policy),
                catchUp: CatchUpPolicy(mode: .all, maximum: 3))
            try store.jobs.add(definition, zones: store.zones, now: store.now)
            jobs.append(name)
        }
        for _ in 0..<5 { try addWorker() }
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<18: try enqueue()
        case 18..<45: try claim()
        case 45..<72: try finish()
        case 72..<74: try speakLate()
        case 74..<77: try crash(Int.random(in: 0..<workers.count, using: &random))
        case 77..<80: try cancel()
        case 80..<82: try requeue()
        case 82..<92: try passTime()
        case 92..<96: _ = try fire()
        case 96..<98: try runNow()
        case 98: try store.jobs.promote(now: now)
        default: try pauseOrReboot()
        }
    }

    private func fire() throws {
        _ = try store.jobs.fire(now: now, zones: store.zones)
        while try store.jobs.schedulerView(now: now).mustRewind {
            _ = try store.jobs.rewind(zones: store.zones, now: now)
        }
    }

    // MARK: Users

    private mutating func enqueue() throws {
        var request = Request(command: .shell("true"), rescue: chance(80) ? .retry : .fail)
        if chance(30) { request.unique = randomKey() }
        if chance(20) { request.retry.limit = .seconds(Int.random(in: 1...60, using: &random)) }
        if chance(30) {
            request.after = (0..<2).compactMap { _ in ids.suffix(20).randomElement(using: &random) }
            request.onParentFail = chance(70) ? .cancel : chance(50) ? .run : .wait
        }
        if chance(20) { request.concurrency = ConcurrencyLimit(key: "places", max: 2) }
        if chance(10) { request.rate = RateLimit(key: "starts", rate: Rate(count: 5, per: .seconds(30))) }
        let wait: Duration? = chance(30) ? .seconds(Int.random(in: -5...90, using: &random)) : nil
        let isDelay = ids.count.isMultiple(of: 2)
        let item = Enqueuing(
            request: request, priority: UInt8.random(in: 98...102, using: &random),
            maxAttempts: Int.random(in: 1...4, using: &random),
            due: isDelay ? nil : wait.map { now.wall + $0 }, delay: isDelay ? wait : nil)
        do {
            let made = try store.jobs.enqueue(item, now: now)
            if made.deduplicated {
                let holder = try dispatch(made.id)
                let isActive = request.unique?.scope == .active
                expect(!isActive || !holder.state.isTerminal, "the holder \(made.id) of a unique key has ended")
            } else {
                ids.append(made.id)
            }
        } catch let error as StoreError where error.code == .refused || error.code == .invalid {}
    }

    private mutating func randomKey() -> UniqueKey {
        let scopes: [UniqueScope] = [.active, .active, .window(.seconds(50)), .forever]
        let number = Int.random(in: 0..<scopes.count, using: &random)
        // What is held for ever leaves nothing to happen.
        let text = number < 3 ? "key-\(number / 2)-\(Int.random(in: 0..<4, using: &random))" : "ever-\(ids.count)"
        return UniqueKey(
            text, scope: scopes[number], onConflict: ConflictPolicy.allCases.randomElement(using: &random)!)
    }

    private mutating func requeue() throws {
        guard let id = ids.suffix(60).randomElement(using: &random) else { return }
        do { ids.append(try store.jobs.requeue(id, now: now)) } catch let error as StoreError
            where error.code == .refused
        {}
    }

    private mutating func cancel() throws {
        guard let id = ids.suffix(60).randomElement(using: &random) else { return }
        let before = try dispatch(id)
        let after = try store.jobs.cancel(id, now: now)
        expect(before.state.isTerminal ? after == before : after.state == .cancelled || after.cancelRequested, "\(id)")
    }

    private mutating func runNow() throws {
        let job = jobs.randomElement(using: &random)!
        let mode = [RunMode.policy, .queue, .force].randomElement(using: &random)!
        do { _ = try store.jobs.run(job, mode: mode, input: nil, now: now) } catch let error as StoreError
            where error.code == .refused
        {}
    }

    // MARK: Workers

    private mutating func addWorker() throws {
        let id = try store.jobs.newWorkerID(now: now)
        try store.jobs.register(
            WorkerRegistration(
                id: id, name: "w", process: ProcessIdentity(pid: 1, startTicks: 1), bootID: now.bootID, host: "box",
                queues: [.standard], slots: 3, version: "1", startedAt: now.wall),
            now: now)
        workers.append(id)
    }

    private mutating func claim() throws {
        let worker = workers.randomElement(using: &random)!
        let slots = Int.random(in: 1...3, using: &random)
        let outcome = try store.jobs.round(of: worker, results: [], queues: [.standard], slots: slots, now: now)
        expect(outcome.isRegistered && outcome.claimed.count <= slots, "a living worker is refused")
        for claimed in outcome.claimed.map(\.dispatch) {
            expect(held[claimed.id] == nil, "\(claimed.id) was given to two at once")
            expect(claimed.attempt <= claimed.maxAttempts + claimed.crashes, "\(claimed.id) has too many attempts")
            // What a limit kept waiting may be given when the wall clock has been set back meanwhile.
            let isLimited = outcome.claimed.contains { $0.dispatch.id == claimed.id && $0.request.work.isLimited }
            expect(
                isLimited || claimed.dueAt <= now.wall || claimed.attempt > 0, "\(claimed.id) was given before its time"
            )
            held[claimed.id] = claimed
        }
    }

    private mutating func finish() throws {
        guard let dispatch = held.values.sorted(by: { $0.id < $1.id }).randomElement(using: &random) else { return }
        let endings: [AttemptResult.Ending] = [
            .ended(.exited(0)), .ended(.exited(0)), .ended(.exited(1)), .ended(.exited(127)), .ended(.signalled(9)),
            .timedOut(.signalled(15)), dispatch.id.number.isMultiple(of: 2) ? .notBegun : .drained(.signalled(15)),
            .cancelled(.signalled(15)), .ended(.notStarted("no")),
        ]
        let outcome = try settle(dispatch, endings.randomElement(using: &random)!)
        expect(outcome.settled.map(\.id) == [dispatch.id] && outcome.late.isEmpty, "\(dispatch.id) was late")
        if chance(20) { lost.append(dispatch) }
    }

    /// Somebody whose claim is gone reports a result.
    private mutating func speakLate() throws {
        guard let stale = lost.randomElement(using: &random) else { return }
        try store.jobs.promote(now: now)  // which every round does
        let before = try dispatch(stale.id)
        let sequence = try store.jobs.sequence()
        let owner = held[stale.id]
        let outcome = try settle(stale, .ended(.exited(0)))
        held[stale.id] = owner
        expect(outcome.late == [stale.id] && outcome.settled.isEmpty, "a late result of \(stale.id) was believed")
        let (after, sequenceAfter) = (try dispatch(stale.id), try store.jobs.sequence())
        // It leaves an event.
        expect(after == before && sequenceAfter == sequence + 1, "a late result changed \(stale.id)")
    }

    private mutating func settle(_ dispatch: Dispatch, _ ending: AttemptResult.Ending) throws -> RoundOutcome {
        let claim = dispatch.claim!
        held[dispatch.id] = nil
        let result = AttemptResult(
            dispatch: dispatch.id, token: claim.token, ending: ending, output: [line("\(dispatch.id)")])
        // A round without queues: an owner that is counted dead may speak too.
        return try store.jobs.round(of: claim.worker, results: [result], queues: [], slots: 0, now: now)
    }

    private mutating func crash(_ index: Int) throws {
        let worker = workers.remove(at: index)
        let mine = held.values.filter { $0.claim?.worker == worker }
        let settled = try store.jobs.rescue(worker, output: [:], now: now)
        expect(Set(settled.map(\.id)) == Set(mine.map(\.id)), "the reaper of \(worker) settled something else")
        for dispatch in mine {
            held[dispatch.id] = nil
            lost.append(dispatch)
        }
        try addWorker()
    }

    // MARK: The machine

    private mutating func passTime() throws {
        store.clock.advance(by: .milliseconds(Int.random(in: 1...20_000, using: &random)))
        if chance(5) { store.clock.stepWall(by: .seconds(Int.random(in: -300...300, using: &random))) }
    }

    private mutating func pauseOrReboot() throws {
        let job = jobs.randomElement(using: &random)!
        guard chance(30) else { return _ = try store.jobs.setPaused(chance(50), job, now: now) }
        store.clock.reboot()
        try replaceWorkers()
        _ = try store.jobs.fireBootJobs(now: now)
    }

    /// The first worker that registers in a boot settles what all those of the boot before held.
    private mutating func replaceWorkers() throws {
        let count = workers.count
        workers = []
        lost += held.values.sorted { $0.id < $1.id }
        held = [:]
        for _ in 0..<count { try addWorker() }
    }

    // MARK: What must hold

    private func dispatch(_ id: DispatchID) throws -> Dispatch { try store.jobs.dispatch(id)!.view.dispatch }

    private func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds { Issue.record("seed \(seed): \(what())") }
    }

    mutating func check() throws {
        for fault in try store.jobs.verify().faults { Issue.record("seed \(seed): \(fault)") }
        let all = try store.jobs.dispatches(DispatchFilter(limit: .max)).map(\.dispatch)
        expect(Set(all.map(\.id)).isSuperset(of: ids), "a dispatch is lost")
        expect(Set(held.keys) == Set(all.filter { $0.state == .inProgress }.map(\.id)), "owners and records differ")
        for dispatch in all where dispatch.state.isTerminal {
            expect(ended[dispatch.id] == nil || ended[dispatch.id] == dispatch, "\(dispatch.id) changed after its end")
            ended[dispatch.id] = dispatch
        }
    }

    /// What waits for somebody to make its parent again waits until then.
    private func cancelParked() throws {
        for waiting in try store.jobs.dispatches(DispatchFilter(state: .blocked, limit: .max)).map(\.dispatch) {
            guard let blocker = try waiting.blocker.map(dispatch), blocker.state.isTerminal else { continue }
            _ = try store.jobs.cancel(waiting.id, now: now)
        }
    }

    /// When every command succeeds and time passes, everything comes to its end.
    mutating func settleEverything() throws {
        for round in 0..<2000 {
            store.clock.advance(by: .seconds(60))
            for dispatch in held.values { _ = try settle(dispatch, .ended(.exited(0))) }
            try claim()
            try cancelParked()
            let status = try store.jobs.status()
            let waiting = DispatchState.allCases.filter { !$0.isTerminal }.reduce(0) { $0 + status.count($1) }
            if waiting == 0 { break }
            expect(round < 1999, "\(waiting) dispatches never end")
        }
        try check()
        expect(ended.count > 500, "too little happened: \(ended.count)")
        let reasons = Set(ended.values.map(\.reason))
        let wanted: Set<DispatchReason> = [
            .poison, .workerDied, .requested, .parentFailed, .overlap, .paused, .exit, .replaced, .retriesOver,
        ]
        expect(reasons.isSuperset(of: wanted), "never seen: \(wanted.subtracting(reasons))")
    }
}

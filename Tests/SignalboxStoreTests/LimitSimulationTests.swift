import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

/// Aim: whatever users, workers, crashes, pauses and clocks do, never more run with a key than may, never more are
/// started in any window than its rate allows, and nobody waits while there is room and a worker idle. Method: steps
/// drawn from a seed on a store in memory, beside a count of what runs and a log of every start in real time; a failure
/// names its seed, and the same seed does the same again.
@Suite struct `Limits under random steps` {
    @Test(arguments: 31...33 as ClosedRange<UInt64>)
    func `are kept, and keep nobody waiting for nothing`(seed: UInt64) throws {
        try withMemoryStore { store in
            var simulation = try LimitSimulation(store: store, seed: seed)
            for step in 1...1000 {
                try simulation.step()
                if step.isMultiple(of: 40) { try simulation.checkWaiting() }
                if step.isMultiple(of: 250) { try simulation.verify() }
            }
            try simulation.settleEverything()
        }
    }
}

private struct LimitSimulation {
    let store: TestStore<MemoryEngine>
    let seed: UInt64
    var random: SplitMix
    /// Real time since the beginning.
    var elapsed: Duration = .zero
    var workers: [WorkerID] = []
    var held: [DispatchID: ClaimedDispatch] = [:]
    var ids: [DispatchID] = []
    var paused: Set<QueueName> = []
    /// When something was started, by rate key, and by queue.
    var starts: [String: [Duration]] = [:]
    var seen: Set<String> = []

    static let queues = ["a", "b", "slow"].map { try! QueueName($0) }
    static let slow = Rate(count: 3, per: .seconds(30))
    static let limits = [ConcurrencyLimit(key: "x", max: 1), ConcurrencyLimit(key: "y", max: 3)]
    static let rates = [
        RateLimit(key: "x", rate: Rate(count: 2, per: .seconds(20))),
        RateLimit(key: "y", rate: Rate(count: 7, per: .seconds(45))),
    ]

    var now: Now { store.now }

    init(store: TestStore<MemoryEngine>, seed: UInt64) throws {
        self.store = store
        self.seed = seed
        random = SplitMix(state: seed)
        try store.jobs.setRate(Self.slow, of: Self.queues[2], now: store.now)
        for _ in 0..<3 { try addWorker() }
        try plan()
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30: try enqueue()
        case 30..<55: try claim(of: Self.queues.filter { _ in chance(60) })
        case 55..<80: try finish()
        case 80..<84: try cancel()
        case 84..<86: try crash(Int.random(in: 0..<workers.count, using: &random))
        case 86..<96: pass(.milliseconds(Int.random(in: 1...9000, using: &random)))
        case 96..<98: try pauseOrResume()
        case 98: try store.jobs.promote(now: now)
        default: try stepOrReboot()
        }
    }

    // MARK: Users

    private mutating func enqueue() throws {
        var request = Request(command: .shell("true"), retry: RetryPolicy(base: .seconds(5)))
        if chance(60) { request.concurrency = Self.limits.randomElement(using: &random) }
        if chance(15) {
            request.concurrency = ConcurrencyLimit(key: "varied", max: Int.random(in: 1...4, using: &random))
        }
        if chance(40) { request.rate = Self.rates.randomElement(using: &random) }
        if chance(5) {
            let rate = Rate(count: Int.random(in: 1...4, using: &random), per: .seconds(15))
            request.rate = RateLimit(key: "varied", rate: rate)
        }
        let item = Enqueuing(
            request: request, queue: Self.queues.randomElement(using: &random)!,
            priority: UInt8.random(in: 99...101, using: &random), maxAttempts: Int.random(in: 1...3, using: &random),
            delay: chance(15) ? .seconds(Int.random(in: 1...30, using: &random)) : nil)
        ids.append(try store.jobs.enqueue(item, now: now).id)
    }

    private mutating func cancel() throws {
        guard let id = ids.suffix(60).randomElement(using: &random) else { return }
        _ = try store.jobs.cancel(id, now: now)
    }

    private mutating func pauseOrResume() throws {
        let queue = Self.queues.randomElement(using: &random)!
        if paused.remove(queue) != nil {
            _ = try store.jobs.resume(queue: queue, now: now)
        } else {
            paused.insert(queue)
            _ = try store.jobs.pause(queue: queue, by: "ann@box", reason: nil, now: now)
        }
    }

    // MARK: Workers

    private mutating func addWorker() throws {
        let id = try store.jobs.newWorkerID(now: now)
        try store.jobs.register(
            WorkerRegistration(
                id: id, name: "w", process: ProcessIdentity(pid: 1, startTicks: 1), bootID: now.bootID, host: "box",
                queues: Self.queues, slots: 9, version: "1", startedAt: now.wall),
            now: now)
        workers.append(id)
    }

    private mutating func claim(of queues: [QueueName], slots: Int? = nil) throws {
        let worker = workers.randomElement(using: &random)!
        let slots = slots ?? Int.random(in: 1...3, using: &random)
        let outcome = try store.jobs.round(of: worker, results: [], queues: queues, slots: slots, now: now)
        for claimed in outcome.claimed { note(claimed) }
    }

    /// Judges a start by what ran and was started before.
    private mutating func note(_ claimed: ClaimedDispatch) {
        let dispatch = claimed.dispatch
        held[dispatch.id] = claimed
        expect(!paused.contains(dispatch.queue), "\(dispatch.id) of a paused queue was started")
        if let limit = claimed.request.concurrency, limit.key != "varied" {
            expect(running(limit.key) <= limit.max, "\(running(limit.key)) run with the key \(limit.key)")
        }
        if let limit = claimed.request.rate, limit.key != "varied" { start(limit.key, limit.rate) }
        if dispatch.queue == Self.queues[2] { start("the queue", Self.slow) }
    }

    private mutating func start(_ key: String, _ rate: Rate) {
        starts[key, default: []].append(elapsed)
        expect(counted(key, rate) <= rate.count, "\(counted(key, rate)) were started with the key \(key)")
    }

    private func running(_ key: String) -> Int { held.values.count { $0.request.concurrency?.key == key } }
    private func counted(_ key: String, _ rate: Rate) -> Int {
        starts[key, default: []].reversed().prefix { $0 + rate.per > elapsed }.count
    }

    private mutating func finish() throws {
        guard let claimed = held.values.sorted(by: { $0.dispatch.id < $1.dispatch.id }).randomElement(using: &random)
        else { return }
        let endings: [AttemptResult.Ending] = [
            .ended(.exited(0)), .ended(.exited(0)), .ended(.exited(1)), .ended(.exited(127)), .drained(.signalled(15)),
            .cancelled(.signalled(15)), .notBegun,
        ]
        try settle(claimed, endings.randomElement(using: &random)!)
    }

    private mutating func settle(_ claimed: ClaimedDispatch, _ ending: AttemptResult.Ending) throws {
        let (id, claim) = (claimed.dispatch.id, claimed.dispatch.claim!)
        held[id] = nil
        let result = AttemptResult(dispatch: id, token: claim.token, ending: ending, output: [])
        let outcome = try store.jobs.round(of: claim.worker, results: [result], queues: [], slots: 0, now: now)
        expect(outcome.settled.map(\.id) == [id], "the result of \(id) was not taken")
    }

    private mutating func crash(_ index: Int) throws {
        let worker = workers.remove(at: index)
        _ = try store.jobs.rescue(worker, output: [:], now: now)
        held = held.filter { $0.value.dispatch.claim?.worker != worker }
        try addWorker()
    }

    // MARK: The machine

    private mutating func pass(_ time: Duration) {
        store.clock.advance(by: time)
        elapsed += time
    }

    private mutating func stepOrReboot() throws {
        guard chance(40) else {
            store.clock.stepWall(by: .seconds(Int.random(in: -300...300, using: &random)))
            return try plan()
        }
        store.clock.reboot(after: .seconds(10))
        elapsed += .seconds(10)
        for _ in workers { try crash(0) }
        try plan()
    }

    /// A scheduler notes what became of the wall clock: from one boot to the next, real time is told by it.
    private func plan() throws { _ = try store.jobs.fire(now: now, zones: store.zones) }

    // MARK: What must hold

    private func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
        if !holds { Issue.record("seed \(seed): \(what())") }
    }

    /// Whoever is idle takes what there is; then everybody who waits has a reason to, and a worker wakes up in time.
    mutating func checkWaiting() throws {
        for round in 0..<500 {
            guard try store.jobs.workerView(queues: Self.queues, now: now).hasWork else { break }
            try claim(of: Self.queues, slots: 50)
            expect(round < 499, "a worker never comes to rest")
        }
        let lookout = try store.jobs.workerView(queues: Self.queues, now: now)
        for state in [DispatchState.pending, .blocked] {
            for view in try store.jobs.dispatches(DispatchFilter(state: state, limit: .max)) {
                try check(view.dispatch, lookout)
            }
        }
    }

    private mutating func check(_ dispatch: Dispatch, _ lookout: WorkerLookout) throws {
        seen.insert("\(dispatch.state.name) \(dispatch.reason)")
        let work = try store.jobs.dispatch(dispatch.id)!.request
        let isSlow = dispatch.queue == Self.queues[2] && counted("the queue", Self.slow) == Self.slow.count
        // Of a queue that nobody can take from, nobody need come forward.
        let isClosed = isSlow || paused.contains(dispatch.queue)
        switch (dispatch.state, dispatch.heldBy) {
        case (.pending, _):
            expect(isClosed, "\(dispatch.id) could be claimed, and is not")
            if !paused.contains(dispatch.queue) { expectWake(lookout, "the queue", Self.slow) }
        case (.blocked, .concurrency?):
            guard let limit = work.concurrency, limit.key != "varied" else { return }
            expect(isClosed || running(limit.key) == limit.max, "\(dispatch.id) waits for a place that is free")
        case (.blocked, .rate?):
            guard let limit = work.rate, limit.key != "varied" else { return }
            guard !isClosed else { return }
            expect(counted(limit.key, limit.rate) == limit.rate.count, "\(dispatch.id) waits for an open rate")
            expectWake(lookout, limit.key, limit.rate)
        case (.scheduled, _), (.blocked, nil), (.inProgress, _), (.success, _), (.failed, _), (.cancelled, _),
            (.skipped, _):
            break
        }
    }

    private func expectWake(_ lookout: WorkerLookout, _ key: String, _ rate: Rate) {
        let opening = starts[key, default: []].suffix(rate.count).first.map { $0 + rate.per - elapsed }
        guard let opening, let wake = lookout.nextBoot else { return expect(false, "nobody wakes up for \(key)") }
        expect(wake <= now.boot + opening, "the worker wakes up too late for \(key)")
    }

    func verify() throws {
        for fault in try store.jobs.verify().faults { Issue.record("seed \(seed): \(fault)") }
    }

    /// When every command succeeds, time passes and nothing is paused, everything comes to its end.
    mutating func settleEverything() throws {
        for queue in paused { _ = try store.jobs.resume(queue: queue, now: now) }
        paused = []
        for round in 0..<3000 {
            pass(.seconds(15))
            for claimed in held.values { try settle(claimed, .ended(.exited(0))) }
            try claim(of: Self.queues, slots: 20)
            let status = try store.jobs.status()
            let waiting = DispatchState.allCases.filter { !$0.isTerminal }.reduce(0) { $0 + status.count($1) }
            if waiting == 0 { break }
            expect(round < 2999, "\(waiting) dispatches never end")
        }
        try verify()
        let wanted = ["BLOCKED concurrency", "BLOCKED rate", "PENDING concurrency", "PENDING rate"]
        expect(seen.isSuperset(of: wanted), "only \(seen.sorted()) were seen")
    }
}

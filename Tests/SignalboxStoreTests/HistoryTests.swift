import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `The hourly history` {
    private func run(
        _ store: StoreUnderTest, _ worker: WorkerID, for duration: Duration = .seconds(1),
        _ ending: AttemptResult.Ending = .ended(.exited(0))
    ) throws {
        let claimed = try store.claimOne(worker)
        store.clock.advance(by: duration)
        try store.finish(claimed, ending)
    }

    private func lastDay(_ store: StoreUnderTest, of job: JobName? = nil) throws -> RunHistory {
        guard let job else { return try #require(try store.jobs.status(now: store.now).last24Hours) }
        let detail = try #require(try store.jobs.job(job, recent: 0, now: store.now))
        return try #require(detail.last24Hours)
    }

    @Test(arguments: EngineKind.allCases)
    func `counts the runs of each job and of the store in the hour of their end`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let job = try store.define(overlap: .allow)
            for (duration, ending) in [
                (Duration.seconds(1), AttemptResult.Ending.ended(.exited(0))), (.seconds(9), .ended(.exited(0))),
                (.seconds(30), .ended(.exited(127))),
            ] {
                _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
                try run(store, worker, for: duration, ending)
            }
            store.clock.advance(by: .seconds(3600))
            try store.enqueue()
            try run(store, worker, for: .milliseconds(20))

            let (ofJob, whole) = (try lastDay(store, of: job), try lastDay(store))
            #expect(ofJob.hours.count == 24 && ofJob.hours.last?.hour == UTCHour(of: store.now.wall))
            #expect(ofJob.hours.map(\.tally.runs).suffix(3) == [0, 3, 0])
            #expect(whole.hours.map(\.tally.runs).suffix(3) == [0, 3, 1])
            #expect(ofJob.total.failures == 1 && ofJob.total.successes == 2)
            #expect(ofJob.total.totalDuration == .seconds(40))
            #expect(whole.total.totalDuration == .milliseconds(40_020))
            let longest = try #require(ofJob.total.durations.quantile(1))
            #expect(longest >= .milliseconds(26_250) && longest <= .milliseconds(33_750))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `counts a retried dispatch once, and none that was cancelled or skipped`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            try store.enqueue(attempts: 2)
            try run(store, worker, .ended(.exited(1)))
            #expect(try lastDay(store).total.runs == 0)
            store.clock.advance(by: .seconds(60))
            try run(store, worker)
            #expect(try lastDay(store).total.successes == 1)
            _ = try store.jobs.cancel(try store.enqueue(), now: store.now)
            try store.enqueue()
            try run(store, worker, .cancelled(.signalled(15)))
            #expect(try lastDay(store).total.runs == 1)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `counts a run whose worker died, though not how long it took`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            try store.enqueue(rescue: .fail)
            _ = try store.claimOne(worker)
            store.clock.reboot()
            _ = try store.jobs.rescue(worker, output: [:], now: store.now)
            let total = try lastDay(store).total
            #expect(total.failures == 1 && total.unmeasured == 1 && total.durations.total == 0)
        }
    }

    @Test func `writes once for each job and the whole in a transaction, however many end in it`() throws {
        let engine = CountingEngine(buckets: Buckets.all)
        let store = try withCountedStore(engine)
        let now = VirtualClock().now()
        let worker = try registeredWorker(store, now)
        func finish(_ count: Int) throws -> Int {
            let items = (0..<count).map { _ in Enqueuing(request: Request(command: .program(["true"]))) }
            _ = try store.enqueue(items, now: now)
            let claimed = try store.round(of: worker, results: [], queues: [.standard], slots: count, now: now)
            engine.reset()
            _ = try store.round(of: worker, results: claimed.claimed.map(\.success), queues: [], slots: 0, now: now)
            return engine.puts(in: Buckets.history)
        }
        #expect(try finish(1) == 1)
        #expect(try finish(50) == 1)
        #expect(try store.verify().faults == [])
    }

    /// Aim: what is kept is bounded, with no transaction that has much to do. Method: a run every six hours for 100
    /// days, the records looked at after each.
    @Test(arguments: EngineKind.allCases)
    func `forgets what is older than 90 days, a few records at a time`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let job = try store.define("job", "@manual", overlap: .allow)
            var before = 0
            for _ in 0..<400 {
                store.clock.advance(by: .seconds(6 * 3600))
                _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
                try run(store, worker)
                let count = try store.raw.entries(Buckets.history).count
                #expect(count >= before - 6 && count <= 2 * 361)
                before = count
            }
            #expect(before >= 2 * 360)
            // Nothing runs for half a year: then each new record takes some old ones with it.
            store.clock.advance(by: .seconds(180 * 86_400))
            for _ in 0..<150 {
                store.clock.advance(by: .seconds(3600))
                _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
                try run(store, worker)
            }
            #expect(try store.raw.entries(Buckets.history).count == 300)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `tells of the present day though the clock was once years ahead`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            store.clock.stepWall(by: .seconds(20 * 365 * 86_400))
            try store.enqueue()
            try run(store, worker)
            store.clock.stepWall(by: .seconds(-20 * 365 * 86_400))
            #expect(try lastDay(store).total.runs == 0)
            try store.enqueue()
            try run(store, worker)
            #expect(try lastDay(store).total.runs == 1)
        }
    }

    /// Aim: a clock that is set wrong costs no record. Method: it is set 15 years ahead, or 56 back, for twelve hours
    /// with runs in each, with a scheduler that goes by it and without one; then it is right again.
    @Test(arguments: [15, -56], [true, false])
    func `survives a clock that was set wrong, and forgets what was noted meanwhile`(
        years: Int, hasScheduler: Bool
    ) throws {
        try EngineKind.memory.withStore { store in
            let job = try store.define("job", "@manual", overlap: .allow)
            func live(hours: Int) throws {
                for _ in 0..<hours {
                    if hasScheduler { try store.pass() }
                    _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
                    try store.work()
                    store.clock.advance(by: .seconds(3600))
                }
            }
            func records() throws -> Set<[UInt8]> { Set(try store.raw.entries(Buckets.history).map(\.key)) }
            try live(hours: 100)
            let good = try records()
            #expect(good.count == 200)
            store.clock.stepWall(by: .seconds(years * 365 * 86_400))
            try live(hours: 12)
            #expect(try records().count == 224 && records().isSuperset(of: good))
            store.clock.stepWall(by: .seconds(-years * 365 * 86_400))
            try live(hours: 50)
            #expect(try records().count == 300 && records().isSuperset(of: good))
        }
    }
}

/// Aim: a page and `status` cost the same however much there is to show. Method: every read of an engine is counted,
/// with few dispatches and with a hundred times as many, in the same states.
@Suite struct `Overview, status and the page of a job` {
    @Test func `read as much of a store of 10,000 dispatches as of one of 100`() throws {
        let clock = VirtualClock()
        let engine = CountingEngine(buckets: Buckets.all)
        let store = try withCountedStore(engine)
        let worker = try registeredWorker(store, clock.now())
        let job = try JobName("job")
        let definition = JobDefinition(
            name: job, schedule: .manual, priority: 50, command: .program(["true"]), overlap: .allow)
        try store.add(definition, zones: ZoneTable(machine: .utc), now: clock.now())

        /// By the hundred, some of them runs of the job, which are a transaction each.
        func fill(_ count: Int, runs: Int) throws {
            let item = Enqueuing(request: Request(command: .program(["true"])))
            for _ in 0..<count / 100 {
                _ = try store.enqueue(Array(repeating: item, count: 100 - runs), now: clock.now())
                for _ in 0..<runs { _ = try store.run(job, mode: .force, input: nil, now: clock.now()) }
                clock.advance(by: .seconds(1))
                // A tenth stays PENDING, none of it the job's.
                let round = try store.round(
                    of: worker, results: [], queues: [.standard], slots: 90, now: clock.now())
                _ = try store.round(
                    of: worker, results: round.claimed.map(\.success), queues: [], slots: 0, now: clock.now())
            }
        }
        func costs() throws -> [Int] {
            let reads: [() throws -> Void] = [
                { _ = try store.overview(now: clock.now()) }, { _ = try store.status(now: clock.now()) },
                { _ = try store.job(job, now: clock.now()) }, { _ = try store.jobs(recent: 20) },
                { _ = try store.page(of: DispatchFilter(state: .success)) }, { _ = try store.workers() },
            ]
            return try reads.map { read in
                engine.reset()
                try read()
                return engine.reads
            }
        }
        try fill(100, runs: 50)
        let few = try costs()
        try fill(9_900, runs: 10)
        let many = try costs()
        #expect(try store.status().count(.success) == 9_000)
        #expect(few == many)
        // The jobs' own records, twenty or fifty dispatches with their requests, and 24 hours; not ten thousand.
        #expect(many.allSatisfy { $0 > 0 && $0 < 400 }, "\(many)")
        #expect(try store.verify().faults == [])
    }
}

@Suite struct `A page of dispatches` {
    /// Method: of many dispatches one alone matches, the oldest; every read is counted.
    @Test func `looks at no more than 2,000, and says where it goes on`() throws {
        let now = VirtualClock().now()
        let engine = CountingEngine(buckets: Buckets.all)
        let store = try withCountedStore(engine)
        let (rare, common) = (try QueueName("rare"), Enqueuing(request: Request(command: .program(["true"]))))
        var item = common
        item.queue = rare
        let wanted = try store.enqueue(item, now: now).id
        _ = try store.enqueue(Array(repeating: common, count: 2 * DispatchPage.mostLookedAt), now: now)
        var filter = DispatchFilter(queue: rare)
        var (pages, found): (Int, [DispatchID]) = (0, [])
        repeat {
            engine.reset()
            let page = try store.page(of: filter)
            #expect(engine.reads <= 2 * DispatchPage.mostLookedAt + 10)
            found += page.dispatches.map(\.id)
            pages += 1
            filter.before = page.next
        } while filter.before != nil
        #expect(pages == 3 && found == [wanted])
        #expect(try store.dispatches(DispatchFilter(queue: rare)).map(\.id) == [wanted])
    }

    @Test func `that is full goes on only where there is more`() throws {
        try withMemoryStore { store in
            let item = Enqueuing(request: Request(command: .program(["true"])))
            _ = try store.jobs.enqueue([item, item, item, item], now: store.now)
            let first = try store.jobs.page(of: DispatchFilter(limit: 2))
            #expect(first.dispatches.map(\.id.number) == [4, 3] && first.next == DispatchID(3))
            let second = try store.jobs.page(of: DispatchFilter(before: first.next, limit: 2))
            #expect(second.dispatches.map(\.id.number) == [2, 1] && second.next == nil)
        }
    }
}

private func withCountedStore(_ engine: CountingEngine) throws -> JobStore<CountingEngine> {
    try engine.write {
        try JobStore<CountingEngine>.initialise(
            &$0, storeID: String(repeating: "0", count: 32), keep: .forever, keepEnqueued: .forever)
    }
    return try JobStore(engine: engine, live: nil)
}

private func registeredWorker(_ store: JobStore<CountingEngine>, _ now: Now) throws -> WorkerID {
    let id = try store.newWorkerID(now: now)
    _ = try store.register(
        WorkerRegistration(
            id: id, name: "w", process: ProcessIdentity(pid: 1, startTicks: 1), bootID: now.bootID, host: "box",
            queues: [.standard], slots: 100, version: "1", startedAt: now.wall),
        now: now)
    return id
}

extension ClaimedDispatch {
    fileprivate var success: AttemptResult {
        AttemptResult(dispatch: dispatch.id, token: dispatch.claim!.token, ending: .ended(.exited(0)), output: [])
    }
}

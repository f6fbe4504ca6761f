import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

extension StoreUnderTest {
    /// Says what is kept of each job, and of what is enqueued.
    fileprivate func keep(_ text: String) throws {
        let policy = try KeepPolicy(text: text)
        try jobs.setRetention(policy, enqueued: policy, now: now)
    }

    /// Takes away what is not to be kept, and returns how many that were.
    @discardableResult
    func prune(_ walk: PruneWalk = PruneWalk(), limit: Int = 200) throws -> Int {
        var walk = walk
        while !walk.isDone { walk = try jobs.prune(walk, limit: limit, now: now) }
        return walk.total
    }

    /// Enqueues one, and has it run to its end.
    @discardableResult
    fileprivate func runOne(
        _ worker: WorkerID, exit code: UInt8 = 0, output: [OutputLine] = []
    ) throws -> DispatchID {
        let id = try enqueue(attempts: 1)
        try finish(try claimOne(worker), .ended(.exited(code)), output: output)
        return id
    }

    fileprivate func runNow(_ job: JobName, _ worker: WorkerID, exit code: UInt8 = 0) throws -> DispatchID {
        let id = try jobs.run(job, mode: .policy, input: nil, now: now)
        try finish(try claimOne(worker), .ended(.exited(code)))
        clock.advance(by: .seconds(1))
        return id
    }

    fileprivate func exists(_ id: DispatchID) throws -> Bool { try jobs.dispatch(id, attempt: nil) != nil }

    fileprivate func ids() throws -> [UInt64] {
        try jobs.dispatches(DispatchFilter(limit: .max)).map(\.id.number).sorted()
    }
}

@Suite struct `What has ended` {
    @Test(arguments: EngineKind.allCases)
    func `goes with the transactions in which others end, as soon as there is too much`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.keep("success: 3, failed: 2")
            let worker = try store.worker()
            for number in 1...8 {
                try store.runOne(worker, exit: number % 2 == 0 ? 1 : 0)
                store.clock.advance(by: .seconds(1))
            }
            #expect(try store.ids() == [3, 5, 6, 7, 8])
            #expect(try store.jobs.status().pruned == 3)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `goes with all there is of it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let job = try store.define("job", "@every 1m")
            store.clock.advance(by: .seconds(60))
            try store.fire()
            for number in 1...3 {
                let ending: AttemptResult.Ending =
                    number < 3 ? .snoozed(.exited(0), after: .seconds(1)) : .ended(.exited(0))
                try store.finish(try store.claimOne(worker), ending, output: [line("\(number)")])
                store.clock.advance(by: .seconds(2))
                try store.jobs.promote(now: store.now)
            }
            try store.jobs.remove(job, now: store.now)
            #expect(try !store.raw.entries(Buckets.outputs).isEmpty && !store.raw.entries(Buckets.dueTimes).isEmpty)
            try store.keep("success: 0")
            #expect(try store.prune() == 1)
            for bucket in [
                Buckets.dispatches, Buckets.requests, Buckets.attempts, Buckets.outputs, Buckets.byState, Buckets.byJob,
                Buckets.occurrences, Buckets.dueTimes, Buckets.ended, Buckets.counters, Buckets.active,
            ] {
                #expect(try store.raw.entries(bucket).isEmpty, "\(bucket.name)")
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `goes when it is too old, by a walk that says when the next one is`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            try store.keep("success: 7d")
            let old = try store.runOne(worker)
            store.clock.advance(by: .seconds(5 * 86_400))
            let young = try store.runOne(worker)
            #expect(try store.prune() == 0)
            store.clock.advance(by: .seconds(3 * 86_400))
            #expect(try store.jobs.pruneCount(job: nil, now: store.now).pruned == [.success: 1])
            let walk = try store.jobs.prune(PruneWalk(), limit: 9, now: store.now)
            #expect(walk.pruned == [.success: 1])
            let rest = try store.jobs.prune(walk, limit: 9, now: store.now)
            #expect(rest.isDone && rest.untilNextExpiry.map { $0 > .zero } == true)
            #expect(try !store.exists(old) && store.exists(young))
        }
    }

    @Test func `does not go by a clock that was set to another year, and goes when its time has passed`() throws {
        try EngineKind.memory.withStore { store in
            try store.keep("success: 7d")
            let worker = try store.worker()
            let years = Duration.seconds(3650 * 86_400)
            for step in [years, .zero - years] {
                try store.runOne(worker)
                store.clock.stepWall(by: step)
                #expect(try store.prune() == 0)
                store.clock.advance(by: .seconds(2 * 86_400))
                #expect(try store.prune() == 0)
                store.clock.advance(by: .seconds(6 * 86_400))
                #expect(try store.prune() == 1)
            }
        }
    }

    /// The clock says that it was off for ten years: nobody can tell before it has been up for a while, or is started
    /// again.
    @Test(arguments: [true, false])
    func `does not go at once when the machine says that it was off for years`(isStartedAgain: Bool) throws {
        try EngineKind.memory.withStore { store in
            try store.keep("success: 7d")
            try store.runOne(try store.worker())
            store.clock.reboot(after: .seconds(3650 * 86_400))
            #expect(try store.prune() == 0)
            let young = try store.runOne(try store.worker())
            #expect(try store.prune() == 0)
            if isStartedAgain { store.clock.reboot() } else { store.clock.advance(by: .seconds(86_401)) }
            #expect(try store.prune() == 1)
            #expect(try store.ids() == [young.number])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `goes in the order in which it ended, however the clock is set back`(engine: EngineKind) throws {
        try engine.withStore { store in
            let (worker, job) = (try store.worker(), try store.define("job", "@manual"))
            try store.keep("success: 2")
            var ids: [DispatchID] = []
            for back in [0, 50 * 365 * 86_400, 3600, 1] as [Int64] {
                store.clock.stepWall(by: .seconds(-back))
                ids.append(try store.runNow(job, worker))
                ids.append(try store.runOne(worker))
                #expect(try store.exists(ids[ids.count - 1]) && store.exists(ids[ids.count - 2]))
            }
            #expect(try store.ids() == ids.suffix(4).map(\.number))
            #expect(try store.progress(job).lastRun?.dispatch == ids[6])
        }
    }

    /// So much output that a slice takes a part of a group only.
    @Test func `leaves half of each group when the store is too full, in however many slices`() throws {
        try EngineKind.memory.withStore { store in
            let (worker, job) = (try store.worker(), try store.define("job", "@manual"))
            try store.jobs.setRetention(.forever, enqueued: .forever, now: store.now)
            for number in 1...60 {
                try store.runOne(worker, exit: number % 3 == 0 ? 64 : 0)
                if number % 6 == 0 { _ = try store.runNow(job, worker) }
            }
            #expect(try store.prune(PruneWalk(isHard: true), limit: 3) == 20 + 10 + 5)
            #expect(try store.prune(PruneWalk(isHard: true), limit: 200) == 10 + 5 + 3)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `stays where it makes good what is still kept as failed`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let failed = try store.enqueue(attempts: 1)
            try store.finish(try store.claimOne(worker), .ended(.exited(64)))
            let good = try store.jobs.requeue(failed, now: store.now)
            try store.finish(try store.claimOne(worker))
            try store.keep("success: 0, failed: forever")
            #expect(try store.prune() == 0)
            let child = try store.enqueue(after: [failed])
            #expect(try store.state(child) == .pending)
            try store.finish(try store.claimOne(worker))
            #expect(try store.ids() == [failed.number, good.number])
            try store.keep("failed: 0")
            #expect(try store.prune() == 1)
            #expect(try store.ids().isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `stays where it is the newest of a job in its way of ending`(engine: EngineKind) throws {
        try engine.withStore { store in
            let (worker, job) = (try store.worker(), try store.define("job", "@manual"))
            let ids = try [0, 0, 1, 1].map { try store.runNow(job, worker, exit: $0) }
            try store.keep("success: 0, failed: 0")
            try store.prune()
            #expect(try store.ids() == [ids[1].number, ids[3].number])
            #expect(try store.progress(job).lastRun?.dispatch == ids[3])
            try store.jobs.remove(job, now: store.now)
            try store.prune()
            #expect(try store.ids().isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `stays where it is pinned, beside as many others`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let pinned = try store.runOne(worker)
            #expect(try store.jobs.setPinned(true, pinned, now: store.now))
            #expect(try !store.jobs.setPinned(true, pinned, now: store.now))
            #expect(try store.jobs.dispatch(pinned, attempt: nil)?.view.isPinned == true)
            let early = try store.enqueue(priority: 200)
            _ = try store.jobs.setPinned(true, early, now: store.now)
            try store.finish(try store.claimOne(worker))
            try store.keep("success: 2")
            for _ in 1...4 { try store.runOne(worker) }
            #expect(try store.ids() == [1, 2, 5, 6])
            _ = try store.jobs.setPinned(false, pinned, now: store.now)
            #expect(try store.prune() == 1 && !store.exists(pinned))
            #expect(code { _ = try store.jobs.setPinned(true, pinned, now: store.now) } == .notFound)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `follows what a job says of its own, at once and for what ended before`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let job = try store.define("job", "@manual")
            for _ in 1...5 { _ = try store.runNow(job, worker) }
            let before = try store.jobs.workerView(queues: [], now: store.now).newestRetention
            var definition = try store.definition("job", "@manual")
            definition.keep = try KeepPolicy(text: "success: 2")
            let changes = try store.jobs.apply([definition], prune: false, zones: store.zones, now: store.now)
            #expect(changes.first?.fields.map(\.field) == ["keep"])
            #expect(try store.jobs.workerView(queues: [], now: store.now).newestRetention > before)
            #expect(try store.prune(PruneWalk(job: try JobName("other"))) == 0)
            #expect(try store.prune(PruneWalk(job: job), limit: 1) == 3)
            #expect(try store.jobs.job(job, recent: 9)?.view.keep.success == KeepLimit(count: 2))
            _ = try store.runNow(job, worker)
            #expect(try store.runs(of: job).count == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `loses half, and half again, in a store that is too full`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.keep("forever")
            let (worker, job) = (try store.worker(), try store.define("job", "@manual"))
            for _ in 1...4 { _ = try store.runNow(job, worker) }
            for _ in 1...6 { try store.runOne(worker) }
            #expect(try store.prune() == 0)
            #expect(try store.prune(PruneWalk(isHard: true)) == 5)
            #expect(try store.prune(PruneWalk(isHard: true)) == 3)
            while try store.prune(PruneWalk(isHard: true)) > 0 {}
            #expect(try store.ids() == [4])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `leaves its unique key held for as long as it said`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            try store.keep("success: 0")
            let ever = try store.offer("ever", scope: .forever).id
            let window = try store.offer("window", scope: .window(.seconds(60))).id
            try store.offer("active")
            for _ in 1...3 { try store.finish(try store.claimOne(worker)) }
            try store.prune()
            #expect(try store.ids().isEmpty && store.raw.entries(Buckets.unique).count == 2)
            let again = try store.offer("ever", scope: .forever)
            #expect(again.id == ever && again.deduplicated)
            #expect(try store.offer("window", scope: .window(.seconds(60)), policy: .replace).id == window)
            #expect(code { try store.offer("ever", scope: .forever, policy: .reject) } == .refused)
            store.clock.advance(by: .seconds(61))
            #expect(try store.offer("window", scope: .window(.seconds(60))).id > window)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `stays as long as something waits that comes after it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            try store.keep("success: 0, failed: 0")
            let (parent, slow) = (try store.enqueue(priority: 0), try store.enqueue(priority: 1))
            let child = try store.enqueue(after: [parent, slow])
            try store.finish(try store.claimOne(worker))
            #expect(try store.exists(parent) && store.prune() == 0)
            try store.finish(try store.claimOne(worker))
            #expect(try store.exists(slow) && store.state(child) == .pending)
            try store.finish(try store.claimOne(worker))
            try store.prune()
            #expect(try store.ids().isEmpty && store.raw.entries(Buckets.awaited).isEmpty)
        }
    }

    /// The first failed, and two were made of it again: what waits for the first has to find the newest.
    @Test(arguments: EngineKind.allCases)
    func `stays as long as it stands in for another that is waited for`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            let (first, slow) = (try store.enqueue(priority: 0, attempts: 1), try store.enqueue(priority: 200))
            let held = try store.claim(worker, slots: 2).map(\.dispatch)
            try store.finish(held[0], .ended(.exited(64)))
            let failed = try store.jobs.requeue(first, now: store.now)
            try store.finish(try store.claimOne(worker), .ended(.exited(64)))
            let newest = try store.jobs.requeue(failed, now: store.now)
            try store.finish(try store.claimOne(worker))
            let child = try store.enqueue(after: [failed, slow])
            #expect(try store.state(child) == .blocked)
            try store.keep("success: 0, failed: 0")
            try store.prune()
            #expect(try store.ids() == [first, slow, failed, newest, child].map(\.number))
            try store.finish(held[1])
            #expect(try store.state(child) == .pending)
            try store.finish(try store.claimOne(worker))
            try store.prune()
            #expect(try store.ids().isEmpty && store.raw.entries(Buckets.standIns).isEmpty)
        }
    }

    /// However often something is made again, only the newest of them matters.
    @Test func `goes from the middle of those that were made again one of the other`() throws {
        try EngineKind.memory.withStore { store in
            let worker = try store.worker()
            try store.keep("failed: 2")
            var id = try store.enqueue(attempts: 1)
            for _ in 1...9 {
                try store.finish(try store.claimOne(worker), .ended(.exited(64)))
                id = try store.jobs.requeue(id, now: store.now)
                store.clock.advance(by: .seconds(1))
            }
            #expect(try store.ids() == [8, 9, 10])
            let child = try store.enqueue(after: [DispatchID(9)])
            #expect(try store.dispatch(child).blocker == id)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `takes its due times out of what can be recounted`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            try store.keep("success: 2, failed: 1, skipped: 1")
            let job = try store.define("job", "*/1 * * * *", overlap: .skip)
            for round in 1...12 {
                // Some are missed, some fail, and the rest succeeds.
                store.clock.advance(by: .seconds(round % 4 == 0 ? 300 : 60))
                try store.fire()
                try store.finish(try store.claimOne(worker), .ended(.exited(round % 3 == 0 ? 1 : 0)))
                try store.prune()
                let report = try store.jobs.verifySchedule(after: nil, through: nil, job: nil, zones: store.zones)
                #expect(report.faults.isEmpty, "round \(round)")
            }
            #expect(try store.runs(of: job).count == 4)
            #expect(try store.raw.entries(Buckets.occurrences).count == 4)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `goes in slices that may be as small as can be`(engine: EngineKind) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            for _ in 1...7 { try store.runOne(worker) }
            try store.keep("success: 1")
            let before = try store.jobs.sequence()
            #expect(try store.prune(limit: 2) == 6)
            #expect(try store.jobs.sequence() == before + 3)
            #expect(try store.prune(limit: 2) == 0 && store.jobs.sequence() == before + 3)
        }
    }

    /// Method: a clock by which each look takes as long as a slice may.
    @Test(arguments: EngineKind.allCases)
    func `goes in slices that end when their time is over, and of half as much as there was at first`(
        engine: EngineKind
    ) throws {
        try engine.withStore { store in
            let worker = try store.worker()
            for number in 1...16 { try store.runOne(worker, exit: number % 2 == 0 ? 1 : 0) }
            var (time, slices) = (BootInstant(nanoseconds: 0), 0)
            var walk = PruneWalk(isHard: true)
            while !walk.isDone {
                let before = walk.total
                walk = try store.jobs.prune(
                    walk, limit: 200,
                    clock: {
                        time += .milliseconds(1)
                        return time
                    }, now: store.now)
                #expect(walk.total <= before + 1)
                slices += 1
            }
            #expect(walk.pruned == [.success: 4, .failed: 4] && slices >= 8)
        }
    }

    @Test func `keeps the newest starts of what snoozes without end`() throws {
        try EngineKind.memory.withStore { store in
            let worker = try store.worker()
            let id = try store.enqueue()
            for number in 1...Attempt.keptOfDispatch + 5 {
                let snooze = AttemptResult.Ending.snoozed(.exited(0), after: .seconds(1))
                try store.finish(try store.claimOne(worker), snooze, output: [line("\(number)")])
                store.clock.advance(by: .seconds(2))
                try store.jobs.promote(now: store.now)
            }
            let detail = try #require(try store.jobs.dispatch(id, attempt: nil))
            #expect(detail.attempts.map(\.number) == Array(6...Attempt.keptOfDispatch + 5))
            #expect(try store.raw.entries(Buckets.outputs).count == Attempt.keptOfDispatch)
        }
    }

    @Test func `leaves no total behind of a job that was removed while it ran`() throws {
        try EngineKind.memory.withStore { store in
            let worker = try store.worker()
            let job = try store.define("job", "@manual")
            _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
            let running = try store.claimOne(worker)
            try store.jobs.remove(job, now: store.now)
            try store.finish(running)
            #expect(try store.raw.entries(Buckets.totals).count == 1)
        }
    }

    /// Aim: a store on which day after day the same happens does not grow. Method: on LMDB, the same load again and
    /// again, with output, retries and missed due times; from the round on in which the limits are met the file takes
    /// no more pages, but for what the order of frees and puts makes of it.
    @Test func `makes room for what comes: the file stays as it is`() throws {
        try EngineKind.lmdb.withStore { store in
            let ofJobs = try KeepPolicy(text: "success: 8, failed: 4, skipped: 4")
            let enqueued = try KeepPolicy(text: "success: 200, failed: 100")
            try store.jobs.setRetention(ofJobs, enqueued: enqueued, now: store.now)
            let worker = try store.worker(slots: 50)
            for name in ["one", "two"] { try store.define(name, "@every 1m", overlap: .skip) }
            var used: [Int] = []
            for _ in 1...20 {
                for _ in 1...8 { try store.day(worker) }
                used.append(try store.jobs.room().used - store.eventBytes())
            }
            let (filled, later) = (used[5..<10].max()!, used[10...].max()!)
            #expect(later <= filled + filled / 20, "bytes in use after each round: \(used)")
            #expect(try store.jobs.status().pruned > 2500)
        }
    }
}

extension StoreUnderTest {
    /// What the feed takes, whose ring takes more dispatches to fill than a test should make.
    fileprivate func eventBytes() throws -> Int {
        try raw.entries(Buckets.events).reduce(0) { $0 + $1.value.count + 24 }
    }

    /// Fifty that were enqueued, a third of them failing, and what falls due meanwhile.
    fileprivate func day(_ worker: WorkerID) throws {
        for number in 1...46 { try enqueue("job \(number)", attempts: number % 3 == 0 ? 1 : 2) }
        clock.advance(by: .seconds(60))
        try fire()
        var claimed = try claim(worker, slots: 50)
        for _ in 1...2 where !claimed.isEmpty {
            let results = claimed.enumerated().map { index, item in
                AttemptResult(
                    dispatch: item.dispatch.id, token: item.dispatch.claim!.token,
                    ending: .ended(.exited(index % 3 == 0 ? 1 : 0)), output: [line("output of \(index)")])
            }
            clock.advance(by: .seconds(30))
            claimed = try jobs.round(of: worker, results: results, queues: [.standard], slots: 50, now: now).claimed
        }
        for item in claimed { try finish(item.dispatch) }
    }
}

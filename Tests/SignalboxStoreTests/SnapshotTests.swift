import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `A list of dispatches` {
    private let other = try! QueueName("other")

    @Test(arguments: EngineKind.allCases)
    func `shows the newest first, page by page, whatever it is filtered by`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .allow)
            for number in 0..<30 {
                switch number % 3 {
                case 0: _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
                case 1: try store.enqueue(queue: other)
                default: try store.enqueue(delay: .seconds(100))
                }
            }
            let worker = try store.worker(queues: [other])
            for _ in 0..<4 { try store.finish(try store.claimOne(worker, queues: [other])) }
            let filters = [
                DispatchFilter(), DispatchFilter(job: job), DispatchFilter(state: .success),
                DispatchFilter(state: .scheduled), DispatchFilter(queue: other),
                DispatchFilter(job: job, state: .pending, queue: .standard),
                DispatchFilter(job: job, state: .failed), DispatchFilter(state: .pending, queue: other),
            ]
            let all = try store.jobs.dispatches(DispatchFilter(limit: .max)).map(\.dispatch)
            #expect(all.count == 30 && all.map(\.id) == all.map(\.id).sorted(by: >))
            for filter in filters {
                let wanted = all.filter {
                    (filter.job == nil || $0.job == filter.job) && (filter.state == nil || $0.state == filter.state)
                        && (filter.queue == nil || $0.queue == filter.queue)
                }
                #expect(try pages(store, filter) == wanted.map(\.id), "\(filter)")
            }
        }
    }

    /// The whole list, asked for three at a time.
    private func pages(_ store: StoreUnderTest, _ filter: DispatchFilter) throws -> [DispatchID] {
        var found: [DispatchID] = []
        var filter = filter
        filter.limit = 3
        while true {
            filter.before = found.last
            let page = try store.jobs.dispatches(filter).map(\.id)
            #expect(page.count <= 3)
            found += page
            if page.count < 3 { return found }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `of no length is empty`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.enqueue()
            #expect(try store.jobs.dispatches(DispatchFilter(limit: 0)).isEmpty)
        }
    }
}

@Suite struct `The counters` {
    @Test(arguments: EngineKind.allCases)
    func `count each state, by queue and by job, from one snapshot`(engine: EngineKind) throws {
        try engine.withStore { store in
            let other = try QueueName("other")
            let job = try store.define(overlap: .allow)
            for _ in 0..<3 { try store.enqueue() }
            try store.enqueue(queue: other, delay: .seconds(5))
            for _ in 0..<2 { _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now) }
            let worker = try store.worker(slots: 4)
            let claimed = try store.claim(worker, slots: 4).map(\.dispatch)
            try store.finish(claimed[0])
            try store.finish(claimed[1], .ended(.exited(127)))

            let status = try store.jobs.status()
            #expect(status.jobs == 1 && status.workers == 1 && status.storeID.count == 32)
            #expect(status.formatVersion == StoreHeader.currentFormat)
            #expect(status.dispatches.values.reduce(0, +) == 6 && status.dispatches.count == 8)
            #expect(status.count(.success) == 1 && status.count(.failed) == 1 && status.count(.inProgress) == 2)
            #expect(status.count(.pending) == 1 && status.count(.scheduled) == 1)
            #expect(status.queues.map(\.name) == [.standard, other])
            #expect(status.queues[0].count(.inProgress) == 2 && status.queues[1].dispatches == [.scheduled: 1])
            let view = try #require(try store.jobs.jobs(recent: 1).first)
            #expect(view.running == 1 && view.waiting == 1 && view.recent.count == 1)
            let overview = try store.jobs.overview()
            #expect(overview.running.map(\.id) == [claimed[2].id, claimed[3].id] && overview.recent.count == 6)
            #expect(overview.workers.map(\.running) == [2] && overview.running.allSatisfy { $0.worker == "w" })
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `raise the sequence with every change that can be seen, and with no other`(engine: EngineKind) throws {
        try engine.withStore { store in
            var last = try store.jobs.sequence()
            func rose() throws -> Bool {
                defer { last = (try? store.jobs.sequence()) ?? 0 }
                return try store.jobs.sequence() > last
            }
            let id = try store.enqueue(delay: .seconds(9))
            #expect(try rose())
            let worker = try store.worker()
            #expect(try rose())
            #expect(try store.claim(worker).isEmpty)
            #expect(try !rose())
            _ = try store.jobs.cancel(id, now: store.now)
            #expect(try rose())
            try store.jobs.promote(now: store.now)
            _ = try store.fire()
            _ = try store.jobs.fireBootJobs(now: store.now)
            #expect(try !rose())
        }
    }
}

@Suite struct `The events` {
    @Test func `tell every transition in the order of the commits`() throws {
        try withMemoryStore { store in
            let request = Request(command: .shell("true"))
            let id = try store.jobs.enqueue(Enqueuing(request: request), now: store.now).id
            _ = try store.jobs.cancel(id, now: store.now)
            let found = try changes(store.jobs)
            #expect(found.map(\.id) == [id, id] && found.map(\.from) == [nil, .pending])
            #expect(found.map(\.to) == [.pending, .cancelled])
        }
    }

    @Test func `are a ring of bounded bytes that always holds the newest`() throws {
        try withMemoryStore { store in
            let origin = DispatchOrigin(job: try JobName("job"), maxAttempts: 1)
            let dispatch = Dispatch(id: DispatchID(1), origin: origin, birth: .pending, now: store.now)
            for count in [20_000, 20_000, 1, 400_000, 1, 20_000] + Array(repeating: 20_000, count: 25) {
                try store.jobs.write(store.now) { writer in
                    for _ in 0..<count { writer.report(dispatch, from: .pending) }
                }
                let (sequence, size) = try store.jobs.engine.read { transaction in
                    let state = try transaction.storeState()
                    let events = try transaction.entries(Buckets.events)
                    #expect(events.last?.key == Key.sequence(state.sequence).bytes)
                    #expect(events.reduce(0) { $0 + UInt64($1.value.count) } == state.eventBytes)
                    return (events.count, state.eventBytes)
                }
                #expect(size <= EventRing.limit || sequence == 1)
            }
        }
    }

    private func changes(_ jobs: JobStore<MemoryEngine>) throws -> [DispatchChange] {
        try jobs.engine.read { transaction in
            var found: [DispatchChange] = []
            try transaction.records(EventRecord.self, Buckets.events, .all) { _, event in
                found += event.changes
                return .next
            }
            return found
        }
    }
}

@Suite struct `The live environment` {
    @Test(arguments: EngineKind.allCases)
    func `shows heartbeat, progress and output of what runs, and forgets it afterwards`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let worker = try store.worker()
            let claimed = try store.claimOne(worker)
            let beat = Heartbeat(at: Moment(store.now), running: 1, processed: 8, failed: 2)
            let claim = try #require(claimed.claim)
            let command = RunningCommand(claim: claim, process: ProcessIdentity(pid: -3, startTicks: 77))
            var round = LiveRound()
            round.heartbeat = (worker, beat)
            round.started = [(id, command)]
            round.progress = [(id, ProgressReport(percent: 40, text: "copying"))]
            round.output = [0, 1, 2].map { output(id, $0, .add([line("piece \($0)")])) }
            try store.live.write(round)

            #expect(try store.live.running(id) == command)
            let view = try #require(try store.jobs.workers().first)
            #expect(view.heartbeat == beat && view.running == 1)
            let detail = try #require(try store.jobs.dispatch(id, attempt: nil))
            #expect(detail.output == [0, 1, 2].map { line("piece \($0)") } && detail.view.progress?.percent == 40)

            round = LiveRound()
            round.output = [output(id, 1, .drop)]
            try store.live.write(round)
            #expect(try store.live.output(of: id, attempt: 1) == [line("piece 0"), line("piece 2")])
            #expect(try store.live.output(of: id, attempt: 2).isEmpty)

            try store.finish(claimed, output: [line("all of it")])
            round = LiveRound()
            round.ended = [(id, Token(claim.token.number + 1))]
            try store.live.write(round)
            #expect(try store.live.running(id) == command)
            round.ended = [(id, claim.token)]
            round.forgotten = [worker]
            try store.live.write(round)
            #expect(try store.live.running(id) == nil && store.jobs.workers().first?.heartbeat == nil)
            #expect(try store.live.output(of: id, attempt: 1).isEmpty)
            let ended = try #require(try store.jobs.dispatch(id, attempt: nil))
            #expect(ended.output == [line("all of it")] && ended.view.progress == nil)
        }
    }

    private func output(_ id: DispatchID, _ chunk: UInt32, _ change: OutputPiece.Change) -> OutputPiece {
        OutputPiece(dispatch: id, attempt: 1, chunk: chunk, change: change)
    }

    @Test(arguments: EngineKind.allCases)
    func `is where the first process of a boot settled it`(engine: EngineKind) throws {
        try engine.withStore { store in
            func path(_ proposed: String?) throws -> String? { try store.raw.livePath(store.now, proposed) }
            let before = try path(nil)
            #expect(before == nil)
            #expect(try path("/run/one") == "/run/one")
            #expect(try path("/run/two") == "/run/one")
            #expect(try path(nil) == "/run/one")
            store.clock.reboot()
            #expect(try path(nil) == nil)
            #expect(try path("/run/two") == "/run/two")
        }
    }
}

@Suite struct `A store` {
    @Test(arguments: EngineKind.allCases)
    func `of another format is refused, and left as it is`(engine: EngineKind) throws {
        try engine.withStore(verifying: false) { store in
            try store.raw.change(StoreHeader.self, StoreHeader.key, in: Buckets.meta) { $0.format += 1 }
            let before = try store.raw.entries(Buckets.meta)
            #expect(code { try store.raw.reopen() } == .formatVersion)
            #expect(try store.raw.entries(Buckets.meta) == before)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `without its header, or with a damaged one, is no store`(engine: EngineKind) throws {
        try engine.withStore(verifying: false) { store in
            try store.raw.reopen()
            let key = StoreHeader.key.bytes
            var header = try #require(try store.raw.entries(Buckets.meta).first { $0.key == key }).value
            header[3] ^= 4
            try store.raw.put(StoreHeader.key.bytes, header, Buckets.meta)
            #expect(code { try store.raw.reopen() } == .damaged)
            try store.raw.delete(StoreHeader.key.bytes, Buckets.meta)
            #expect(code { try store.raw.reopen() } == .damaged)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `without its state takes nothing on`(engine: EngineKind) throws {
        try engine.withStore(verifying: false) { store in
            try store.raw.delete(StoreState.key.bytes, Buckets.meta)
            #expect(code { try store.enqueue() } == .damaged)
            #expect(try store.raw.entries(Buckets.dispatches).isEmpty)
            #expect(try !store.jobs.verify().ok)
        }
    }
}

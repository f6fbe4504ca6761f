import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `The timeline` {
    /// A job that runs each minute, so many times.
    private func run(_ store: StoreUnderTest, _ count: Int) throws {
        try store.define("minutely", "* * * * *", overlap: .allow)
        let worker = try store.worker()
        for number in 0..<count {
            store.clock.advance(by: .seconds(60))
            _ = try store.fire()
            try store.finish(try store.claimOne(worker), .ended(.exited(number % 10 == 3 ? 1 : 0)))
        }
    }

    private func timeline(_ store: StoreUnderTest, after name: JobName? = nil) throws -> Timeline {
        try store.jobs.timeline(after: name, zones: store.zones, now: store.now)
    }

    @Test(arguments: EngineKind.allCases)
    func `has every run of the day, the newest by themselves and the others by the hour`(engine: EngineKind) throws {
        try engine.withStore { store in
            try run(store, 130)
            let row = try #require(try timeline(store).rows.first)
            let older = row.olderHours.reduce(into: RunTally()) { $0.merge($1.tally) }
            #expect(!row.olderHours.isEmpty && row.runs.count <= Timeline.markLimit)
            #expect(row.runs.count + older.runs == 130)
            #expect(row.runs.count { $0.state == .failed } + older.failures == 13)
            let end = try #require(row.olderHours.last).hour.advanced(by: 1).start
            #expect(row.runs.allSatisfy { ($0.finished?.wall ?? .epoch) >= end })
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `has the due times of a day, of many the first and the number`(engine: EngineKind) throws {
        try engine.withStore { store in
            try store.define("minutely", "* * * * *")
            try store.define("hourly", "@every 1h")
            try store.define("asked", "@manual")
            let rows = try timeline(store).rows
            #expect(rows.map(\.job.name.text) == ["asked", "hourly", "minutely"])
            #expect(rows.map(\.dueCount) == [0, 24, 1440])
            #expect(rows.map(\.due.count) == [0, 24, Timeline.markLimit])
            #expect(rows[1].due.first == store.now.wall + .seconds(3600))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `leaves out what was longer ago, and not what still runs since then`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define("asked", "@manual", overlap: .allow)
            let worker = try store.worker(slots: 2)
            let ids = try (0..<2).map { _ in try store.jobs.run(job, mode: .policy, input: nil, now: store.now) }
            let claimed = try store.claim(worker, slots: 2)
            try store.finish(claimed[0].dispatch)
            store.clock.advance(by: .seconds(90_000))
            try store.enqueue(delay: .seconds(60))
            try store.enqueue(delay: .seconds(90_000))
            let day = try timeline(store)
            #expect(day.rows[0].runs.map(\.id) == [ids[1]] && day.rows[0].olderHours.isEmpty)
            #expect(day.waiting.map(\.dueAt) == [store.now.wall + .seconds(60)])
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `goes on behind the last job of a page`(engine: EngineKind) throws {
        try engine.withStore { store in
            let names = try (100..<150).map { try store.define("job-\($0)", "@manual") }
            let first = try timeline(store)
            let second = try timeline(store, after: first.next)
            #expect(first.rows.count == Timeline.rowLimit && second.next == nil)
            #expect(first.next == first.rows.last?.job.name)
            #expect((first.rows + second.rows).map(\.job.name) == names)
        }
    }

    /// Method: the requests of storage are counted.
    @Test func `costs the same however much has run`() throws {
        func reads(_ count: Int) throws -> Int {
            let counting = CountingEngine(buckets: Buckets.all)
            return try withTestStore(on: { _, buckets in
                buckets.count == Buckets.all.count ? counting : CountingEngine(buckets: buckets)
            }) { store in
                let store = StoreUnderTest(store)
                try run(store, count)
                counting.reset()
                _ = try timeline(store)
                return counting.reads
            }
        }
        #expect(try reads(1200) == reads(300))
    }
}

@Suite struct `A queue` {
    @Test(arguments: EngineKind.allCases)
    func `tells how long the first in it has waited, whatever its priority, and who serves it`(engine: EngineKind)
        throws
    {
        try engine.withStore { store in
            let (media, idle) = (try QueueName("media"), try QueueName("idle"))
            let begin = store.now.wall
            for priority: UInt8 in [100, 255, 7, 0] {
                try store.enqueue(queue: media, priority: priority)
                store.clock.advance(by: .seconds(1))
            }
            try store.enqueue(queue: .standard, delay: .seconds(60))
            _ = try store.worker("one", queues: [media, .standard], slots: 3)
            let gone = try store.worker("two", queues: [media])
            try store.jobs.setState(.stopped, of: gone, now: store.now)
            _ = try store.worker("three", queues: [idle])
            let queues = try store.jobs.queueList(now: store.now).queues
            #expect(queues.map(\.view.name) == [.standard, idle, media])
            #expect(queues.map(\.view.oldestWaiting) == [nil, nil, begin])
            #expect(queues.map { $0.workers.map(\.registration.name) } == [["one"], ["three"], ["one"]])
            #expect(queues[2].view.count(.pending) == 4)
        }
    }
}

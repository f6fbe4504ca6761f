import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

/// Method: the records of a sound store are shown to a salvager, but for some that are lost or changed. What it makes of
/// the rest is made whole as a restored store is, and must be one that `verify` finds nothing in.
@Suite struct `Salvage` {
    @Test func `of a sound store takes everything and loses nothing`() throws {
        try withSources { sources, _ in
            let (report, faults) = try salvage(sources, isWhole: true)
            #expect(report.isWhole, "\(report.sentences)")
            #expect(report.records == sources.count)
            #expect(faults == [])
        }
    }

    @Test(arguments: Buckets.sources)
    func `without any record of one bucket makes a sound store`(bucket: Bucket) throws {
        try withSources { sources, _ in
            let (report, faults) = try salvage(sources.filter { $0.bucket != bucket })
            #expect(faults == [])
            if [Buckets.jobs, Buckets.dispatches, Buckets.requests, Buckets.meta].contains(bucket) {
                #expect(!report.isWhole)
            }
        }
    }

    @Test func `without any one record makes a sound store`() throws {
        try withSources { sources, _ in
            for index in sources.indices {
                var left = sources
                let lost = left.remove(at: index)
                let (_, faults) = try salvage(left)
                #expect(faults == [], "without \(words(lost.key, lost.bucket)) in \(lost.bucket.name)")
            }
        }
    }

    @Test func `believes no record that was changed, and names it`() throws {
        try withSources { sources, _ in
            for index in sources.indices {
                var changed = sources
                changed[index].record[changed[index].record.count / 2] ^= 0x10
                let (report, faults) = try salvage(changed)
                #expect(faults == [])
                let bucket = changed[index].bucket.name
                #expect(report.sentences.contains { $0.contains("in \(bucket) cannot be believed") })
            }
        }
    }

    @Test func `names a dispatch whose request is lost`() throws {
        try withSources { sources, finished in
            let key = Key.dispatch(finished).bytes
            let (report, _) = try salvage(sources.filter { $0.bucket != Buckets.requests || $0.key != key })
            let sentence = "1 dispatches have lost their request, and are left out: \(finished)"
            #expect(report.sentences.contains(sentence), "\(report.sentences)")
        }
    }

    @Test func `of what ran at a worker whose record is lost counts it as lost with that worker`() throws {
        try withSources { sources, _ in
            let (report, faults, jobs) = try salvaged(sources.filter { $0.bucket != Buckets.workers })
            #expect(faults == [])
            #expect(
                report.sentences.contains(
                    "1 workers have lost their record; what they ran counts as lost with them: worker 1"),
                "\(report.sentences)")
            let running = try jobs.dispatches(DispatchFilter(state: .inProgress, limit: .max)).map(\.id)
            #expect(running.count == 3)
            let now = VirtualClock().now()
            let settled = try jobs.rescueFromOtherBoots(now: now).map(\.id)
            #expect(settled.sorted() == running.sorted())
            for id in running {
                let detail = try #require(try jobs.dispatch(id, attempt: nil))
                #expect(detail.view.dispatch.state == .pending && detail.attempts.map(\.reason) == [.workerDied])
            }
            #expect(try jobs.verify().faults == [])
            let next = try jobs.newWorkerID(now: now)
            #expect(next.number > 1)
        }
    }

    @Test func `puts something in the place of an attempt and of a part of an output that are lost`() throws {
        try EngineKind.memory.withStore { store in
            let id = try store.enqueue(attempts: 3)
            let worker = try store.worker()
            for _ in 1...3 {
                let lines = (1...9).map { _ in line(String(repeating: "x", count: 1000)) }
                try store.finish(try store.claimOne(worker), .ended(.exited(1)), output: lines)
                store.clock.advance(by: .seconds(3600))
                try store.jobs.promote(now: store.now)
            }
            let lost = [
                Key.attempt(id, 1), .attempt(id, 3), .output(id, 2, 0), .output(id, 2, 4), .output(id, 2, 5),
            ].map(\.bytes)
            let (report, faults, jobs) = try salvaged(allSources(of: store).filter { !lost.contains($0.key) })
            #expect(faults == [])
            #expect(report.sentences.contains("2 attempts have lost their record: \(id) attempt 1, \(id) attempt 3"))
            #expect(report.sentences.contains { $0.hasPrefix("3 parts of outputs are lost: \(id) attempt 2 part 0, ") })
            let detail = try #require(try jobs.dispatch(id, attempt: 2))
            #expect(detail.attempts.map(\.number) == [1, 2, 3])
            #expect(detail.output.count { $0.stream == .note } == 2 && detail.output.count == 8)
        }
    }

    @Test func `tells the bucket of records on a lost page by themselves`() throws {
        try withSources { sources, _ in
            for bucket in Buckets.sources {
                let page = sources.filter { $0.bucket == bucket }
                let (report, faults) = try salvage(
                    sources.filter { $0.bucket != bucket }, lostPages: [page.map { ($0.key, $0.record) }],
                    isWhole: true)
                #expect(report.fromLostPages == page.count, "\(bucket.name)")
                #expect(report.isWhole, "\(bucket.name): \(report.sentences)")
                #expect(faults == [])
            }
        }
    }

    @Test func `does not let a lost page stand above what is in its place`() throws {
        try withSources { sources, finished in
            let (report, faults) = try salvage(
                sources, lostPages: [sources.filter { $0.bucket == Buckets.dispatches }.map { ($0.key, $0.record) }],
                isWhole: true)
            #expect(report.fromLostPages == 0)
            #expect(report.isWhole && faults == [])
        }
    }

    // MARK: Method

    private typealias Source = (bucket: Bucket, key: [UInt8], record: [UInt8])

    /// Runs `body` with the records of a store in which each bucket of sources has some, and a dispatch that has ended.
    private func withSources(_ body: ([Source], DispatchID) throws -> Void) throws {
        try EngineKind.memory.withStore { store in
            let finished = try fill(store)
            let sources = try allSources(of: store)
            for bucket in Buckets.sources { #expect(sources.contains { $0.bucket == bucket }, "\(bucket.name)") }
            try body(sources, finished)
        }
    }

    private func allSources(of store: StoreUnderTest) throws -> [Source] {
        try Buckets.sources.flatMap { bucket in
            try store.raw.entries(bucket)
                .filter { bucket != Buckets.limits || $0.key.first != Key.openings }
                .map { (bucket, $0.key, $0.value) }
        }
    }

    private func fill(_ store: StoreUnderTest) throws -> DispatchID {
        let worker = try store.worker()
        _ = try store.define(overlap: .skip)
        store.clock.advance(by: .seconds(120))
        try store.fire()
        let finished = try store.claimOne(worker)
        try store.finish(finished, output: [line("out")])
        let running = try store.enqueue()
        _ = try store.claimOne(worker)
        try store.enqueue(unique: "held")
        try store.offer("ever", scope: .forever)
        try store.enqueue(after: [running])
        let queue = try QueueName("limited")
        for _ in 0..<2 {
            try store.enqueue(concurrency: ConcurrencyLimit(key: "database"), queue: queue)
            try store.enqueue(rate: RateLimit(key: "api", rate: Rate(count: 1, per: .seconds(60))), queue: queue)
        }
        _ = try store.claim(worker, queues: [queue], slots: 9)
        _ = try store.jobs.pause(queue: queue, by: "ann@box", reason: "repair", now: store.now)
        let handler = HandlerDefinition(name: try HandlerName("resize"), command: .program(["resize"]))
        _ = try store.jobs.apply(
            [], handlers: [handler], prune: false, replacePending: false, zones: store.zones, now: store.now)
        return finished.id
    }

    /// What came of a salvage, and what `verify` says of the store that is made of it.
    private func salvage(
        _ sources: [Source], lostPages: [[(key: [UInt8], value: [UInt8])]] = [], isWhole: Bool = false
    ) throws -> (SalvageReport, faults: [String]) {
        let (report, faults, _) = try salvaged(sources, lostPages: lostPages, isWhole: isWhole)
        return (report, faults)
    }

    private func salvaged(
        _ sources: [Source], lostPages: [[(key: [UInt8], value: [UInt8])]] = [], isWhole: Bool = false
    ) throws -> (SalvageReport, faults: [String], jobs: JobStore<MemoryEngine>) {
        let engine = MemoryEngine(buckets: Buckets.all)
        var salvager = Salvager(into: engine)
        for source in sources {
            try salvager.take(source.bucket.name, key: source.key.span, record: source.record.span)
        }
        for page in lostPages { try salvager.takeLostPage(page) }
        let report = try salvager.finish(storeID: String(repeating: "0", count: 32), isWhole: isWhole)
        var derivation = Derivation()
        while var part = try derivation.next(from: engine) {
            try engine.write { transaction in
                try part.each { bucket, key, value in try transaction.put(key, value, in: bucket) }
            }
        }
        let jobs = try JobStore(engine: engine, live: nil)
        return (report, try jobs.verify().faults, jobs)
    }
}

import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

extension StoreUnderTest {
    func ledger(
        after start: Instant? = nil, through end: Instant? = nil, job: JobName? = nil
    ) throws -> LedgerReport {
        try jobs.verifySchedule(after: start, through: end, job: job, zones: zones)
    }

    /// The occurrences of a job, in the order of their times.
    fileprivate func occurrences(of job: JobName) throws -> [Entry] {
        let prefix = Key().with(job.text).bytes
        return try raw.entries(Buckets.occurrences).filter { $0.key.starts(with: prefix) }
    }
}

@Suite struct `The ledger of a store` {
    @Test(arguments: EngineKind.allCases)
    func `says what became of each due time`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let job = try store.define(overlap: .queueOne)
            let worker = try store.worker()
            func minute() throws {
                store.clock.advance(by: .seconds(60))
                try store.fire()
            }
            try minute()
            try store.finish(try store.claimOne(worker))
            try minute()
            let running = try store.claimOne(worker)
            for _ in 0..<3 { try minute() }
            store.clock.advance(by: .seconds(600))
            try store.fire()
            let report = try store.ledger()
            #expect(report.faults == [] && report.due == 15)
            let tally = try #require(report.jobs.first).tally
            #expect(tally[.ran] == 1 && tally[.running] == 1 && tally[.waiting] == 1)
            #expect(tally[.coalesced] == 3 && tally[.skipped] == 9)
            _ = try store.jobs.cancel(
                try #require(try store.runs(of: job).last { $0.state == .blocked }).id, now: store.now)
            try store.finish(running)
            let later = try #require(try store.ledger().jobs.first)
            #expect(later.tally[.cancelled] == 1 && later.tally[.ran] == 2 && later.tally[.waiting] == 0)
            #expect(later.after == start && later.through == start + .seconds(900))
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `counts what coalesced into a run that somebody asked for`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define(overlap: .queueOne)
            _ = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
            for _ in 0..<3 {
                store.clock.advance(by: .seconds(60))
                try store.fire()
            }
            let report = try store.ledger()
            #expect(report.faults == [] && report.jobs.first?.tally[.coalesced] == 3)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `begins anew with another schedule, not with another command`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let job = try store.define(overlap: .allow)
            for word in ["true", "false", "date"] {
                store.clock.advance(by: .seconds(90))
                try store.fire()
                let definition = try store.definition(overlap: .allow, word: word)
                _ = try store.jobs.apply([definition], prune: false, zones: store.zones, now: store.now)
            }
            #expect(try store.progress(job).revision == 3)
            let before = try #require(try store.ledger().jobs.first)
            #expect(before.after == start && before.tally.due == 4)
            let changed = try store.definition("job", "@every 7s", overlap: .allow)
            _ = try store.jobs.apply([changed], prune: false, zones: store.zones, now: store.now)
            store.clock.advance(by: .seconds(14))
            try store.fire()
            let report = try store.ledger()
            #expect(report.faults == [] && report.jobs.first?.after == start + .seconds(270) && report.due == 2)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `knows what passed while the job was paused, also before any scheduler saw it`(engine: EngineKind) throws {
        try engine.withStore { store in
            let job = try store.define()
            _ = try store.jobs.setPaused(true, job, now: store.now)
            store.clock.advance(by: .seconds(600))
            try store.fire()
            #expect(try store.ledger().jobs.first?.tally[.skipped] == 10)
            store.clock.advance(by: .seconds(600))
            _ = try store.jobs.setPaused(false, job, now: store.now)
            #expect(try store.ledger().faults == [] && store.ledger().due == 10)
            try store.fire()
            #expect(try store.ledger().faults == [] && store.ledger().due == 20)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `can be asked about a part, and about one job`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            let job = try store.define("a", overlap: .allow)
            try store.define("b", "@every 30s", overlap: .allow)
            try store.define("c", "@manual")
            try store.define("d", "@boot")
            for _ in 0..<20 {
                store.clock.advance(by: .seconds(30))
                try store.fire()
            }
            #expect(try store.ledger().due == 30)
            let part = try store.ledger(after: start + .seconds(60), through: start + .seconds(180))
            #expect(part.faults == [] && part.due == 6)
            #expect(part.jobs.map(\.name.text) == ["a", "b", "c"], "what boots tell no schedule does")
            #expect(try store.ledger(job: job).due == 10)
            #expect(try store.ledger(after: start + .seconds(9000)).due == 0)
            #expect(code { _ = try store.ledger(job: try JobName("none")) } == .notFound)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `refuses to go through more than can be gone through`(engine: EngineKind) throws {
        try engine.withStore { store in
            let start = store.now.wall
            try store.define("fast", "@every 1ms")
            store.clock.advance(by: .seconds(3600))
            try store.fire()
            #expect(code { _ = try store.ledger() } == .invalid)
            let part = try store.ledger(after: start + .seconds(1800), through: start + .seconds(1801))
            #expect(part.faults == [] && part.due == 1000)
        }
    }

    /// As where a machine came up in 1970 and had its clock set.
    @Test func `balances where the clock was set forward by decades`() throws {
        try EngineKind.memory.withStore { store in
            store.clock.stepWall(by: .seconds(-56 * 365 * 86_400))
            try store.define("daily", "30 2 * * *")
            try store.fire()
            store.clock.stepWall(by: .seconds(56 * 365 * 86_400))
            try store.fire()
            let report = try store.ledger()
            #expect(report.faults == [] && report.due == 56 * 365)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `can be made only with the zones that the jobs name`(engine: EngineKind) throws {
        try engine.withStore { store in
            var definition = try store.definition("job", "* * * * *")
            definition.zone = "Europe/Berlin"
            let zones = ZoneTable(machine: .utc, named: ["Europe/Berlin": .utc])
            try store.jobs.add(definition, zones: zones, now: store.now)
            #expect(code { _ = try store.ledger() } == .invalid)
            #expect(try store.jobs.verifySchedule(after: nil, through: nil, job: nil, zones: zones).ok)
        }
    }
}

/// Method: one thing is wrong with a store in which 20 due times of a job were dealt with, and it has to be named.
@Suite struct `A ledger that does not balance` {
    private func faults(_ damage: (StoreUnderTest, JobName) throws -> Void) throws -> [String] {
        var found: [String] = []
        try withMemoryStore(verifying: false) { memory in
            let store = StoreUnderTest(memory)
            let job = try store.define(overlap: .allow)
            for _ in 0..<10 {
                store.clock.advance(by: .seconds(60))
                try store.fire()
            }
            store.clock.advance(by: .seconds(600))
            try store.fire()
            let report = try store.ledger()
            #expect(report.ok && report.due == 20)
            try damage(store, job)
            let after = try store.ledger()
            #expect(after.ok == after.faults.isEmpty)
            found = after.faults
            for fault in found { #expect(fault.hasPrefix("the job job: "), "\(fault)") }
        }
        return found
    }

    @Test func `lacks an occurrence`() throws {
        let found = try faults { store, job in
            try store.raw.delete(try store.occurrences(of: job)[4].key, Buckets.occurrences)
        }
        #expect(found.count == 1 && found[0].contains("nothing accounts for the due time"))
    }

    @Test func `has an occurrence twice, under another revision or clock epoch`() throws {
        for (revision, epoch) in [(2, 0), (1, 1)] as [(UInt32, UInt32)] {
            let found = try faults { store, job in
                let id = try #require(try store.runs(of: job).first).id
                let time = store.now.wall - .seconds(1200 - 60)
                let key = Key.occurrence(job, revision: revision, epoch: epoch, time)
                try store.raw.keep(Counter(value: id.number), key, in: Buckets.occurrences)
            }
            #expect(found.count == 1 && found[0].contains("accounted for twice"), "\(found)")
        }
    }

    @Test func `has an occurrence that is no due time`() throws {
        let found = try faults { store, job in
            let key = Key.occurrence(job, revision: 1, epoch: 0, store.now.wall - .seconds(90))
            try store.raw.keep(Counter(value: 1), key, in: Buckets.occurrences)
        }
        #expect(found.count == 1 && found[0].contains("no due time of the schedule"), "\(found)")
    }

    @Test func `has an occurrence beyond the cursor`() throws {
        let found = try faults { store, job in
            let key = Key.occurrence(job, revision: 1, epoch: 0, store.now.wall + .seconds(60))
            try store.raw.keep(Counter(value: 1), key, in: Buckets.occurrences)
        }
        #expect(found.count == 1 && found[0].contains("can have been dealt with"), "\(found)")
    }

    @Test func `has a cursor that was moved for nothing`() throws {
        let found = try faults { store, _ in
            try store.raw.change(JobProgress.self, .name("job"), in: Buckets.jobProgress) {
                $0.cursor += .seconds(60)
                $0.nextDue! += .seconds(60)
            }
        }
        #expect(found.count == 1 && found[0].contains("nothing accounts for the due time"), "\(found)")
    }

    @Test func `expects the job at another time than its schedule`() throws {
        let found = try faults { store, _ in
            try store.raw.change(JobProgress.self, .name("job"), in: Buckets.jobProgress) { $0.nextDue! += .seconds(1) }
        }
        #expect(found.count == 1 && found[0].contains("the schedule says"), "\(found)")
    }

    @Test(arguments: [-1, 1])
    func `has a record that stands for a wrong number`(change: Int) throws {
        let found = try faults { store, job in
            let skipped = try #require(try store.runs(of: job).first { $0.state == .skipped })
            try store.raw.change(DispatchRecord.self, .dispatch(skipped.id), in: Buckets.dispatches) {
                $0.dispatch = $0.dispatch.standing(forFurther: change)
            }
        }
        #expect(found.count == 1, "\(found)")
        #expect(found[0].contains(change < 0 ? "nothing accounts for" : "1 due times more than there are"), "\(found)")
    }

    @Test func `names a dispatch that is of something else`() throws {
        let found = try faults { store, job in
            let entries = try store.occurrences(of: job)
            let other = Counter(value: try store.enqueue().number)
            try store.raw.put(entries[3].key, other.record(under: Key(bytes: entries[3].key)), Buckets.occurrences)
            let gone = DispatchID(999)
            try store.raw.put(
                entries[5].key, Counter(value: gone.number).record(under: Key(bytes: entries[5].key)),
                Buckets.occurrences)
        }
        #expect(found.count == 2 && found.allSatisfy { $0.contains("has no such record") }, "\(found)")
    }

    @Test func `names no more faults than can be read`() throws {
        let found = try faults { store, job in
            for second in 1...300 {
                let key = Key.occurrence(
                    job, revision: 1, epoch: 0, store.now.wall - .seconds(600) + .microseconds(second))
                try store.raw.keep(Counter(value: 1), key, in: Buckets.occurrences)
            }
        }
        #expect(found.count == VerifyReport.limit)
    }
}

extension Key {
    fileprivate init(bytes: [UInt8]) { self = bytes.reduce(into: Key()) { key, byte in key = key.with(byte) } }
}

extension Dispatch {
    /// The same record, which says that it stands for so many due times more.
    func standing(forFurther count: Int) -> Dispatch {
        Dispatch(
            id: id, job: job, queue: queue, priority: priority, maxAttempts: maxAttempts, enqueuedAt: enqueuedAt,
            scheduledFor: scheduledFor, parent: parent, state: state, reason: reason, attempt: attempt,
            crashes: crashes, dueAt: dueAt, started: started, finished: finished, claim: claim, blocker: blocker,
            ending: ending, cancelRequested: cancelRequested, coalesced: coalesced + count,
            lastScheduledFor: lastScheduledFor)
    }
}

import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

/// Method: each test damages one thing of a sound store below the job store, and expects to find it named.
@Suite struct `Verify` {
    /// A store in which every bucket has an entry and every state a dispatch; damaged by `damage` and verified.
    private func faults(
        _ engine: EngineKind = .memory, damage: (StoreUnderTest) throws -> Void
    ) throws -> [String] {
        var faults: [String] = []
        try engine.withStore(verifying: false) { store in
            try fill(store)
            #expect(try store.jobs.verify().faults == [])
            try damage(store)
            faults = try store.jobs.verify().faults
        }
        return faults
    }

    private func fill(_ store: StoreUnderTest) throws {
        let worker = try store.worker()
        let job = try store.define(overlap: .skip)
        store.clock.advance(by: .seconds(120))
        try store.fire()
        try store.finish(try store.claimOne(worker), output: [line("out")])
        try store.enqueue(attempts: 1)
        try store.finish(try store.claimOne(worker), .ended(.exited(1)))
        _ = try store.jobs.cancel(try store.enqueue(), now: store.now)
        let running = try store.jobs.run(job, mode: .policy, input: nil, now: store.now)
        #expect(try store.claimOne(worker).id == running)
        try store.enqueue(unique: "held")
        try store.enqueue(delay: .seconds(500))
        try store.enqueue(after: [running])
        try fillLimits(store, worker)
        try fillKeys(store)
        let handler = HandlerDefinition(name: try HandlerName("resize"), command: .program(["resize"]))
        _ = try store.jobs.apply(
            [], handlers: [handler], prune: false, replacePending: false, zones: store.zones, now: store.now)
        _ = try store.raw.livePath(store.now, "/run/signalbox")
        for bucket in Buckets.all { #expect(try !store.raw.entries(bucket).isEmpty, "\(bucket.name)") }
        let states = try store.jobs.status().dispatches
        for state in DispatchState.allCases { #expect(states[state] != 0, "\(state)") }
    }

    /// Of each kind of key one runs and one waits; and there is a paused queue with a rate.
    private func fillLimits(_ store: StoreUnderTest, _ worker: WorkerID) throws {
        let queue = try QueueName("limited")
        for _ in 0..<2 {
            try store.enqueue(concurrency: ConcurrencyLimit(key: "database"), queue: queue)
            try store.enqueue(
                rate: RateLimit(key: "api", rate: Rate(count: 1, per: .seconds(60))), queue: queue)
        }
        #expect(try store.claim(worker, queues: [queue], slots: 9).count == 2)
        try store.jobs.setRate(Rate(count: 9, per: .seconds(60)), of: queue, now: store.now)
        _ = try store.jobs.pause(queue: queue, by: "ann@box", reason: "repair", now: store.now)
    }

    /// Keys of every scope, one that a newer request has taken from a running one, and what was made again.
    private func fillKeys(_ store: StoreUnderTest) throws {
        try store.offer("window", scope: .window(.seconds(600)))
        try store.offer("ever", scope: .forever)
        try store.offer("taken", priority: 0)
        _ = try store.claimOne(try store.worker("second"))
        try store.offer("taken", policy: .keepLatest)
        let failed = try store.enqueue("again")
        _ = try store.jobs.cancel(failed, now: store.now)
        let request = Request(command: .program(["parked"]), after: [failed], onParentFail: .wait)
        _ = try store.jobs.enqueue(Enqueuing(request: request), now: store.now)
        _ = try store.jobs.cancel(try store.jobs.requeue(failed, now: store.now), now: store.now)
    }

    @Test(arguments: EngineKind.allCases)
    func `finds nothing wrong with a sound store, and looks at every entry`(engine: EngineKind) throws {
        try engine.withStore { store in
            try fill(store)
            let report = try store.jobs.verify()
            let entries = try Buckets.all.reduce(0) { try $0 + store.raw.entries($1).count }
            #expect(report.ok && report.records == entries)
        }
    }

    @Test(arguments: Buckets.all)
    func `names a missing entry of any bucket`(bucket: Bucket) throws {
        // Nothing else says that these must be there: a command prints as much as it likes, workers and handlers come and
        // go, and people set what they like.
        let optional = [Buckets.outputs, Buckets.meta, Buckets.history, Buckets.queues, Buckets.handlers]
        guard !optional.contains(bucket) else { return }
        for index in try positions(in: bucket) {
            let found = try faults { store in
                try store.raw.delete(try store.raw.entries(bucket)[index].key, bucket)
            }
            #expect(!found.isEmpty, "entry \(index) of \(bucket.name)")
        }
    }

    /// Method: a dispatch that has been started more often than starts are kept, and another whose output has several parts.
    @Test(arguments: EngineKind.allCases)
    func `names every start that is kept, and every part of an output but the last, when it is missing`(
        engine: EngineKind
    ) throws {
        try engine.withStore(verifying: false) { store in
            let worker = try store.worker()
            let often = try store.enqueue()
            for _ in 0..<Attempt.keptOfDispatch + 3 {
                try store.finish(try store.claimOne(worker), .snoozed(.exited(0), after: .seconds(1)))
                store.clock.advance(by: .seconds(1))
                try store.jobs.promote(now: store.now)
            }
            let lines = (1...9).map { _ in line(String(repeating: "x", count: 1000)) }
            try store.finish(try store.claimOne(worker), output: lines)
            #expect(try store.jobs.verify().faults == [])
            let attempts = try store.raw.entries(Buckets.attempts)
            #expect(attempts.count == Attempt.keptOfDispatch)
            for (number, entry) in zip(5..., attempts) {
                try store.raw.delete(entry.key, Buckets.attempts)
                #expect(try store.jobs.verify().faults == ["dispatch \(often) lacks the record of attempt \(number)"])
                try store.raw.put(entry.key, entry.value, Buckets.attempts)
            }
            let parts = try store.raw.entries(Buckets.outputs)
            for (number, entry) in parts.enumerated().dropLast() {
                try store.raw.delete(entry.key, Buckets.outputs)
                let words = "the output of dispatch \(often), attempt 104, lacks part \(number)"
                #expect(try store.jobs.verify().faults == [words])
                try store.raw.put(entry.key, entry.value, Buckets.outputs)
            }
            for entry in attempts { try store.raw.delete(entry.key, Buckets.attempts) }
            #expect(try store.jobs.verify().faults == ["dispatch \(often) lacks the record of 100 attempts"])
        }
    }

    /// What was given back before it began, and cancelled because somebody had asked for that, has left no attempt.
    @Test(arguments: EngineKind.allCases)
    func `asks for no attempt where nothing was started`(engine: EngineKind) throws {
        try engine.withStore { store in
            let id = try store.enqueue()
            let claimed = try store.claimOne(try store.worker())
            _ = try store.jobs.cancel(id, now: store.now)
            try store.finish(claimed, .notBegun)
            #expect(try store.state(id) == .cancelled)
        }
    }

    @Test(arguments: Buckets.all)
    func `names an entry too many of any bucket`(bucket: Bucket) throws {
        let stray = Key.name("stray").with(UInt64(77))
        let found = try faults { store in
            let isIndex = try store.raw.entries(bucket).allSatisfy { $0.value.isEmpty }
            try store.raw.put(stray.bytes, isIndex ? [] : Counter(value: 77).record(under: stray), bucket)
        }
        #expect(found.contains { $0.contains(hexadecimal(stray.bytes)) }, "\(bucket.name): \(found)")
    }

    @Test(arguments: Buckets.all)
    func `finds any byte changed in any record`(bucket: Bucket) throws {
        try EngineKind.memory.withStore(verifying: false) { store in
            try fill(store)
            for entry in try store.raw.entries(bucket) where !entry.value.isEmpty {
                for index in entry.value.indices {
                    var value = entry.value
                    value[index] ^= 0x10
                    try store.raw.put(entry.key, value, bucket)
                    #expect(try !store.jobs.verify().ok, "byte \(index) of \(hexadecimal(entry.key)) in \(bucket.name)")
                }
                try store.raw.put(entry.key, entry.value, bucket)
            }
            #expect(try store.jobs.verify().ok)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `names a damaged record by its key, and goes on`(engine: EngineKind) throws {
        let found = try faults(engine) { store in
            for bucket in [Buckets.dispatches, Buckets.workers] {
                let entry = try #require(try store.raw.entries(bucket).first)
                try store.raw.put(entry.key, entry.value.dropLast() + [entry.value.last! ^ 1], bucket)
            }
        }
        for bucket in [Buckets.dispatches, Buckets.workers] {
            #expect(found.contains { $0.contains("0000000000000001 in \(bucket.name)") }, "\(found)")
        }
    }

    /// Method: two records change places; each is whole, and stands under the other's key.
    @Test(arguments: [Buckets.dispatches, Buckets.requests, Buckets.attempts, Buckets.counters, Buckets.events])
    func `finds a record that stands under the key of another`(bucket: Bucket) throws {
        let found = try faults { store in
            let entries = try store.raw.entries(bucket)
            try store.raw.put(entries[0].key, entries[1].value, bucket)
            try store.raw.put(entries[1].key, entries[0].value, bucket)
        }
        #expect(found.filter { $0.contains("cannot be believed") }.count >= 2, "\(found)")
    }

    private static let contradictions: [(String, @Sendable (StoreUnderTest) throws -> Void)] = [
        ("counter", { try $0.raw.keep(nine, .counter(.queue(.standard), .pending), in: Buckets.counters) }),
        ("the store counts", { try changeState($0) { $0.counts[2] += 1 } }),
        ("the store counts", { try changeState($0) { $0.eventBytes += 1 } }),
        ("newer than the counter", { try changeState($0) { $0.nextDispatch = 3 } }),
        ("newer than the newest transaction", { try changeState($0) { $0.sequence = 1 } }),
        ("which is dead", { try changeWorker($0) { $0.state = .dead } }),
        ("which has no record", { try $0.raw.delete(Key.worker(WorkerID(1)).bytes, Buckets.workers) }),
        ("without an owner", { try changeRunning($0) { $0.dispatch = copy($0.dispatch, claim: nil) } }),
        ("was never started", { try changeRunning($0) { $0.dispatch = copy($0.dispatch, started: nil) } }),
        ("dispatch.by-state lacks", { try changeRunning($0) { $0.dispatch = copy($0.dispatch, state: .pending) } }),
        ("has no request", { try $0.raw.delete(try running($0).bytes, Buckets.requests) }),
        ("belongs to no dispatch", { try $0.raw.keep(stray, .dispatch(DispatchID(99)), in: Buckets.requests) }),
        ("belongs to no dispatch", { try $0.raw.keep(strayChunk, .output(DispatchID(99), 1, 0), in: Buckets.outputs) }),
        ("held by another", { try keepEntry($0, "held", of: DispatchID(1)) }),
        ("does not name that key", { try keepEntry($0, "held", of: DispatchID(99)) }),
        ("does not name that key", { try keepEntry($0, "nobody", of: DispatchID(1)) }),
        ("does not hold that key", { try keepEntry($0, "taken", of: try entry($0, "taken").holder.before) }),
        ("has no end", { try keepEntry($0, "window", of: try entry($0, "window").holder) }),
        ("is not held for one", { try keepEntry($0, "ever", of: try entry($0, "ever").holder, until: .epoch) }),
        ("unique.ends lacks", { try keepEntry($0, "window", of: try entry($0, "window").holder, until: .epoch) }),
        (
            "which belongs to nothing",
            { try keepEntry($0, "window", of: try entry($0, "window").holder, until: .epoch) }
        ),
        ("which belongs to nothing", { try $0.raw.put(uniqueEndBytes(.epoch, "held"), [], Buckets.uniqueEnds) }),
        ("to be held for ever", { try $0.raw.delete(uniqueKeyBytes("ever"), Buckets.unique) }),
        ("to be held for ever", { try keepEntry($0, "ever", of: DispatchID(1)) }),
        ("its request does not name", { store in try changeRunning(store) { $0.holdsUniqueKey = true } }),
        ("its request does not name", { store in try changeRunning(store) { $0.hasLostUniqueKey = true } }),
        ("another has taken its unique key", { try changeHolder($0) { $0.hasLostUniqueKey = true } }),
        ("whose unique key nobody has taken", { try changeLoser($0) { $0.hasLostUniqueKey = false } }),
        ("does not hold its unique key", { try changeLoser($0) { $0.hasLostUniqueKey = false } }),
        (
            "is BLOCKED by",
            { store in
                try store.raw.change(Request.self, try parked(store), in: Buckets.requests) {
                    $0.onParentFail = .cancel
                }
            }
        ),
        ("dispatch.stand-in lacks", { try $0.raw.delete(try standIn($0).key, Buckets.standIns) }),
        ("dispatch.stand-in has", { try $0.raw.keep(one, Key { $0.put(UInt64(3)) }, in: Buckets.standIns) }),
        ("and nothing does", { try changeRun($0) { $0.isSetAside = true } }),
        ("and has no parent", { try changeRun($0) { $0.original = DispatchID(1) } }),
        ("which it says was pruned", { try keepPruned($0, "ever", of: DispatchID(1)) }),
        ("dispatch.ended has", { try changeRun($0) { $0.isPinned = true } }),
        ("has no progress", { try $0.raw.delete(Key.name("job").bytes, Buckets.jobProgress) }),
        ("which is no job", { try $0.raw.delete(Key.name("job").bytes, Buckets.jobs) }),
        ("beyond the job's cursor", { try changeProgress($0) { $0.cursor = .epoch } }),
        ("job.due lacks", { try changeProgress($0) { $0.nextDue! += .seconds(1) } }),
        ("is BLOCKED by", { try endBlocker($0) }),
        ("no record of the whole store", { try $0.raw.delete(try history($0, of: .all).bytes, Buckets.history) }),
        ("runs of jobs, and", { store in try changeHistory(store, of: .all) { _ in RunTally() } }),
        (
            "durations and ends without one",
            { store in
                try changeHistory(store, of: .job(JobName("job"))) { tally in
                    RunTally(
                        successes: tally.successes, failures: 1, unmeasured: 0, totalDuration: tally.totalDuration,
                        durations: tally.durations)
                }
            }
        ),
        (
            "which has another shape",
            { store in
                let key = Key.history(UTCHour(of: store.now.wall), .all).with(UInt8(0))
                try store.raw.keep(RunTally(), key, in: Buckets.history)
            }
        ),
        ("holds its unique key", { try changeHolder($0) { $0.dispatch = skipped($0.dispatch) } }),
        ("does not hold its unique key", { try changeHolder($0) { $0.holdsUniqueKey = false } }),
        ("and occurrences names it for 2", { try $0.raw.keep(one, anotherOccurrence($0), in: Buckets.occurrences) }),
        ("and occurrences names it for 0", { try $0.raw.delete(occurrence($0).bytes, Buckets.occurrences) }),
        ("which is of another", { try $0.raw.keep(three, occurrence($0), in: Buckets.occurrences) }),
        ("and the one before left it", { try changeEvent($0, 1) { $0.changes[0].from = .blocked } }),
        ("its newest event says", { try changeEvent($0, 2) { $0.changes[0].to = .failed } }),
        ("the oldest that is counted", { try changeState($0) { $0.firstEvent = 1000 } }),
        ("ended before it was started", { try changeAttempt($0) { $0.finished = $0.started.earlier } }),
        ("dispatch 2 ended before it was started", { try changeRun($0) { $0.dispatch = shortened($0.dispatch) } }),
        ("the concurrency key \"database\", and it counts 2", { try changePlaces($0) { $0.running += 1 } }),
        ("of which 1 of 2 are taken", { try changePlaces($0) { $0.max += 1 } }),
        ("has a record, and nobody uses it", { try $0.raw.keep(unused, unusedKey, in: Buckets.limits) }),
        ("key \"database\", which has no record", { try $0.raw.delete(placesKey.bytes, Buckets.limits) }),
        ("opens at another time", { try changeStarts($0) { $0.opening! += .seconds(1) } }),
        ("of which 1 of 2 starts count", { try changeStarts($0) { $0.window.rate.count += 1 } }),
        ("starts that are out of order", { try changeStarts($0) { $0.window.starts.append(.distantPast) } }),
        ("which cannot be", { try changeStarts($0) { $0.window.rate.per = .zero } }),
        ("nobody will wake up", { try deleteOpening($0) }),
        ("dispatch.held lacks", { try $0.raw.delete($0.raw.entries(Buckets.held)[0].key, Buckets.held) }),
        ("disagree on whether", { try changeRun($0) { $0.isLimited = true } }),
        ("nothing is set for it", { try $0.raw.keep(QueueRecord(), .name("idle"), in: Buckets.queues) }),
    ]
    /// Those of the plants above that indexes, counters and counts can be mended of; of the others each names a record
    /// that no other makes up for.
    private static let mendable = [
        "counter", "the store counts", "newer than the counter", "newer than the newest transaction",
        "unique.ends lacks", "does not stand in for it", "was not made again", "the oldest that is counted",
        "and it counts 2", "has a record, and nobody uses it", "\"database\", which has no record",
        "opens at another time",
        "nobody will wake up", "dispatch.held lacks",
    ]
    private static let unused = ConcurrencyRecord(max: 1, decidedBy: DispatchID(1))
    private static let unusedKey = Key.limit(.concurrency, "unused")
    private static let stray = Request(command: .shell("x"))
    private static let strayChunk = OutputChunk(lines: [])
    private static let nine = Counter(value: 9)
    private static let one = Counter(value: 1)
    private static let three = Counter(value: 3)

    @Test(arguments: contradictions.indices)
    func `names what contradicts itself though every checksum is right`(index: Int) throws {
        let (words, damage) = Self.contradictions[index]
        let found = try faults(damage: damage)
        #expect(found.contains { $0.contains(words) }, "\(words): \(found)")
    }

    @Test(arguments: contradictions.indices)
    func `repairs what follows from other records, and names the rest`(index: Int) throws {
        let (words, damage) = Self.contradictions[index]
        try EngineKind.memory.withStore(verifying: false) { store in
            try fill(store)
            try damage(store)
            let before = try store.jobs.verify().faults
            let sources = try store.raw.sources()
            let report = try store.jobs.repair()
            #expect(report.left.faults == (try store.jobs.verify().faults))
            #expect(Set(report.mended).union(report.left.faults).isSuperset(of: before))
            if report.ok { #expect(try store.raw.sources() == sources || !report.mended.isEmpty) }
            let isMendable = Self.mendable.contains { words.hasSuffix($0) }
            #expect(!isMendable || !report.left.faults.contains { $0.contains(words) }, "\(words): \(report)")
        }
    }

    @Test(arguments: Buckets.derived, EngineKind.allCases)
    func `repairs a bucket that is made from others, whatever it has lost or gained`(
        bucket: Bucket, engine: EngineKind
    ) throws {
        try engine.withStore { store in
            try fill(store)
            let sound = try store.raw.entries(bucket)
            let sequence = try store.jobs.sequence()
            let stray = Key.name("stray").with(UInt64(77))
            let isIndex = sound.allSatisfy { $0.value.isEmpty }
            let damages: [() throws -> Void] = [
                { for entry in sound { try store.raw.delete(entry.key, bucket) } },
                { try store.raw.delete(sound[sound.count / 2].key, bucket) },
                {
                    let value = isIndex ? [] : Counter(value: 77).record(under: stray)
                    try store.raw.put(stray.bytes, value, bucket)
                },
                { try store.raw.put(sound[0].key, [1, 2, 3], bucket) },
            ]
            for damage in isIndex ? damages.dropLast()[...] : damages[...] {
                try damage()
                #expect(try !store.jobs.verify().ok)
                let report = try store.jobs.repair()
                #expect(report.ok && !report.mended.isEmpty, "\(report)")
                #expect(try store.raw.entries(bucket) == sound)
            }
            #expect(try store.jobs.sequence() > sequence)
            #expect(try store.jobs.repair().mended.isEmpty)
        }
    }

    @Test(arguments: EngineKind.allCases, [1, 500, 32 << 20])
    func `works out every index and counter from the sources alone, in parts of any size`(
        engine: EngineKind, limit: Int
    ) throws {
        try engine.withStore { store in
            try fill(store)
            let sound = try store.raw.everything()
            try store.raw.forgetDerived()
            #expect(try store.raw.everything() != sound)
            try store.raw.derive(limit)
            #expect(try store.raw.everything() == sound)
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `gives a unique key back to the one that can hold it, and to nobody else`(engine: EngineKind) throws {
        try engine.withStore(verifying: false) { store in
            try fill(store)
            let sound = try store.raw.entries(Buckets.unique)
            let living = UniqueKey("living")
            let worker = try store.worker("unique")
            let ended = try store.offer("over", priority: 0).id
            try store.finish(try store.claimOne(worker))
            let (holder, other) = (try store.offer("living").id, try store.offer("other").id)
            let whole = try store.raw.entries(Buckets.unique)
            func damage(_ text: String, _ entry: UniqueEntry?) throws {
                let key = uniqueKeyBytes(text)
                guard let entry else { return try store.raw.delete(key, Buckets.unique) }
                var writer = RecordWriter()
                entry.write(under: key.span, to: &writer)
                try store.raw.put(key, copied(writer.span), Buckets.unique)
            }
            for entry in [nil, UniqueEntry(holder: ended), UniqueEntry(holder: holder, until: store.now.wall)] {
                // One that names another key may have held this one, too, for how long nobody knows.
                let isNamed = entry?.holder == ended
                try damage(living.text, entry)
                #expect(try store.jobs.repair().ok == !isNamed)
                if isNamed { try damage(living.text, nil) }
                #expect(try store.jobs.repair().ok && store.raw.entries(Buckets.unique) == whole)
            }
            try damage("over", UniqueEntry(holder: ended))
            try damage("ever", nil)
            #expect(try store.jobs.repair().ok && store.raw.entries(Buckets.unique) == whole)
            // Held by one that is gone, or by one that was pruned and may have held it for ever.
            for entry in [UniqueEntry(holder: DispatchID(3000)), UniqueEntry(holder: ended, isHolderPruned: true)] {
                try damage("other", entry)
                #expect(try !store.jobs.repair().ok)
            }
            try damage("other", nil)
            // Two that say they hold it.
            try store.raw.change(Request.self, .dispatch(other), in: Buckets.requests) { $0.unique = living }
            try damage("living", nil)
            let left = try store.jobs.repair().left.faults
            #expect(left.filter { $0.contains("is held by another") }.count == 2, "\(left)")
            #expect(whole.count == sound.count + 2)
        }
    }

    /// Method: the dump of a store that was damaged below the job store, with every checksum and the footer right.
    @Test(arguments: contradictions.indices)
    func `a dump that contradicts itself becomes no store`(index: Int) throws {
        let (words, damage) = Self.contradictions[index]
        try EngineKind.memory.withStore(verifying: false) { store in
            try fill(store)
            let sound = try store.raw.dump()
            try damage(store)
            // What cannot be said in a line is refused by the dump itself.
            guard let damaged = try? store.raw.dump() else { return }
            do {
                let restored = try restore(damaged)
                // Only what a dump leaves out was wrong, or what is worked out again: from the records as they were, or as
                // they were made.
                #expect(try restored.verify().ok)
                let dumped = try restored.dumped()
                #expect(dumped == sound || dumped == damaged, "\(words)")
            } catch let error as RestoreError {
                #expect(damaged != sound && error.description.contains("contradicts itself"), "\(error)")
            }
        }
    }

    @Test(arguments: EngineKind.allCases)
    func `a restored dump is the store that it was made of, and dumps the same`(engine: EngineKind) throws {
        try engine.withStore { store in
            try fill(store)
            let dump = try store.raw.dump()
            let restored = try restore(dump)
            #expect(try restored.dumped() == dump)
            let raw = RawStore(restored.engine)
            for bucket in Buckets.all where bucket != Buckets.meta {
                #expect(try raw.entries(bucket) == store.raw.entries(bucket), "\(bucket.name)")
            }
            let boot = BootRecord.key.bytes
            #expect(try raw.entries(Buckets.meta) == store.raw.entries(Buckets.meta).filter { $0.key != boot })
        }
    }

    @Test(arguments: Buckets.sources)
    func `does not repair anything where a record cannot be read`(bucket: Bucket) throws {
        try EngineKind.memory.withStore(verifying: false) { store in
            try fill(store)
            let entry = try #require(try store.raw.entries(bucket).first)
            try store.raw.put(entry.key, entry.value.dropLast() + [entry.value.last! ^ 1], bucket)
            try store.raw.delete(try store.raw.entries(Buckets.ready)[0].key, Buckets.ready)
            let before = try store.raw.everything()
            let error = #expect(throws: StoreError.self) { try store.jobs.repair() }
            #expect(error?.code == .damaged && error?.description.contains(hexadecimal(entry.key)) == true, "\(error!)")
            #expect(try store.raw.everything() == before)
        }
    }

    @Test func `names a bounded number of faults`() throws {
        let found = try faults { store in
            for number in 100..<500 as Range<UInt64> {
                try store.raw.keep(Request(command: .shell("x")), .dispatch(DispatchID(number)), in: Buckets.requests)
            }
        }
        #expect(found.count == VerifyReport.limit)
    }

    @Test func `and a counter that would fall below zero stops the transaction`() throws {
        try EngineKind.memory.withStore(verifying: false) { store in
            let id = try store.enqueue()
            let worker = try store.worker()
            try changeState(store) { $0.counts[Int(DispatchState.pending.rawValue)] = 0 }
            let error = #expect(throws: StoreError.self) { try store.claimOne(worker) }
            #expect(error?.code == .damaged)
            #expect(try store.state(id) == .pending)
        }
    }

    /// The positions of the entries of a bucket in a filled store.
    private func positions(in bucket: Bucket) throws -> Range<Int> {
        var count = 0
        try EngineKind.memory.withStore { store in
            try fill(store)
            count = try store.raw.entries(bucket).count
        }
        return 0..<count
    }
}

private func changeState(_ store: StoreUnderTest, _ change: (inout StoreState) -> Void) throws {
    try store.raw.change(StoreState.self, StoreState.key, in: Buckets.meta, change)
}

/// The key of a record of the one hour in which something ended.
private func history(_ store: StoreUnderTest, of subject: HistorySubject) throws -> Key {
    .history(UTCHour(of: store.now.wall), subject)
}

private func changeHistory(
    _ store: StoreUnderTest, of subject: HistorySubject, _ change: (RunTally) -> RunTally
) throws {
    let key = try history(store, of: subject)
    try store.raw.change(RunTally.self, key, in: Buckets.history) { $0 = change($0) }
}

private func changeWorker(_ store: StoreUnderTest, _ change: (inout WorkerRegistration) -> Void) throws {
    try store.raw.change(WorkerRegistration.self, .worker(WorkerID(1)), in: Buckets.workers, change)
}

private func changeProgress(_ store: StoreUnderTest, _ change: (inout JobProgress) -> Void) throws {
    try store.raw.change(JobProgress.self, .name("job"), in: Buckets.jobProgress, change)
}

private let placesKey = Key.limit(.concurrency, "database")

private func changePlaces(_ store: StoreUnderTest, _ change: (inout ConcurrencyRecord) -> Void) throws {
    try store.raw.change(ConcurrencyRecord.self, placesKey, in: Buckets.limits, change)
}

private func changeStarts(_ store: StoreUnderTest, _ change: (inout RateRecord) -> Void) throws {
    try store.raw.change(RateRecord.self, .limit(.rate, "api"), in: Buckets.limits, change)
}

private func deleteOpening(_ store: StoreUnderTest) throws {
    let opening = try #require(try store.raw.entries(Buckets.limits).last)
    #expect(opening.value.isEmpty)
    try store.raw.delete(opening.key, Buckets.limits)
}

/// The key of the first dispatch that runs.
private func running(_ store: StoreUnderTest) throws -> Key {
    .dispatch(try #require(try store.jobs.overview().running.first).id)
}

private func changeRunning(_ store: StoreUnderTest, _ change: (inout DispatchRecord) -> Void) throws {
    try store.raw.change(DispatchRecord.self, try running(store), in: Buckets.dispatches, change)
}

/// Dispatch 2, the one that succeeded.
private func changeRun(_ store: StoreUnderTest, _ change: (inout DispatchRecord) -> Void) throws {
    try store.raw.change(DispatchRecord.self, .dispatch(DispatchID(2)), in: Buckets.dispatches, change)
}

/// The dispatch that holds the unique key.
private func changeHolder(_ store: StoreUnderTest, _ change: (inout DispatchRecord) -> Void) throws {
    let holder = try store.offer(unique: "held").id
    try store.raw.change(DispatchRecord.self, .dispatch(holder), in: Buckets.dispatches, change)
}

private func keepEntry(
    _ store: StoreUnderTest, _ key: String, of holder: DispatchID, until: Instant? = nil
) throws {
    try store.raw.keep(UniqueEntry(holder: holder, until: until), .name(key), in: Buckets.unique)
}

private func keepPruned(_ store: StoreUnderTest, _ key: String, of holder: DispatchID) throws {
    let entry = UniqueEntry(holder: holder, until: nil, isHolderPruned: true)
    try store.raw.keep(entry, .name(key), in: Buckets.unique)
}

private func entry(_ store: StoreUnderTest, _ key: String) throws -> UniqueEntry {
    let found = try #require(try store.raw.entries(Buckets.unique).first { $0.key == uniqueKeyBytes(key) })
    return try UniqueEntry(record: found.value.span, key: found.key.span)
}

extension DispatchID {
    fileprivate var before: DispatchID { DispatchID(number - 1) }
}

/// The dispatch that runs, and whose unique key a newer one has taken.
private func changeLoser(_ store: StoreUnderTest, _ change: (inout DispatchRecord) -> Void) throws {
    let loser = try entry(store, "taken").holder.before
    try store.raw.change(DispatchRecord.self, .dispatch(loser), in: Buckets.dispatches, change)
}

private func standIn(_ store: StoreUnderTest) throws -> Entry {
    try #require(try store.raw.entries(Buckets.standIns).first)
}

/// The key of the request that waits for what was made again.
private func parked(_ store: StoreUnderTest) throws -> Key {
    let found = try store.jobs.dispatches(DispatchFilter(limit: .max)).first { $0.command == "parked" }
    return .dispatch(try #require(found).id)
}

private func changeAttempt(_ store: StoreUnderTest, _ change: (inout Attempt) -> Void) throws {
    try store.raw.change(Attempt.self, .attempt(DispatchID(2), 1), in: Buckets.attempts, change)
}

/// The event of that place in their order.
private func changeEvent(_ store: StoreUnderTest, _ index: Int, _ change: (inout EventRecord) -> Void) throws {
    let entry = try store.raw.entries(Buckets.events)[index]
    let sequence = entry.key.reduce(0) { $0 << 8 | UInt64($1) }
    try store.raw.change(EventRecord.self, .sequence(sequence), in: Buckets.events, change)
}

/// The due time that became dispatch 1, a SKIPPED record.
private func occurrence(_ store: StoreUnderTest, epoch: UInt32 = 0) throws -> Key {
    let due = try #require(try store.dispatch(DispatchID(1)).scheduledFor)
    return .occurrence(try JobName("job"), revision: 1, epoch: epoch, due)
}
private func anotherOccurrence(_ store: StoreUnderTest) throws -> Key { try occurrence(store, epoch: 7) }

extension Moment {
    fileprivate var earlier: Moment {
        Moment(wall: wall, boot: BootInstant(nanoseconds: boot.nanoseconds - 1))
    }
}

private func shortened(_ dispatch: Dispatch) -> Dispatch {
    copy(dispatch, claim: nil, started: Moment(wall: .epoch, boot: dispatch.finished!.boot + .seconds(1)))
}
private func skipped(_ dispatch: Dispatch) -> Dispatch {
    let now = Now(wall: .epoch, boot: BootInstant(nanoseconds: 0), bootID: BootID("boot"))
    return (try? dispatch.applying(.skip(.jobRemoved), now: now)) ?? dispatch
}

/// What others wait for ends, and nobody looks after them.
private func endBlocker(_ store: StoreUnderTest) throws {
    let now = store.now
    try changeRunning(store) { record in
        guard let token = record.dispatch.claim?.token,
            let ended = try? record.dispatch.applying(.succeed(token, .exited(0)), now: now)
        else { return }
        record.dispatch = ended
    }
}

private func copy(_ dispatch: Dispatch, state: DispatchState? = nil, claim: Claim?, started: Moment?) -> Dispatch {
    Dispatch(
        id: dispatch.id, job: dispatch.job, queue: dispatch.queue, priority: dispatch.priority,
        maxAttempts: dispatch.maxAttempts, enqueuedAt: dispatch.enqueuedAt, scheduledFor: dispatch.scheduledFor,
        parent: dispatch.parent, state: state ?? dispatch.state, reason: dispatch.reason, attempt: dispatch.attempt,
        crashes: dispatch.crashes, dueAt: dispatch.dueAt, started: started, finished: dispatch.finished, claim: claim,
        blocker: dispatch.blocker, ending: dispatch.ending, cancelRequested: dispatch.cancelRequested,
        coalesced: dispatch.coalesced, lastScheduledFor: dispatch.lastScheduledFor)
}
private func copy(_ dispatch: Dispatch, claim: Claim?) -> Dispatch {
    copy(dispatch, claim: claim, started: dispatch.started)
}
private func copy(_ dispatch: Dispatch, started: Moment?) -> Dispatch {
    copy(dispatch, claim: dispatch.claim, started: started)
}
private func copy(_ dispatch: Dispatch, state: DispatchState) -> Dispatch {
    copy(dispatch, state: state, claim: dispatch.claim, started: dispatch.started)
}

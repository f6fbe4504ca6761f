// Aim: a store that fills up stops taking new work in time, and always lets what it has come to its end (semantics 14).

import LMDBEngine
import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `A store that fills up` {
    @Test func `takes nothing new from clients when nine tenths are in use`() throws {
        try withMemoryStore { store in
            let ended = try enqueueAndRun(store)
            try store.jobs.add(job("known"), zones: store.zones, now: store.now)
            let adding: [(String, () throws -> Void)] = [
                ("enqueue", { _ = try store.jobs.enqueue(item(), now: store.now) }),
                ("many", { _ = try store.jobs.enqueue([item(), item()], now: store.now) }),
                ("run", { _ = try store.jobs.run(try JobName("known"), mode: .force, input: nil, now: store.now) }),
                ("requeue", { _ = try store.jobs.requeue(ended, now: store.now) }),
                ("add", { try store.jobs.add(job("new"), zones: store.zones, now: store.now) }),
                (
                    "apply",
                    {
                        let changed = try job("known", "other")
                        _ = try store.jobs.apply([changed], prune: false, zones: store.zones, now: store.now)
                    }
                ),
            ]
            for (name, add) in adding {
                store.jobs.engine.fill(90)
                let sequence = try store.jobs.sequence()
                let error = #expect(throws: StoreError.self, "\(name)") { try add() }
                #expect(error?.code == .full, "\(name)")
                #expect(try store.jobs.sequence() == sequence, "\(name)")
                store.jobs.engine.fill(89)
                if name != "add" { try add() }
            }
        }
    }

    @Test func `still answers what needs no room`() throws {
        try withMemoryStore { store in
            let held = try store.jobs.enqueue(item(unique: "key"), now: store.now)
            let known = try job("known")
            try store.jobs.add(known, zones: store.zones, now: store.now)
            store.jobs.engine.fill(99)
            #expect(try store.jobs.enqueue(item(unique: "key"), now: store.now).id == held.id)
            let changes = try store.jobs.apply([known], prune: false, zones: store.zones, now: store.now)
            #expect(changes.map(\.change) == [.unchanged])
            #expect(try store.jobs.setPaused(true, known.name, now: store.now))
            #expect(try store.jobs.cancel(held.id, now: store.now).state == .cancelled)
            try store.jobs.remove(known.name, now: store.now)
        }
    }

    @Test func `counts what one request brings with it`() throws {
        try withMemoryStore { store throws in
            store.jobs.engine.setRoom(Room(used: 80 << 20, limit: 100 << 20, held: 0, freeOnDisk: .max))
            let large = (0..<20).map { _ in item(input: 1 << 20) }
            let error = #expect(throws: StoreError.self) { try store.jobs.enqueue(large, now: store.now) }
            #expect(error?.code == .full)
            #expect(error?.description.contains("the store would be 90 % full") == true)
            #expect(try store.jobs.dispatches(DispatchFilter()).isEmpty)
            #expect(try store.jobs.enqueue(Array(large.prefix(5)), now: store.now).count == 5)
        }
    }

    @Test func `makes due times into one record of why not for each job and pass, at 95 percent`() throws {
        try withMemoryStore { store in
            for name in ["one", "two"] { try store.jobs.add(job(name), zones: store.zones, now: store.now) }
            store.jobs.engine.fill(94)
            store.clock.advance(by: .seconds(60))
            #expect(try fire(store) == FirePass(dispatched: 2, skipped: 0, withoutZone: []))
            store.jobs.engine.fill(95)
            store.clock.advance(by: .seconds(180))
            #expect(try fire(store) == FirePass(dispatched: 0, skipped: 2, withoutZone: []))
            let skipped = try store.jobs.dispatches(DispatchFilter(state: .skipped)).map(\.dispatch)
            #expect(skipped.map(\.reason) == [.storeFull, .storeFull])
            #expect(skipped.allSatisfy { $0.coalesced == 2 })
            // What was skipped is not made up for, and what comes next runs.
            store.jobs.engine.fill(50)
            #expect(try fire(store).dispatched == 0)
            store.clock.advance(by: .seconds(60))
            #expect(try fire(store) == FirePass(dispatched: 2, skipped: 0, withoutZone: []))
        }
    }

    @Test func `adds the due times of later passes to that record, at 95 percent`() throws {
        try withMemoryStore { store in
            let job = try job("often")
            try store.jobs.add(job, zones: store.zones, now: store.now)
            func pass(skipping expected: Int) throws {
                store.clock.advance(by: .seconds(60))
                #expect(try fire(store) == FirePass(dispatched: 0, skipped: expected, withoutZone: []))
            }
            store.jobs.engine.fill(95)
            try pass(skipping: 1)
            for _ in 0..<9 { try pass(skipping: 0) }
            let records = try store.jobs.dispatches(DispatchFilter()).map(\.dispatch)
            #expect(records.count == 1 && records[0].coalesced == 9)
            #expect(records[0].lastScheduledFor == store.now.wall)
            // With another schedule, and after a run, it is another record.
            var changed = job
            changed.schedule = .every(.seconds(30))
            store.jobs.engine.fill(50)
            _ = try store.jobs.apply([changed], prune: false, zones: store.zones, now: store.now)
            store.jobs.engine.fill(95)
            try pass(skipping: 1)
            store.jobs.engine.fill(50)
            store.clock.advance(by: .seconds(30))
            #expect(try fire(store).dispatched == 1)
            store.jobs.engine.fill(95)
            try pass(skipping: 1)
            try pass(skipping: 0)
            let all = try store.jobs.dispatches(DispatchFilter()).map(\.dispatch)
            #expect(all.map(\.coalesced) == [3, 0, 1, 9])
            let ledger = try store.jobs.verifySchedule(after: nil, through: nil, job: nil, zones: store.zones)
            #expect(ledger.faults == [])
        }
    }

    @Test func `skips jobs of the boot too`() throws {
        try withMemoryStore { store in
            let name = try JobName("boot")
            try store.jobs.add(
                JobDefinition(name: name, schedule: .boot, command: .shell("true")), zones: store.zones,
                now: store.now)
            store.clock.reboot()
            store.jobs.engine.fill(95)
            #expect(try store.jobs.fireBootJobs(now: store.now).skipped == 1)
            #expect(try store.jobs.dispatches(DispatchFilter()).map(\.dispatch.reason) == [.storeFull])
        }
    }

    @Test func `lets what runs end, be tried again and be rescued without asking`() throws {
        try withMemoryStore { store in
            let underTest = StoreUnderTest(store)
            for _ in 0..<3 { try underTest.enqueue() }
            let worker = try underTest.worker(slots: 3)
            let claimed = try underTest.claim(worker, slots: 3).map(\.dispatch)
            store.jobs.engine.setRoom(Room(used: 100, limit: 100, held: 0, freeOnDisk: 0))
            #expect(claimed.count == 3)
            try underTest.finish(claimed[0], output: [OutputLine(stream: .standardOutput, offset: .zero, bytes: [1])])
            try underTest.finish(claimed[1], .ended(.exited(1)))
            #expect(try underTest.jobs.rescue(worker, output: [:], now: store.now).count == 1)
        }
    }

    @Test func `begins no more than what may print has room, but one alone in what is kept for finishing`() throws {
        try withMemoryStore { store in
            let underTest = StoreUnderTest(store)
            for _ in 0..<4 { try underTest.enqueue() }
            let worker = try underTest.worker(slots: 4)
            func begin(leaving left: Int, kept: Int = 1 << 20) throws -> RoundOutcome {
                store.jobs.engine.setRoom(Room(used: 0, limit: left, held: 0, freeOnDisk: .max, kept: kept))
                return try store.jobs.round(
                    of: worker, results: [], queues: [.standard], slots: 4, now: store.now)
            }
            let none = try begin(leaving: 100, kept: 0)
            #expect(none.claimed.isEmpty && none.lacksRoom)
            let alone = try begin(leaving: 100)
            #expect(alone.claimed.count == 1 && alone.lacksRoom)
            #expect(try begin(leaving: 2 * Admission.output - 1).claimed.isEmpty)
            let third = try begin(leaving: 3 * Admission.output)
            #expect(third.claimed.count == 2 && third.lacksRoom)
            let rest = try begin(leaving: 4 * Admission.output)
            #expect(rest.claimed.count == 1 && !rest.lacksRoom)
        }
    }

    @Test func `counts what those that run may print among what is in use, for what is new`() throws {
        try withMemoryStore { store in
            let underTest = StoreUnderTest(store)
            try underTest.enqueue()
            _ = try underTest.claimOne(try underTest.worker())
            store.jobs.engine.setRoom(Room(used: 0, limit: 2 * Admission.output, held: 0, freeOnDisk: .max))
            _ = try store.jobs.enqueue(item(), now: store.now)
            store.jobs.engine.setRoom(Room(used: 0, limit: Admission.output, held: 0, freeOnDisk: .max))
            #expect(code { _ = try store.jobs.enqueue(item(), now: store.now) } == .full)
        }
    }

    @Test func `says so to who tidies up, and in its status`() throws {
        try withMemoryStore { store throws in
            #expect(try store.jobs.status().filling == StoreFilling(usedPercent: 0, level: .normal))
            #expect(try store.jobs.tidyUp() == [])
            store.jobs.engine.fill(85)
            #expect(try store.jobs.tidyUp().first?.hasPrefix("the store is 85 % full: from 90 % on") == true)
            #expect(try store.jobs.status().filling == StoreFilling(usedPercent: 85, level: .warning))
        }
    }

    /// A real map of 4 MiB: enqueues are refused long before it is full; what is there ends; and when room has been
    /// made it takes new work again, all without opening anything anew.
    @Test func `does all that on a real store`() throws {
        let options = Environment.Options(initialMapSize: 4 << 20, maximumSize: 4 << 20)
        try withTestStore(on: onLMDB(options)) { store in
            let underTest = StoreUnderTest(store)
            let accepted = try enqueueUntilRefused(store)
            #expect(accepted.count > 100)
            let room = try store.jobs.room()
            #expect(room.limit == 3 << 20 && room.kept == 1 << 20)
            #expect([.warning, .closedToClients].contains(room.level), "\(room)")
            // Near the top one after the other.
            let worker = try underTest.worker(slots: 20)
            for _ in 0..<60 {
                let claimed = try underTest.claimOne(worker)
                let line = OutputLine(stream: .standardOutput, offset: .zero, bytes: [UInt8](repeating: 65, count: 500))
                try underTest.finish(claimed, output: [line])
            }
            #expect(try store.jobs.status().count(.success) == 60)
            try delete(accepted, from: store)
            _ = try store.jobs.enqueue(item(), now: store.now)
        }
    }
}

private func item(unique: String? = nil, input: Int = 0) -> Enqueuing {
    Enqueuing(
        request: Request(
            command: .program(["true"]), input: [UInt8](repeating: 1, count: input),
            unique: unique.map { UniqueKey($0) }))
}

private func job(_ name: String, _ line: String = "true") throws -> JobDefinition {
    JobDefinition(
        name: try JobName(name), schedule: .every(.seconds(60)), command: .shell(line),
        overlap: .allow)
}

private func fire(_ store: TestStore<MemoryEngine>) throws -> FirePass {
    try store.jobs.fire(now: store.now, zones: store.zones)
}

private func enqueueAndRun(_ store: TestStore<MemoryEngine>) throws -> DispatchID {
    let underTest = StoreUnderTest(store)
    let id = try underTest.enqueue()
    try underTest.finish(try underTest.claimOne(try underTest.worker()))
    return id
}

extension MemoryEngine {
    /// So many percent of it are in use; one request more makes no difference.
    fileprivate func fill(_ percent: Int) {
        setRoom(Room(used: percent << 40, limit: 100 << 40, held: 0, freeOnDisk: .max))
    }
}

/// Requests of 2 KiB, in transactions of their own, until one is refused: all that were taken.
private func enqueueUntilRefused(_ store: TestStore<Environment>) throws -> [DispatchID] {
    var accepted: [DispatchID] = []
    while true {
        do {
            accepted.append(try store.jobs.enqueue(item(input: 2 << 10), now: store.now).id)
        } catch let error as StoreError where error.code == .full {
            return accepted
        }
    }
}

/// Ends what waits, and gives its room back, as a prune would.
private func delete(_ ids: [DispatchID], from store: TestStore<Environment>) throws {
    for id in ids where try store.jobs.dispatch(id)?.view.dispatch.state == .pending {
        _ = try store.jobs.cancel(id, now: store.now)
    }
    for id in ids {
        try store.jobs.engine.write { transaction in
            var request = try transaction.request(of: id)
            request.input = []
            try transaction.keep(request, .dispatch(id), in: Buckets.requests)
        }
    }
}

// Aim: however small the map of a store, and however full clients and schedules have made it, what runs in it can end
// with all of its output, and all that clears up can be done. Method: a store is filled to the top by a random mix of
// requests, and nothing that must succeed then may throw. The seed is an argument of the test, named with
// each issue; SIGNALBOX_SEED=N plays it again.
import Glibc
import LMDBEngine
import OrderedStore
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

@Suite struct `A map that is filled to the top` {
    private static let seed =
        getenv("SIGNALBOX_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...9_999)

    @Test(arguments: [1, 2, 4, 16], [seed])
    func `lets all that runs end with full output, and all be cancelled and removed`(
        _ megabytes: Int, seed: UInt64
    ) throws {
        let options = Environment.Options(initialMapSize: megabytes << 20, maximumSize: megabytes << 20)
        var dice = SeededRandom(seed: seed)
        try withTestStore(on: onLMDB(options)) { store in
            let underTest = StoreUnderTest(store)
            let jobs = try ["one", "two", "three"].map { try underTest.define($0, overlap: .allow) }
            let worker = try underTest.worker(slots: 8)
            for _ in 0..<8 { try underTest.enqueue(attempts: 1) }
            let running = try underTest.claim(worker, slots: 8).map(\.dispatch)
            #expect(!running.isEmpty)
            try fill(underTest, jobs, &dice, largest: megabytes * 6_000)
            for dispatch in running.shuffled(using: &dice) {
                let ending: AttemptResult.Ending = Bool.random(using: &dice) ? .ended(.exited(0)) : .ended(.exited(1))
                #expect(try underTest.finish(dispatch, ending, output: fullOutput()).settled.count == 1)
            }
            try runOn(underTest, worker)
            try clearUp(underTest, jobs)
            try deleteOutputs(of: store.jobs.engine)
            if megabytes > 1 { try underTest.enqueue() }
        }
    }
}

/// Adds whatever is let in, by clients and by the clock, until nothing has been for a while.
private func fill(
    _ store: StoreUnderTest, _ jobs: [JobName], _ dice: inout SeededRandom, largest: Int
) throws {
    var refusals = 0
    while refusals < 60 {
        let outcome = code { try add(to: store, jobs, &dice, largest) }
        #expect(outcome == nil || outcome == .full)
        refusals = outcome == nil ? 0 : refusals + 1
        guard Int.random(in: 0..<4, using: &dice) == 0 else { continue }
        store.clock.advance(by: .seconds(60))
        if try store.fire().dispatched > 0 { refusals = 0 }
    }
}

private func add(to store: StoreUnderTest, _ jobs: [JobName], _ dice: inout SeededRandom, _ largest: Int) throws {
    switch Int.random(in: 0..<8, using: &dice) {
    case 0: _ = try store.jobs.run(jobs[0], mode: .force, input: nil, now: store.now)
    case 1: try store.define("job-\(dice.next() % 1_000_000_000)", "@manual")
    case 2: try store.enqueue(unique: "key-\(dice.next())")
    case 3: try store.enqueue(delay: .seconds(1_000_000))
    default:
        let size = Int.random(in: 0..<largest, using: &dice)
        let request = Request(command: .program(["true"]), input: [UInt8](repeating: 1, count: size))
        _ = try store.jobs.enqueue(Enqueuing(request: request), now: store.now)
    }
}

/// Lets a worker go on with what waits, as long as it is given any, each of which prints as much as it can.
private func runOn(_ store: StoreUnderTest, _ worker: WorkerID) throws {
    while true {
        let round = try store.jobs.round(
            of: worker, results: [], queues: [.standard], kinds: .commands, slots: 3, now: store.now)
        guard !round.claimed.isEmpty else { return }
        for claimed in round.claimed { try store.finish(claimed.dispatch, output: fullOutput()) }
    }
}

/// Nothing of this may fail where nothing else fits any more.
private func clearUp(_ store: StoreUnderTest, _ jobs: [JobName]) throws {
    for state in [DispatchState.pending, .scheduled, .blocked] {
        for view in try store.jobs.dispatches(DispatchFilter(state: state, limit: .max)) {
            #expect(try store.jobs.cancel(view.dispatch.id, now: store.now).state == .cancelled)
        }
    }
    for job in jobs { try store.jobs.remove(job, now: store.now) }
}

/// In slices, as whoever prunes does it.
private func deleteOutputs(of engine: Environment) throws {
    let keys = try engine.read { try $0.entries(Buckets.outputs).map(\.key) }
    for start in stride(from: 0, to: keys.count, by: 64) {
        try engine.write { transaction in
            for key in keys[start...].prefix(64) { try transaction.delete(key.span, in: Buckets.outputs) }
        }
    }
}

/// As much as is kept of an attempt that prints without end.
private func fullOutput() -> [OutputLine] {
    var buffer = OutputBuffer()
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 99) + [UInt8(ascii: "\n")]
    for number in 0..<4_000 {
        buffer.append(line[...], stream: .standardOutput, offset: .milliseconds(number))
    }
    return buffer.lines
}

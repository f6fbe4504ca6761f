import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

/// Aim: whatever a wall clock does, each due time is dealt with once and none is lost. Method: steps drawn from a seed
/// on a store in memory, with two schedulers, beside a model of what each kind of job has to do, in a few lines: the
/// dispatches must be the model's, one by one. A failure names its seed, and the same seed does the same again.
@Suite struct `A wall clock under random steps` {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `moves every kind of job by its rule`(seed: UInt64) throws {
        try EngineKind.memory.withStore { store in
            var simulation = try ClockSimulation(store: store, seed: seed)
            for _ in 0..<250 { try simulation.step() }
            try simulation.check()
        }
    }
}

private struct ClockSimulation {
    let store: StoreUnderTest
    let seed: UInt64
    var random: SplitMix
    var wildcard: Model
    var fixed: Model
    var beat: Model
    /// The newest wall time at which a scheduler looked, and what the clocks have brought by the boot clock alone.
    var newestWall: Instant
    var steady: Instant

    /// What a job has to do: each due time of its schedule behind the cursor, in order.
    struct Model {
        let name: JobName
        let schedule: Schedule
        var cursor: Instant
        var due: [Instant] = []
        var anchor: Instant

        mutating func pass(at now: Instant) {
            while let next = schedule.next(after: cursor, in: .utc, anchor: anchor), next.due <= now {
                due.append(next.due)
                cursor = next.due
            }
        }
    }

    init(store: StoreUnderTest, seed: UInt64) throws {
        self.store = store
        self.seed = seed
        random = SplitMix(state: seed)
        let start = store.now.wall
        (newestWall, steady) = (start, start)
        func model(_ name: String, _ schedule: String) throws -> Model {
            let policy = CatchUpPolicy(mode: .all, maximum: 10_000)
            let job = try store.define(name, schedule, overlap: .allow, catchUp: policy)
            return Model(name: job, schedule: try Schedule(text: schedule), cursor: start, anchor: start)
        }
        wildcard = try model("wildcard", "*/20 * * * *")
        fixed = try model("fixed", "10 1,7,13,19 * * *")
        beat = try model("beat", "@every 25m")
        try store.pass()
    }

    mutating func step() throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<6: pass(.seconds(Int.random(in: 1...5000, using: &random)))
        case 6: store.clock.sleep(for: passing(.seconds(Int.random(in: 2...20_000, using: &random))))
        case 7: try setWall(by: .seconds(Int.random(in: -9000...9000, using: &random)))
        case 8: try setWall(by: .seconds(Int.random(in: -90_000...90_000, using: &random)))
        default: try reboot()
        }
        let now = store.now.wall
        try store.pass()
        wildcard.pass(at: now)
        fixed.pass(at: now)
        beat.pass(at: steady)
        newestWall = now
        // A second scheduler finds nothing left.
        #expect(try store.fire() == .nothing, "seed \(seed)")
    }

    private mutating func pass(_ duration: Duration) { store.clock.advance(by: passing(duration)) }

    private mutating func passing(_ duration: Duration) -> Duration {
        steady += duration
        return duration
    }

    private mutating func setWall(by jump: Duration) throws {
        store.clock.stepWall(by: jump)
        setBack(to: store.now.wall, by: .zero - jump)
    }

    private mutating func setBack(to wall: Instant, by step: Duration) {
        guard step > .seconds(1) else { return }
        wildcard.cursor = min(wildcard.cursor, wall)
        if step >= .seconds(10_800) { fixed.cursor = min(fixed.cursor, wall) }
    }

    /// With a clock that has gone on, or one that is behind.
    private mutating func reboot() throws {
        // The scheduler ends in good order; after a power cut what it last wrote down is a minute old.
        try store.jobs.noteClock(now: store.now)
        let downtime = Duration.seconds(Int.random(in: -20_000...20_000, using: &random))
        store.clock.reboot(after: downtime)
        if downtime > .zero { steady += downtime }
        setBack(to: store.now.wall, by: store.now.wall.duration(to: newestWall))
    }

    func check() throws {
        for model in [wildcard, fixed] {
            let runs = try store.runs(of: model.name)
            #expect(runs.compactMap(\.scheduledFor) == model.due, "seed \(seed), \(model.name)")
            #expect(model.due.count > 50, "seed \(seed): too little happened")
        }
        // When a beat was due by the wall depends on how that was set; how often does not.
        #expect(try store.runs(of: beat.name).count == beat.due.count, "seed \(seed)")
        #expect(beat.due.count > 100, "seed \(seed): too little happened")
    }
}

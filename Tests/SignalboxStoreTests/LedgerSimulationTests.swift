import Glibc
import OrderedStore
import SignalboxCore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxStore

/// Aim: however many schedulers there are, whatever clocks, workers and users do, each due time is accounted for once,
/// and no run begins that its job's rules forbid. Method: steps drawn from a seed on a store in memory, with virtual time
/// that passes, jumps and stands, across the ends of summer time; every so often the store is verified and its ledger
/// recounted. A failure names its seed, and the same seed does the same again. That all this would notice something is
/// shown by planting faults.
@Suite struct `A machine under random steps` {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `accounts for each due time once, and begins no run against the rules`(seed: UInt64) throws {
        let machine = try SimulatedMachine.run(seed: seed, steps: 2500)
        for problem in machine.problems { Issue.record("seed \(seed): \(problem)") }
        #expect(machine.recounted > 2000 && machine.begun > 300, "seed \(seed): too little happened")
    }

    @Test(arguments: PlantedFault.allCases)
    func `notices a fault that was planted`(fault: PlantedFault) throws {
        let seed: UInt64 = 7
        let machine = try SimulatedMachine.run(seed: seed, steps: 1200, fault: fault)
        #expect(machine.problems.contains { $0.contains(fault.symptom) }, "seed \(seed): \(machine.problems)")
    }
}

/// What a wrong program might do.
enum PlantedFault: CaseIterable {
    case movesACursorForNothing, forgetsWhatItHasDone, countsWrong, makesWhatIsNotDue
    case forgetsTheOverlapPolicy, forgetsTheStartDeadline

    /// Part of what has to be said of it.
    var symptom: String {
        switch self {
        case .movesACursorForNothing: "nothing accounts for the due time"
        case .forgetsWhatItHasDone: "is accounted for twice"
        case .countsWrong: "due times more than there are"
        case .makesWhatIsNotDue: "no due time of the schedule"
        case .forgetsTheOverlapPolicy: "began beside"
        case .forgetsTheStartDeadline: "began too late"
        }
    }
}

/// Schedulers, workers and users on one store, and a model of who was given what.
private struct SimulatedMachine {
    let store: TestStore<MemoryEngine>
    let jobs: JobStore<MemoryEngine>
    let zones: ZoneTable
    let fault: PlantedFault?
    var random: SplitMix
    private(set) var problems: [String] = []
    /// Due times that the last recount went through, and runs that were begun.
    private(set) var recounted = 0
    private(set) var begun = 0

    private let dead: DeadWorkers
    private var names: [JobName] = []
    private var definitions: [Revision: JobDefinition] = [:]
    private var workers: [WorkerID] = []
    private var held: [DispatchID: Dispatch] = [:]
    /// The newest dispatch when the clock was last set: how late a later one begins, the wall clock tells.
    private var newestBeforeStep = DispatchID(0)

    private struct Revision: Hashable {
        let job: JobName
        let number: UInt32
    }

    private var now: Now { store.now }

    static func run(seed: UInt64, steps: Int, fault: PlantedFault? = nil) throws -> SimulatedMachine {
        try withMemoryStore(verifying: false) { store in
            var machine = try SimulatedMachine(store, seed: seed, fault: fault)
            for step in 1...steps {
                try machine.step()
                if step == steps / 2, let fault { try machine.plant(fault) }
                if step % (steps / 5) == 0 { try machine.check() }
            }
            try machine.settleEverything()
            return machine
        }
    }

    private init(_ store: TestStore<MemoryEngine>, seed: UInt64, fault: PlantedFault?) throws {
        self.store = store
        self.fault = fault
        random = SplitMix(state: seed)
        let dead = DeadWorkers()
        self.dead = dead
        jobs = try JobStore(engine: store.jobs.engine, live: store.live) { !dead.contains($0) }
        zones = ZoneTable(
            machine: try zone("Europe/Berlin"), named: ["Australia/Lord_Howe": try zone("Australia/Lord_Howe")])
        // Some hours before Berlin's clocks are set back, on one of the four days a year when they change.
        let starts = [1_792_880_000, 1_774_735_000, 1_775_280_000, 1_791_070_000] as [Int64]
        store.clock.stepWall(by: store.now.wall.duration(to: Instant(seconds: starts[Int(seed % 4)])))
        for number in 0..<Self.schedules.count {
            names.append(try JobName("job-\(number)"))
            try define(number)
        }
        for _ in 0..<4 { try addWorker() }
    }

    private static let schedules = [
        "*/5 * * * *", "30 2 * * *", "0 * * * *", "@every 90s", "*/20 * * * * *", "@every 7m", "15 1,2,3 * * *",
        "@hourly", "@every 40s", "*/10 2 * * *",
    ]

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25: try fire()
        case 25..<45: try claim()
        case 45..<65: try finish()
        case 65..<80: try passTime()
        case 80..<84: try runNow()
        case 84..<87: try requeue()
        case 87..<89: try cancel()
        case 89..<92: try crash()
        case 92..<94: try settleDead()
        case 94..<96: try pauseOrResume()
        case 96..<98: try edit()
        case 98: try jobs.promote(now: now)
        default: try jump()
        }
    }

    // MARK: The scheduler

    /// One of several: some look at the clock, and get their turn in the store only a while later.
    private mutating func fire() throws {
        let late = Duration.milliseconds(chance(30) ? Int.random(in: 0...3000, using: &random) : 0)
        let look = Now(
            wall: now.wall - late, boot: now.boot + (.zero - late), bootID: now.bootID, slept: now.slept)
        for _ in 0..<3 {
            _ = try jobs.fire(now: look, zones: zones)
            _ = try jobs.rewind(zones: zones, now: look)
        }
    }

    private mutating func passTime() throws {
        // Now and then nobody is there for hours.
        let length = chance(4) ? 9_000_000 : chance(20) ? 400_000 : 60_000
        store.clock.advance(by: .milliseconds(Int.random(in: 1...length, using: &random)))
    }

    private mutating func jump() throws {
        newestBeforeStep = try jobs.dispatches(DispatchFilter(limit: 1)).first?.id ?? newestBeforeStep
        guard chance(80) else { return try reboot() }
        let far = chance(20) ? 20_000 : 4_000
        store.clock.stepWall(by: .seconds(Int.random(in: -far...far, using: &random)))
    }

    private mutating func reboot() throws {
        store.clock.reboot(after: .seconds(Int.random(in: 1...600, using: &random)))
        for worker in workers + dead.all { try bury(worker) }
        workers = []
        for _ in 0..<4 { try addWorker() }
    }

    // MARK: Users

    private mutating func define(_ number: Int) throws {
        let rules: [OverlapRule] = [
            .skip, .queueOne, .queueAll, .replace, .allow, OverlapRule(.allow, limit: 2),
            OverlapRule(.queueAll, limit: 3),
        ]
        let modes = CatchUpPolicy.Mode.allCases
        var definition = JobDefinition(
            name: names[number],
            schedule: try Schedule(text: Self.schedules[Int.random(in: 0..<Self.schedules.count, using: &random)]),
            zone: chance(30) ? "Australia/Lord_Howe" : nil, command: .shell("true"),
            maxAttempts: Int.random(in: 1...3, using: &random))
        definition.priority = UInt8.random(in: 99...101, using: &random)
        definition.overlap = rules[Int.random(in: 0..<rules.count, using: &random)]
        definition.rescue = chance(50) ? .retry : .fail
        definition.catchUp = CatchUpPolicy(
            mode: modes[Int.random(in: 0..<modes.count, using: &random)],
            window: chance(40) ? .seconds(Int.random(in: 60...9000, using: &random)) : nil,
            maximum: Int.random(in: 1...5, using: &random))
        definition.startBy = chance(40) ? .seconds(Int.random(in: 1...600, using: &random)) : nil
        try apply(definition)
    }

    private mutating func apply(_ definition: JobDefinition) throws {
        _ = try jobs.apply([definition], prune: false, zones: zones, now: now)
        guard let job = try jobs.job(definition.name, recent: 0)?.view.job else { return }
        definitions[Revision(job: job.name, number: job.progress.revision)] = definition
    }

    /// Another schedule, another command, or the job away and back.
    private mutating func edit() throws {
        let number = Int.random(in: 0..<names.count, using: &random)
        guard let job = try jobs.job(names[number], recent: 0)?.view.job else { return try define(number) }
        if chance(25) { return try jobs.remove(job.name, now: now) }
        guard chance(50) else { return try define(number) }
        var definition = job.definition
        definition.command = .shell("echo \(Int.random(in: 0..<1000, using: &random))")
        try apply(definition)
    }

    private mutating func pauseOrResume() throws {
        let name = names.randomElement(using: &random)!
        try tolerating { _ = try jobs.setPaused(chance(40), name, now: now) }
    }

    private mutating func runNow() throws {
        let mode = [RunMode.policy, .queue, .force].randomElement(using: &random)!
        let name = names.randomElement(using: &random)!
        let before = try jobs.job(name, recent: 0)?.view.job.progress
        try tolerating { _ = try jobs.run(name, mode: mode, input: nil, now: now) }
        if try jobs.job(name, recent: 0)?.view.job.progress != before { problem("a run of \(name) moved its schedule") }
    }

    private mutating func requeue() throws {
        let ended = try jobs.dispatches(DispatchFilter(limit: 30)).map(\.dispatch).filter(\.state.isTerminal)
        guard let dispatch = ended.randomElement(using: &random) else { return }
        try tolerating { _ = try jobs.requeue(dispatch.id, now: now) }
    }

    private mutating func cancel() throws {
        guard let dispatch = try jobs.dispatches(DispatchFilter(limit: 30)).randomElement(using: &random) else {
            return
        }
        _ = try jobs.cancel(dispatch.id, now: now)
    }

    private func tolerating(_ body: () throws -> Void) throws {
        do { try body() } catch let error as StoreError where error.code == .refused || error.code == .notFound {}
    }

    // MARK: Workers

    private mutating func addWorker() throws {
        let id = try jobs.newWorkerID(now: now)
        try jobs.register(
            WorkerRegistration(
                id: id, name: "w", process: ProcessIdentity(pid: 1, startTicks: 1), bootID: now.bootID, host: "box",
                queues: [.standard], slots: 3, version: "1", startedAt: now.wall),
            now: now)
        workers.append(id)
    }

    private mutating func claim() throws {
        let worker = workers.randomElement(using: &random)!
        let slots = Int.random(in: 1...4, using: &random)
        let outcome = try jobs.round(of: worker, results: [], queues: [.standard], slots: slots, now: now)
        for claimed in outcome.claimed {
            judge(claimed)
            held[claimed.dispatch.id] = claimed.dispatch
            begun += 1
        }
    }

    /// What a run may meet when it begins, by the job's definition and not by what the store made of it.
    private mutating func judge(_ claimed: ClaimedDispatch) {
        let dispatch = claimed.dispatch
        if held[dispatch.id] != nil { problem("dispatch \(dispatch.id) was given to two at once") }
        guard let job = dispatch.job, let due = dispatch.scheduledFor, let revision = claimed.request.revision,
            let definition = definitions[Revision(job: job, number: revision)]
        else { return }
        let others = held.values.filter { $0.job == job }.count
        let places = definition.overlap.policy == .allow ? definition.overlap.limit ?? .max : 1
        if others >= places { problem("dispatch \(dispatch.id) of \(job) began beside \(others) others") }
        guard let startBy = definition.startBy, dispatch.attempt == 1, dispatch.crashes == 0,
            dispatch.id > newestBeforeStep
        else { return }
        if (dispatch.lastScheduledFor ?? due) + startBy + ClockStep.slew < now.wall {
            problem("dispatch \(dispatch.id) began too late")
        }
    }

    private mutating func finish() throws {
        let living = held.values.filter { $0.claim.map { !dead.contains($0.worker) } ?? true }
        guard let dispatch = living.sorted(by: { $0.id < $1.id }).randomElement(using: &random) else { return }
        let endings: [AttemptResult.Ending] = [
            .ended(.exited(0)), .ended(.exited(0)), .ended(.exited(1)), .ended(.exited(64)), .timedOut(.signalled(15)),
            .drained(.signalled(15)), .cancelled(.signalled(15)), .notBegun,
        ]
        try settle(dispatch, endings.randomElement(using: &random)!)
    }

    private mutating func settle(_ dispatch: Dispatch, _ ending: AttemptResult.Ending) throws {
        held[dispatch.id] = nil
        guard let claim = dispatch.claim else { return problem("\(dispatch.id) was given without a claim") }
        let result = AttemptResult(dispatch: dispatch.id, token: claim.token, ending: ending, output: [])
        let outcome = try jobs.round(of: claim.worker, results: [result], queues: [], slots: 0, now: now)
        if outcome.settled.isEmpty { problem("the result of \(dispatch.id) was not believed") }
    }

    /// A worker dies; what it had is settled now, or a while later.
    private mutating func crash() throws {
        let worker = workers.remove(at: Int.random(in: 0..<workers.count, using: &random))
        try addWorker()
        dead.insert(worker)
        if chance(50) { try bury(worker) }
    }

    private mutating func settleDead() throws { for worker in dead.all { try bury(worker) } }

    private mutating func bury(_ worker: WorkerID) throws {
        for dispatch in try jobs.rescue(worker, output: [:], now: now) { held[dispatch.id] = nil }
        dead.remove(worker)
    }

    // MARK: Faults

    private mutating func plant(_ fault: PlantedFault) throws {
        let raw = RawStore(jobs.engine)
        switch fault {
        case .movesACursorForNothing: try setCursors(raw) { $0.cursor = $0.nextDue! }
        case .forgetsWhatItHasDone:
            try setCursors(raw) { progress in
                progress.revision += 1
                progress.cursor = progress.spans[progress.spans.count - 1].after
            }
        case .countsWrong: try countWrong(raw)
        case .makesWhatIsNotDue: try makeUndue(raw)
        case .forgetsTheOverlapPolicy: try changeRequests(raw) { $0.overlap = nil }
        case .forgetsTheStartDeadline: try changeDispatches(raw) { $0 = $0.startable(until: nil) }
        }
    }

    private mutating func setCursors(_ raw: RawStore, _ change: (inout JobProgress) -> Void) throws {
        for job in try jobs.jobs().map(\.job) where !job.progress.paused && job.progress.nextDue != nil {
            var moved = job
            change(&moved.progress)
            definitions[Revision(job: job.name, number: moved.progress.revision)] = job.definition
            try jobs.write(now) { try $0.schedule(moved, previously: job, zones) }
        }
    }

    private mutating func countWrong(_ raw: RawStore) throws {
        for entry in try raw.entries(Buckets.dispatches) {
            var record = try DispatchRecord(record: entry.value.span, key: entry.key.span)
            guard record.dispatch.isSummary else { continue }
            record.dispatch = record.dispatch.standing(forFurther: 1)
            try raw.keep(record, .dispatch(record.dispatch.id), in: Buckets.dispatches)
        }
    }

    private mutating func makeUndue(_ raw: RawStore) throws {
        for job in try jobs.jobs().map(\.job) {
            let time = job.progress.cursor - .microseconds(1)
            let key = Key.occurrence(job.name, revision: job.progress.revision, epoch: .max, time)
            try raw.keep(Counter(value: 1), key, in: Buckets.occurrences)
        }
    }

    private mutating func changeRequests(_ raw: RawStore, _ change: (inout Request) -> Void) throws {
        try goOn {
            for entry in try raw.entries(Buckets.requests) {
                let id = try dispatchID(atEndOf: entry.key, in: Buckets.requests)
                try raw.change(Request.self, .dispatch(id), in: Buckets.requests, change)
            }
        }
    }

    private mutating func changeDispatches(_ raw: RawStore, _ change: (inout Dispatch) -> Void) throws {
        try goOn {
            for entry in try raw.entries(Buckets.dispatches) {
                let id = try dispatchID(atEndOf: entry.key, in: Buckets.dispatches)
                try raw.change(DispatchRecord.self, .dispatch(id), in: Buckets.dispatches) { change(&$0.dispatch) }
            }
        }
    }

    /// For a while, what every scheduler makes has this fault.
    private mutating func goOn(_ spoil: () throws -> Void) throws {
        for _ in 0..<40 {
            try passTime()
            try fire()
            try settleDead()
            try spoil()
            try runNow()
            try requeue()
            try claim()
            try claim()
            if chance(30) { try finish() }
        }
    }

    // MARK: What must hold

    private mutating func problem(_ text: String) { if problems.count < 50 { problems.append(text) } }

    private mutating func check() throws {
        for fault in try jobs.verify().faults { problem(fault) }
        let report = try jobs.verifySchedule(zones: zones)
        for fault in report.faults { problem(fault) }
        recounted += report.due
    }

    /// Nothing new falls due, every command succeeds, and time passes: everything comes to its end.
    private mutating func settleEverything() throws {
        for name in names { try tolerating { _ = try jobs.setPaused(true, name, now: now) } }
        try settleDead()
        for round in 0..<400 {
            store.clock.advance(by: .seconds(600))
            for dispatch in held.values.sorted(by: { $0.id < $1.id }) { try settle(dispatch, .ended(.exited(0))) }
            for _ in 0..<8 { try claim() }
            let status = try jobs.status()
            let left = DispatchState.allCases.filter { !$0.isTerminal }.reduce(0) { $0 + status.count($1) }
            if left == 0 { break }
            if round == 399 { problem("\(left) dispatches never end") }
        }
        try check()
    }
}

/// Workers that have died and that nobody has settled.
private final class DeadWorkers: Sendable {
    private let ids = Mutex<Set<WorkerID>>([])

    var all: [WorkerID] { ids.withLock { $0.sorted() } }
    func contains(_ id: WorkerID) -> Bool { ids.withLock { $0.contains(id) } }
    func insert(_ id: WorkerID) { ids.withLock { _ = $0.insert(id) } }
    func remove(_ id: WorkerID) { ids.withLock { _ = $0.remove(id) } }
}

/// From the machine's tz database.
private func zone(_ name: String) throws -> Zone {
    let file = try #require(fopen("/usr/share/zoneinfo/\(name)", "rbe"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return try Zone(name: name, tzif: bytes)
}

import SignalboxCore
import SignalboxStore
import Testing

/// The steps that tests are made of.
extension StoreUnderTest {
    @discardableResult
    func enqueue(
        _ word: String = "true", queue: QueueName = .standard, priority: UInt8 = 100, attempts: Int = 5,
        delay: Duration? = nil, unique: String? = nil, after: [DispatchID] = [], rescue: RescuePolicy = .retry
    ) throws -> DispatchID {
        try offer(
            word, queue: queue, priority: priority, attempts: attempts, delay: delay, unique: unique, after: after,
            rescue: rescue
        ).id
    }

    func offer(
        _ word: String = "true", queue: QueueName = .standard, priority: UInt8 = 100, attempts: Int = 5,
        delay: Duration? = nil, unique: String? = nil, after: [DispatchID] = [], rescue: RescuePolicy = .retry
    ) throws -> Enqueued {
        let request = Request(
            command: .program([word]), rescue: rescue, unique: unique.map { UniqueKey($0) }, after: after)
        let item = Enqueuing(
            request: request, queue: queue, priority: priority, maxAttempts: attempts,
            delay: delay)
        return try jobs.enqueue(item, now: now)
    }

    /// Enqueues a request with a unique key, and what else it is to say of that.
    @discardableResult
    func offer(
        _ key: String, scope: UniqueScope = .active, policy: ConflictPolicy = .existing, priority: UInt8 = 100
    ) throws -> Enqueued {
        let unique = UniqueKey(key, scope: scope, onConflict: policy)
        let request = Request(command: .program(["true"]), unique: unique)
        return try jobs.enqueue(Enqueuing(request: request, priority: priority), now: now)
    }

    func worker(_ name: String = "w", queues: [QueueName] = [.standard], slots: Int = 1) throws -> WorkerID {
        let id = try jobs.newWorkerID(now: now)
        _ = try jobs.register(
            WorkerRegistration(
                id: id, name: name, process: ProcessIdentity(pid: 4711, startTicks: 99), bootID: now.bootID,
                host: "box", queues: queues, slots: slots, version: "1", startedAt: now.wall),
            now: now)
        return id
    }

    func claim(
        _ worker: WorkerID, queues: [QueueName] = [.standard], slots: Int = 1
    ) throws -> [ClaimedDispatch] {
        try jobs.round(of: worker, results: [], queues: queues, slots: slots, now: now).claimed
    }

    func claimOne(_ worker: WorkerID, queues: [QueueName] = [.standard]) throws -> Dispatch {
        try #require(try claim(worker, queues: queues).first).dispatch
    }

    @discardableResult
    func finish(
        _ dispatch: Dispatch, _ ending: AttemptResult.Ending = .ended(.exited(0)), output: [OutputLine] = [],
        report: AttemptReport = AttemptReport()
    ) throws -> RoundOutcome {
        let claim = try #require(dispatch.claim)
        let result = AttemptResult(
            dispatch: dispatch.id, token: claim.token, ending: ending, output: output, report: report)
        return try jobs.round(of: claim.worker, results: [result], queues: [], slots: 0, now: now)
    }

    func dispatch(_ id: DispatchID) throws -> Dispatch {
        try #require(try jobs.dispatch(id, attempt: nil)).view.dispatch
    }

    func state(_ id: DispatchID) throws -> DispatchState { try dispatch(id).state }

    @discardableResult
    func define(
        _ name: String = "job", _ schedule: String = "@every 1m", overlap: OverlapRule = .skip,
        catchUp: CatchUpPolicy = CatchUpPolicy(), attempts: Int = 1, word: String = "true", startBy: Duration? = nil
    ) throws -> JobName {
        var definition = try definition(
            name, schedule, overlap: overlap, catchUp: catchUp, attempts: attempts, word: word)
        definition.startBy = startBy
        try jobs.add(definition, zones: zones, now: now)
        return definition.name
    }

    func definition(
        _ name: String = "job", _ schedule: String = "@every 1m", overlap: OverlapRule = .skip,
        catchUp: CatchUpPolicy = CatchUpPolicy(), attempts: Int = 1, word: String = "true"
    ) throws -> JobDefinition {
        JobDefinition(
            name: try JobName(name), schedule: try Schedule(text: schedule), command: .program([word]),
            maxAttempts: attempts, overlap: overlap, catchUp: catchUp)
    }

    @discardableResult
    func fire() throws -> FirePass { try jobs.fire(now: now, zones: zones, except: []) }

    /// The dispatches of a job, oldest first.
    func runs(of job: JobName) throws -> [Dispatch] {
        try jobs.dispatches(DispatchFilter(job: job, limit: .max)).map(\.dispatch).reversed()
    }

    func progress(_ job: JobName) throws -> JobProgress {
        try #require(try jobs.job(job, recent: 0)).view.job.progress
    }
}

func line(_ text: String, offset: Duration = .zero) -> OutputLine {
    OutputLine(stream: .standardOutput, offset: offset, bytes: Array((text + "\n").utf8))
}

/// The code of the `StoreError` that `body` throws; nil when it throws none.
func code(_ body: () throws -> Void) -> StoreError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? StoreError)?.code
    }
}

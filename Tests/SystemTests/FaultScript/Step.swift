import SignalboxCore
import SignalboxStore

/// One thing that is done to the store, in one transaction. It knows of the steps before it only what the store says.
struct Step: Sendable {
    let body: @Sendable (Store, Now) throws -> Void

    init(_ body: @escaping @Sendable (Store, Now) throws -> Void) { self.body = body }

    /// When a step is done: each 20 s after the one before.
    static func time(_ step: Int) -> Now {
        let passed = Duration.seconds(20 * step)
        return Now(
            wall: Instant(seconds: 1_795_348_800) + passed,
            boot: BootInstant(nanoseconds: 1_000_000_000) + passed, bootID: BootID("boot"))
    }

    static let all: [Step] = defining + enqueueing + claiming + ending + steering + changing + goingOn + leaving
}

private let zones = ZoneTable(machine: .utc)
private let worker = WorkerID(1)
private let mail = "mail"

// MARK: What the steps are made of

private func job(
    _ name: String, _ schedule: String, overlap: OverlapRule = .skip, line: String = "true"
) throws -> JobDefinition {
    JobDefinition(
        name: try JobName(name), schedule: try Schedule(text: schedule), command: .shell(line), overlap: overlap)
}

private func adding(_ name: String, _ schedule: String, overlap: OverlapRule = .skip) -> Step {
    Step { store, now in try store.add(job(name, schedule, overlap: overlap), zones: zones, now: now) }
}

private func enqueueing(_ change: @escaping @Sendable (inout Enqueuing) throws -> Void = { _ in }) -> Step {
    Step { store, now in
        var item = Enqueuing(request: Request(command: .program(["true"])))
        try change(&item)
        _ = try store.enqueue(item, now: now)
    }
}

/// Writes down how some of what a worker runs has ended, and claims what fits into `slots`.
private func round(
    ending count: Int = 0, _ ending: AttemptResult.Ending = .ended(.exited(0)), output: [OutputLine] = [],
    slots: Int = 0, of worker: WorkerID = worker
) -> Step {
    Step { store, now in
        let results = try store.held(by: worker).prefix(count).compactMap { dispatch in
            dispatch.claim.map {
                AttemptResult(dispatch: dispatch.id, token: $0.token, ending: ending, output: output)
            }
        }
        _ = try store.round(of: worker, results: results, queues: [.standard], slots: slots, now: now)
    }
}

private func registering(_ id: WorkerID) -> Step {
    Step { store, now in
        let registration = WorkerRegistration(
            id: id, name: "w\(id)", process: ProcessIdentity(pid: 4711, startTicks: 99), bootID: now.bootID,
            host: "box", queues: [.standard], slots: 4, version: "1", startedAt: now.wall)
        try store.register(registration, now: now)
    }
}

private func lines(_ count: Int) -> [OutputLine] {
    (0..<count).map { number in
        OutputLine(
            stream: .standardOutput, offset: .milliseconds(number),
            bytes: [UInt8](repeating: UInt8(ascii: "a") + UInt8(number % 26), count: 1_000))
    }
}

// MARK: The steps

private let defining = [
    adding("often", "@every 60s"),
    adding("daily", "0 4 * * *"),
    adding("one", "@every 30s", overlap: .queueOne),
    adding("boot", "@boot"),
    adding("by-hand", "@manual"),
]

private let enqueueing: [Step] = [
    enqueueing(),
    enqueueing { $0.request.input = [UInt8](repeating: 7, count: 30_000) },
    enqueueing { $0.request.unique = UniqueKey("key") },
    enqueueing { $0.request.unique = UniqueKey("key", onConflict: .keepLatest) },
    enqueueing {
        $0.request.unique = UniqueKey("key", onConflict: .debounce)
        $0.delay = .seconds(30)
    },
    enqueueing { $0.request.unique = UniqueKey("hour", scope: .window(.seconds(3_600))) },
    enqueueing { $0.request.after = [DispatchID(1)] },
    enqueueing { $0.delay = .seconds(300) },
    enqueueing { $0.request.concurrency = ConcurrencyLimit(key: "database") },
    enqueueing { $0.request.concurrency = ConcurrencyLimit(key: "database") },
    enqueueing { $0.request.rate = RateLimit(key: "api", rate: Rate(count: 1, per: .seconds(60))) },
    Step { store, now in
        let item = Enqueuing(request: Request(command: .program(["echo", "one of many"])))
        _ = try store.enqueue(Array(repeating: item, count: 50), now: now)
    },
]

private let claiming: [Step] = [
    Step { store, now in _ = try store.newWorkerID(now: now) },
    registering(worker),
    Step { store, now in
        let evidence = ClockEvidence(isSynchronised: true, hasTimesyncMark: true, hasHardwareClock: true)
        _ = try store.judgeClock(evidence, limit: .zero, now: now)
    },
    Step { store, now in _ = try store.fire(now: now, zones: zones) },
    round(slots: 6),
]

private let ending: [Step] = [
    round(ending: 1, output: lines(3), slots: 1),
    round(ending: 1, output: lines(250)),
    round(ending: 1, .ended(.exited(1)), output: lines(2)),
    round(ending: 1, .timedOut(.signalled(15))),
    round(ending: 1, .snoozed(.exited(0), after: .seconds(100))),
    round(ending: 1, .notBegun),
    round(ending: 1, .ended(.notStarted("there is no such program")), slots: 6),
]

private let steering: [Step] = [
    Step { store, now in _ = try store.cancel(DispatchID(50), now: now) },
    Step { store, now in
        guard let running = try store.held(by: worker).first else { return }
        _ = try store.cancel(running.id, now: now)
    },
    round(ending: 1, .cancelled(.signalled(15)), output: lines(1)),
    Step { store, now in _ = try store.requeue(DispatchID(50), now: now) },
    Step { store, now in _ = try store.pause(queue: QueueName(mail), by: "ann@box", reason: "an outage", now: now) },
    enqueueing { $0.queue = try QueueName(mail) },
    Step { store, now in _ = try store.resume(queue: QueueName(mail), now: now) },
    Step { store, now in _ = try store.setRate(Rate(count: 5, per: .seconds(60)), of: QueueName(mail), now: now) },
    Step { store, now in _ = try store.setRate(nil, of: QueueName(mail), now: now) },
    Step { store, now in _ = try store.pause(JobName("often"), by: "ann@box", reason: nil, now: now) },
    Step { store, now in _ = try store.fire(now: now, zones: zones) },
    Step { store, now in _ = try store.resume(JobName("often"), catchingUpIn: zones, now: now) },
    Step { store, now in _ = try store.run(JobName("by-hand"), mode: .policy, input: nil, now: now) },
    Step { store, now in _ = try store.run(JobName("by-hand"), mode: .queue, input: [1, 2, 3], now: now) },
]

private let changing: [Step] = [
    Step { store, now in
        let handler = HandlerDefinition(name: try HandlerName("thumbnail"), command: .program(["/bin/cat"]))
        let jobs = [try job("often", "@every 90s"), try job("new", "@daily"), try job("daily", "0 4 * * *")]
        _ = try store.apply(jobs, handlers: [handler], prune: false, zones: zones, now: now)
    },
    Step { store, now in
        let kept = try ["often", "daily", "by-hand"].map { try job($0, "@every 45s") }
        _ = try store.apply(kept, prune: true, replacePending: true, zones: zones, now: now)
    },
    Step { store, now in try store.setDurability(.relaxed, now: now) },
    enqueueing { $0.priority = 1 },
    round(ending: 6, output: lines(20), slots: 6),
    Step { store, now in try store.setDurability(.full, now: now) },
]

private let goingOn: [Step] = [
    round(ending: 2, .drained(.signalled(15)), slots: 2),
    Step { store, now in _ = try store.fire(now: now, zones: zones) },
    Step { store, now in try store.remove(JobName("often"), zones: zones, now: now) },
]

private let leaving: [Step] = [
    Step { store, now in try store.setState(.draining, of: worker, now: now) },
    round(ending: 6, output: lines(5)),
    Step { store, now in try store.setState(.stopped, of: worker, now: now) },
    Step { store, now in _ = try store.newWorkerID(now: now) },
    registering(WorkerID(2)),
    round(slots: 3, of: WorkerID(2)),
    Step { store, now in
        let held = try store.held(by: WorkerID(2)).map { ($0.id, lines(4)) }
        _ = try store.rescue(WorkerID(2), output: Dictionary(uniqueKeysWithValues: held), now: now)
    },
    Step { store, now in _ = try store.setPinned(true, DispatchID(50), now: now) },
    Step { store, now in
        let few = try KeepPolicy(text: "success: 1, failed: 1, skipped: 1")
        try store.setRetention(few, enqueued: few, now: now)
    },
    Step { store, now in _ = try store.prune(PruneWalk(), limit: 10, now: now) },
    Step { store, now in try store.noteClock(now: now) },
]

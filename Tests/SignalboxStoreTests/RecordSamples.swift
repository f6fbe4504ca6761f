import SignalboxCore

@testable import SignalboxStore

/// One value of every kind of record, with as many of its fields set as can be.
enum RecordSamples {
    static let all: [RecordSample] = [
        RecordSample("dispatch", dispatchRecord, under: .dispatch(dispatch.id)),
        RecordSample("request", request, under: .dispatch(dispatch.id)),
        RecordSample("attempt", attempt, under: .attempt(dispatch.id, 2)),
        RecordSample("treated request", treated, under: .dispatch(dispatch.id)),
        RecordSample("reported attempt", reported, under: .attempt(dispatch.id, 3)),
        RecordSample("handler's dispatch", handlerDispatch, under: .dispatch(dispatch.id)),
        RecordSample("handler's attempt", handlerAttempt, under: .attempt(dispatch.id, 4)),
        RecordSample("handler's request", handlerRequest, under: .dispatch(dispatch.id)),
        RecordSample("handler", handler, under: .name("resize")),
        RecordSample("output", output, under: .output(dispatch.id, 2, 0)),
        RecordSample("definition", definition, under: .name("nightly")),
        RecordSample("progress", progress, under: .name("nightly")),
        RecordSample("registration", registration, under: .worker(registration.id)),
        RecordSample("event", event, under: .sequence(9)),
        RecordSample("counter", Counter(value: 77), under: .name("photo-7")),
        RecordSample(
            "unique entry", UniqueEntry(holder: dispatch.id, until: moment.wall, isHolderPruned: true),
            under: .name("photo-7")),
        RecordSample("history", history, under: .history(UTCHour(of: moment.wall), .job(name))),
        RecordSample("totals", RunTotals(tally: history, lastSuccess: moment.wall), under: .totals(.all)),
        RecordSample("state", state, under: StoreState.key),
        RecordSample("header", StoreHeader(format: 1, storeID: "0123"), under: StoreHeader.key),
        RecordSample("settings", StoreSettings(durability: .relaxed), under: StoreSettings.key),
        RecordSample("boot", boot, under: BootRecord.key),
        RecordSample("concurrency key", places, under: .limit(.concurrency, "database")),
        RecordSample("rate key", starts, under: .limit(.rate, "api")),
        RecordSample("queue", queue, under: .name("mail")),
        RecordSample("clock", clock, under: StoreClock.key),
        RecordSample("heartbeat", heartbeat, under: .worker(registration.id)),
        RecordSample("progress report", ProgressReport(percent: 40, text: "half"), under: .dispatch(dispatch.id)),
        RecordSample("running command", command, under: .dispatch(dispatch.id)),
    ]

    private static let boot = BootRecord(
        bootID: BootID("boot"), file: StoreFile(device: 7, inode: 1 << 40), livePath: "/run/x", mark: "0a1b2c3d")
    private static let moment = Moment(wall: Instant(seconds: 1_800_000_000), boot: BootInstant(nanoseconds: -7))
    private static let process = ProcessIdentity(pid: 4711, startTicks: 99)
    private static let name = try! JobName("nightly")

    private static let output = OutputChunk(lines: [line("one"), line("two", offset: .seconds(1))])
    private static let state = StoreState(sequence: 9, nextDispatch: 5, nextWorker: 2)
    private static let places = ConcurrencyRecord(running: 2, max: 3, decidedBy: DispatchID(4))
    private static let starts = RateRecord(
        window: RateWindow(rate: Rate(count: 10, per: .seconds(60)), starts: [.epoch, moment.wall]),
        decidedBy: DispatchID(4), opening: moment.wall)
    private static let queue = QueueRecord(
        pause: QueuePause(at: moment.wall, by: "ann@box", reason: "relay down"),
        window: RateWindow(rate: Rate(count: 10, per: .seconds(60)), starts: [.epoch, moment.wall]))
    private static let history = RunTally(
        successes: 3, failures: 2, unmeasured: 1, totalDuration: .milliseconds(20),
        durations: DurationHistogram(counts: [(40, 3), (DurationHistogram.lastBin, 1)])!)
    private static let clock: StoreClock = {
        var clock = StoreClock(first: Now(wall: moment.wall, boot: moment.boot, bootID: BootID("boot")))
        clock.timeOff = .seconds(7)
        clock.newestWall = moment.wall
        clock.trust = .held(.unsynchronised, since: moment.boot, until: moment.boot + .seconds(1))
        clock.gap = ClockGap(.clockForward, lasting: .seconds(60), through: moment.wall)
        clock.rewind = ClockRewind(.calendar, to: moment.wall, done: name)
        return clock
    }()
    private static let heartbeat = Heartbeat(at: moment, running: 1, processed: 5, failed: 2)
    private static let command = RunningCommand(
        claim: Claim(worker: WorkerID(1), token: Token(8)), process: process)
    private static let dispatchRecord = DispatchRecord(
        dispatch: dispatch, holdsUniqueKey: true, hasLostUniqueKey: true, hasDependencies: true, isLimited: true,
        isPinned: true, isSetAside: true, original: DispatchID(1))

    private static let dispatch = Dispatch(
        id: DispatchID(4), job: name, queue: .standard, priority: 100, maxAttempts: 5, enqueuedAt: moment.wall,
        scheduledFor: moment.wall, parent: DispatchID(2), state: .inProgress, reason: .none, attempt: 2, crashes: 1,
        dueAt: moment.wall, started: moment, finished: nil, claim: Claim(worker: WorkerID(1), token: Token(8)),
        blocker: nil, ending: nil, cancelRequested: true, coalesced: 3, lastScheduledFor: moment.wall,
        startDeadline: moment.wall, snoozes: 2, cancelAtOnce: true, retryDeadline: moment.wall)

    private static let request: Request = {
        var request = Request(
            command: .program(["/bin/echo", "grüß dich"]), environment: ["A": "1", "B": ""], directory: "/tmp",
            input: [0, 255], timeout: .seconds(5),
            retry: RetryPolicy(.list([.seconds(1), .seconds(9)]), jitter: 0.5, limit: .seconds(7), endsAtNext: true),
            rescue: .fail, unique: UniqueKey("photo-7", scope: .window(.seconds(9)), onConflict: .keepLatest),
            after: [DispatchID(1), DispatchID(3)], onParentFail: .wait, revision: 3,
            overlap: OverlapRule(.allow, limit: 3),
            startBy: .seconds(9)
        )
        request.concurrency = ConcurrencyLimit(key: "database", max: 2)
        request.rate = RateLimit(key: "api", rate: Rate(count: 10, per: .seconds(60)))
        return request
    }()

    private static let treated: Request = {
        var request = Request(command: .shell("x"))
        request.process = ProcessSettings(
            user: "backup", fileModeMask: FileModeMask(rawValue: 0o077), nice: -5,
            limits: [.openFiles: .amount(7), .core: .unlimited])
        request.exitCodes = ExitCodes(success: [3, 4], fatal: [9])
        request.idleTimeout = .seconds(60)
        request.watchdog = .seconds(30)
        request.killGrace = .zero
        return request
    }()

    private static let reported = Attempt(
        number: 3, worker: WorkerID(1), started: moment, finished: moment, outcome: .exited(0), reason: .snoozed,
        report: AttemptReport(
            result: JSONText("{\"rows\": 7}"), tags: ["a": "1", "b": ""], survivors: [Survivor(pid: 9, name: "sleep")]))

    private static let attempt = Attempt(
        number: 2, worker: WorkerID(1), started: moment, finished: moment, outcome: .notStarted("no such file"),
        reason: .exec)

    private static let handlerDispatch = DispatchRecord(
        dispatch: dispatch.running(.handler(try! HandlerName("resize"))), holdsUniqueKey: false, hasDependencies: false)
    private static let handlerAttempt = Attempt(
        number: 4, worker: WorkerID(1), started: moment, finished: moment,
        outcome: .threw(HandlerError("the disk is full", .retry(after: .seconds(7)))), reason: .handler)
    private static let handlerRequest = Request(command: .handler(try! HandlerName("resize")), input: [0x7B, 0x7D])
    private static let handler = HandlerDefinition(
        name: try! HandlerName("resize"), command: .program(["python3", "resize.py"]), environment: ["A": "1"],
        directory: "/srv")

    private static let definition = JobDefinition(
        name: name, schedule: try! Schedule(text: "~ 4 * * mon dst=skip", seed: "box"), zone: "Europe/Berlin",
        command: .shell("true"), environment: ["K": "v"], directory: "/", input: [1], timeout: .seconds(1),
        maxAttempts: 3, overlap: OverlapRule(.queueAll, limit: 7),
        catchUp: CatchUpPolicy(mode: .all, window: .seconds(60), maximum: 9), startBy: .seconds(9),
        keep: KeepPolicy(
            success: KeepLimit(count: 7, age: .seconds(60)), failed: KeepLimit(count: 3, age: nil), skipped: .forever))

    private static let progress: JobProgress = {
        var progress = JobProgress(revision: 3, cursor: moment.wall, anchor: .epoch)
        progress.nextDue = moment.wall + .seconds(60)
        progress.zoneFingerprint = 77
        progress.isUndated = true
        progress.lastBoot = BootID("boot")
        progress.pausedTimes = [PausedTime(after: .epoch, through: moment.wall)]
        progress.pause = JobPause(at: moment.wall, since: moment.wall + .seconds(1), by: "ann@box", reason: "new disk")
        progress.lastRun = LastRun(dispatch: DispatchID(4), state: .success, finishedAt: moment.wall)
        return progress
    }()

    private static let registration = WorkerRegistration(
        id: WorkerID(1), name: "box-4711", process: process, bootID: BootID("boot"), host: "box",
        queues: [.standard, try! QueueName("heavy")],
        kinds: ServedKinds(commands: true, handlers: [try! HandlerName("resize")]), slots: 4, version: "1.0",
        startedAt: moment.wall)

    private static let event = EventRecord(
        at: moment.wall,
        changes: [
            DispatchChange(id: DispatchID(4), job: name, queue: .standard, from: nil, to: .pending, attempt: 0),
            DispatchChange(id: DispatchID(4), job: nil, queue: .standard, from: .pending, to: .inProgress, attempt: 1),
            DispatchChange(
                id: DispatchID(5), job: nil, queue: try! QueueName("heavy"), from: .blocked, to: .pending, attempt: 2),
        ])
}

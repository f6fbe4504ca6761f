import SignalboxCore
@testable import SignalboxStore
import SignalboxStatus
import SignalboxTesting

/// A store made of values: what each method returns is what was put in.
struct FixedSource: StatusSource {
    /// Where the live feed looks; without one nothing happens any more.
    var store: JobStore<MemoryEngine>?
    /// What has happened without one.
    var frames: [FeedFrame] = []
    var shown = Overview(status: Fixtures.status, jobs: [], workers: [], running: [], recent: [])
    var details: [DispatchID: DispatchDetail] = [:]
    var queueDetails: [QueueDetail] = []
    var day = Timeline(rows: [], stamp: Fixtures.status.stamp)
    /// How many dispatches a list says it has looked at; nil: those it shows.
    var looked: Int?
    /// Thrown by every method when there is one.
    var error: FixedError?

    func sequence() throws -> UInt64 { try checked(store?.sequence() ?? shown.status.sequence) }
    func queues(now: Now) throws -> QueueList { try checked(QueueList(queues: queueDetails, stamp: shown.stamp)) }
    func timeline(after name: JobName?, now: Now) throws -> Timeline { try checked(day) }

    func status(now: Now) throws -> StatusView { try checked(shown.status) }
    func overview(now: Now) throws -> Overview { try checked(shown) }
    func workers() throws -> WorkerList { try checked(WorkerList(workers: shown.workers, stamp: shown.stamp)) }
    func dispatch(_ id: DispatchID, now: Now) throws -> DispatchDetail? { try checked(details[id]) }

    func jobs(_ filter: JobFilter, now: Now) throws -> JobPage {
        let rest = try checked(shown.jobs).filter { job in filter.after.map { job.name > $0 } ?? true }
        let shown = Array(rest.prefix(filter.limit))
        return JobPage(
            jobs: shown, next: shown.count < rest.count ? shown.last?.name : nil, previous: nil, stamp: self.shown.stamp
        )
    }

    func metrics(now: Now) throws -> MetricsView {
        try checked(
            MetricsView(
                status: shown.status, dispatchesMade: 0, oldestPending: nil, totals: RunTotals(),
                jobs: shown.jobs.map { JobMetrics(view: $0) }, workers: shown.workers, usedBytes: 0, capacityBytes: 0))
    }

    func job(_ name: JobName, now: Now) throws -> JobDetail? {
        try checked(shown.jobs.first { $0.name == name }).map { view in
            JobDetail(
                view: view, dispatches: shown.recent.filter { $0.dispatch.job == name },
                last24Hours: shown.status.last24Hours, stamp: shown.stamp)
        }
    }

    func dispatches(_ filter: DispatchFilter, now: Now) throws -> DispatchPage {
        let matching = try checked(shown.recent).filter { view in
            (filter.state ?? view.state) == view.state && (filter.job ?? view.dispatch.job) == view.dispatch.job
                && (filter.before.map { view.id < $0 } ?? true)
        }
        let shown = Array(matching.prefix(filter.limit))
        return DispatchPage(
            dispatches: shown, next: shown.count < matching.count ? shown.last?.id : nil,
            previous: filter.before == nil ? nil : shown.first?.id, looked: looked ?? shown.count,
            stamp: self.shown.stamp)
    }

    private func checked<Value>(_ value: Value) throws -> Value {
        if let error { throw error }
        return value
    }
}

struct FixedError: Error, CustomStringConvertible {
    var description: String
}

enum Fixtures {
    static let boot = BootID("0b7e3f52-6f35-4f7a-9b0e-5a5d7c1f0a11")
    /// 2026-11-22T14:30:00Z, and 10,000 seconds after the machine started.
    static let now = at(.zero)

    /// `offset` from ``now``, on both clocks.
    static func at(_ offset: Duration) -> Now {
        Now(
            wall: Instant(seconds: 1_795_357_800) + offset, boot: BootInstant(nanoseconds: 10_000_000_000_000) + offset,
            bootID: boot)
    }

    static var status: StatusView {
        StatusView(
            jobs: 0, workers: 0, queues: [], dispatches: [:], sequence: 4711,
            storeID: "7f3a9c52d1e84b06", formatVersion: 1,
            filling: StoreFilling(usedPercent: 1, level: .normal))
    }

    /// A dispatch that ran from `start` for `length` and ended as `outcome` says; still running when that is nil.
    static func run(
        _ number: UInt64, of job: JobName? = nil, from start: Duration, for length: Duration = .seconds(3),
        _ outcome: Outcome? = .exited(0)
    ) throws -> Dispatch {
        let begin = at(start)
        let origin = DispatchOrigin(job: job, maxAttempts: 1, scheduledFor: job.map { _ in begin.wall })
        let token = Token(number)
        let claimed = try Dispatch(id: DispatchID(number), origin: origin, birth: .pending, now: begin)
            .applying(.claim(Claim(worker: WorkerID(1), token: token)), now: begin)
        let end = at(start + length)
        switch outcome {
        case nil: return claimed
        case .exited(0)?: return try claimed.applying(.succeed(token, .exited(0)), now: end)
        case .exited(let code)?: return try claimed.applying(.fail(token, .exited(code), .exit), now: end)
        case .signalled(let number)?: return try claimed.applying(.fail(token, .signalled(number), .killed), now: end)
        case .returned?: return try claimed.applying(.succeed(token, .returned), now: end)
        case .threw?: return try claimed.applying(.fail(token, .threw, .handler), now: end)
        case .handlerDied?:
            return try claimed.applying(.crash(token, .handlerDied, .fail, due: end.wall), now: end)
        case .notStarted?: return try claimed.applying(.fail(token, .notStarted, .exec), now: end)
        }
    }

    /// A dispatch that has not begun.
    static func waiting(
        _ number: UInt64, of job: JobName? = nil, _ birth: DispatchBirth, at offset: Duration
    ) -> Dispatch {
        Dispatch(
            id: DispatchID(number), origin: DispatchOrigin(job: job, maxAttempts: 1), birth: birth, now: at(offset))
    }

    static func view(
        _ dispatch: Dispatch, _ command: String = "true", progress: ProgressReport? = nil
    ) -> DispatchView {
        let worker = dispatch.state == .inProgress ? "gateway:812" : nil
        return DispatchView(dispatch: dispatch, command: command, worker: worker, progress: progress)
    }

    static func detail(
        _ view: DispatchView, _ request: Request, attempts: [Attempt] = [], output: [OutputLine] = []
    ) -> DispatchDetail {
        DispatchDetail(view: view, request: request, attempts: attempts, output: output, stamp: status.stamp)
    }

    static func job(
        _ name: String, _ schedule: String, command: Command = .program(["true"]), next: Duration? = nil,
        recent: [Dispatch] = [], running: Int = 0, waiting: Int = 0, paused: Bool = false,
        environment: [String: String] = [:]
    ) throws -> JobView {
        var definition = JobDefinition(
            name: try JobName(name), schedule: try Schedule(text: schedule), command: command, environment: environment)
        definition.timeout = .seconds(900)
        var progress = JobProgress(revision: 3, cursor: now.wall, anchor: now.wall)
        progress.nextDue = next.map { at($0).wall }
        progress.pause = paused ? JobPause(at: .epoch, by: "ann@box", reason: "new disk") : nil
        if let last = recent.first(where: { $0.state == .success || $0.state == .failed }), let end = last.finished {
            progress.lastRun = LastRun(dispatch: last.id, state: last.state, finishedAt: end.wall)
        }
        let job = Job(definition: definition, progress: progress)
        return JobView(job: job, running: running, waiting: waiting, recent: recent)
    }

    static func worker(
        _ number: UInt64, _ name: String, state: WorkerState = .online, slots: Int = 4, running: Int = 0,
        processed: Int = 0, failed: Int = 0, heartbeat: Duration? = .seconds(-3), started: Duration = .seconds(-7500)
    ) -> WorkerView {
        var registration = WorkerRegistration(
            id: WorkerID(number), name: name, process: ProcessIdentity(pid: 812, startTicks: 9), bootID: boot,
            host: "gateway", queues: [.standard], slots: slots, version: "0.1.0", startedAt: at(started).wall)
        registration.state = state
        let beat = heartbeat.map {
            Heartbeat(at: Moment(at($0)), running: running, processed: processed, failed: failed)
        }
        return WorkerView(registration: registration, heartbeat: beat, running: running)
    }

    static func line(
        _ text: String, _ stream: OutputLine.Stream = .standardOutput, _ offset: Duration = .zero
    ) -> OutputLine {
        OutputLine(stream: stream, offset: offset, bytes: Array(text.utf8))
    }

    /// A day in which `runs` ended, by how many hours ago.
    static func lastDay(_ runs: [Int: [Dispatch]]) -> RunHistory {
        RunHistory(
            hours: (1 - RunHistory.length...0).map { offset in
                var tally = RunTally()
                for run in runs[-offset] ?? [] { tally.add(run) }
                return RunHistory.Hour(hour: UTCHour(of: now.wall).advanced(by: offset), tally: tally)
            })
    }
}

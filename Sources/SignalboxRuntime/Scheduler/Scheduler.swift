public import Logging
public import OrderedStore
import SignalboxCore
public import SignalboxStore

/// Turns due times into dispatches. Run none, one or many: the store deals with each due time exactly once.
///
/// It sleeps until the next due time or until the bell says that this time may have moved, never longer than an hour,
/// and is woken when somebody sets the clock.
public final class Scheduler<Engine: OrderedStore>: Sendable {
    private let store: JobStore<Engine>
    private let clocks: any Clocks
    private let logger: Logger
    private let stopping: WakeUp

    public init(store: JobStore<Engine>, clocks: any Clocks, logger: Logger) throws {
        self.store = store
        self.clocks = clocks
        self.logger = logger
        stopping = try WakeUp()
    }

    /// Runs until ``stop()``.
    @available(*, noasync, message: "this blocks the thread; call it from a LoopThread")
    public func run() throws {
        var loop = try SchedulerLoop(store: store, clocks: clocks, logger: logger, stopping: stopping)
        try loop.run()
    }

    public func stop() { stopping.raise() }
}

/// The scheduler's thread.
struct SchedulerLoop<Engine: OrderedStore> {
    private enum Token: Hashable { case bell, stop, alarm }

    private let store: JobStore<Engine>
    private let clocks: any Clocks
    private let logger: Logger
    private let loop: EventLoop<Token>
    private let bell: BellThread<Engine>
    private let alarm: WallAlarm
    private let zones = ZoneFiles()
    private var lastPass: Now?
    /// Jobs that are left alone until then, because their zone cannot be read.
    private var held: Set<JobName> = []
    private var retryZonesAt: Instant?
    private var lastTidyUp: Now?
    /// What was last said of the store.
    private var concerns: [String] = []

    /// No single sleep is longer, so that a clock that goes wrong without a word is found out.
    private static var longestSleep: Duration { .seconds(3600) }
    /// When to look again for a zone that could not be read: tzdata may be in the middle of an update.
    private static var zoneRetry: Duration { .seconds(60) }
    /// The store is not looked after more often; and only when there is something else to do.
    private static var tidyUpDistance: Duration { .seconds(30) }

    init(store: JobStore<Engine>, clocks: any Clocks, logger: Logger, stopping: WakeUp) throws {
        self.store = store
        self.clocks = clocks
        self.logger = logger
        loop = try EventLoop()
        bell = try BellThread(store.engine, .schedule, name: "scheduler-bell")
        alarm = try WallAlarm()
        try loop.add(stopping, token: .stop)
        try loop.add(bell.wakeUp, token: .bell)
        try loop.add(alarm, token: .alarm)
    }

    mutating func run() throws {
        logger.info("online: dispatches jobs when they are due")
        let boot = try store.fireBootJobs(now: clocks.now())
        if boot.dispatched > 0 { logger.info("dispatched \(boot.dispatched) jobs for this boot") }
        while true {
            for event in try loop.wait() {
                switch event.token {
                case .stop: return
                case .bell: bell.wakeUp.lower()
                case .alarm: _ = try alarm.acknowledge()
                }
            }
            try passes()
        }
    }

    /// Deals with all that is due, then arms the alarm for what comes next.
    private mutating func passes() throws {
        try tidyUp(clocks.now())
        if let retryZonesAt, retryZonesAt <= clocks.now().wall { (held, self.retryZonesAt) = ([], nil) }
        while true {
            let now = clocks.now()
            defer { lastPass = now }
            let view = try store.schedulerView(now: now, except: held)
            if view.hasDueJobs { try fire(view, now) }
            let promotes = view.nextDispatch.map { $0 <= now.wall } ?? false
            if promotes { try store.promote(now: now) }
            if view.hasDueJobs || promotes { continue }
            let next = [view.nextJob, view.nextDispatch, retryZonesAt, now.wall + Self.longestSleep]
            return try alarm.arm(at: next.compactMap { $0 }.min() ?? now.wall)
        }
    }

    private mutating func tidyUp(_ now: Now) throws {
        if let lastTidyUp, lastTidyUp.boot.duration(to: now.boot) < Self.tidyUpDistance { return }
        lastTidyUp = now
        let present = try store.tidyUp()
        for concern in present where !concerns.contains(concern) { logger.warning("\(concern)") }
        concerns = present
    }

    private mutating func fire(_ view: SchedulerView, _ now: Now) throws {
        var table = ZoneTable(machine: try zones.machine())
        for name in view.zones {
            do { table.named[name] = try zones.zone(name) } catch { logger.error("\(error)") }
        }
        let reason = lastPass.map { missReason(since: $0, now: now) } ?? .downtime
        let pass = try store.fire(now: now, zones: table, except: held, reason: reason)
        if pass.skipped > 0 { logger.notice("\(pass.dispatched) dispatched, \(pass.skipped) skipped") }
        for job in pass.withoutZone { logger.error("the job \(job) is held: its zone cannot be read") }
        guard !pass.withoutZone.isEmpty else { return }
        held.formUnion(pass.withoutZone)
        retryZonesAt = now.wall + Self.zoneRetry
    }
}

/// Why due times may have been missed since the last pass, by what the clocks say.
func missReason(since last: Now, now: Now) -> DispatchReason {
    let jump = last.wall.duration(to: now.wall) - last.boot.duration(to: now.boot)
    if jump > .seconds(1) { return .clockForward }
    return now.slept - last.slept > .seconds(1) ? .suspended : .downtime
}

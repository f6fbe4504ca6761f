import Logging
import OrderedStore
import SignalboxCore
import SignalboxStore

/// The scheduler's thread.
struct SchedulerLoop<Engine: OrderedStore> {
    private enum Token: Hashable { case bell, stop, pulse, wallAlarm, bootAlarm, zoneFiles }

    private let store: JobStore<Engine>
    private let options: SchedulerOptions
    private let clocks: any Clocks
    private let logger: Logger
    private let loop: EventLoop<Token>
    private let pulse: Pulse
    private let bell: BellThread<Engine>
    /// For due times of the day, and to learn that the clock was set.
    private let wallAlarm: WallAlarm
    /// For all that takes its real time.
    private let bootAlarm: BootAlarm
    private let zoneWatch: ZoneWatch
    private var zones: KnownZones
    /// Jobs that are left alone until then, because their zone cannot be read.
    private var held: Set<JobName> = []
    private var retryZonesAt: BootInstant?
    /// Zone files have changed, and have had their time to settle by then.
    private var zonesSettleAt: BootInstant?
    private var lastTidyUp: BootInstant?
    private var retention: RetentionKeeper<Engine>
    /// What is to be done before anything else, and again until there was room for it.
    private var mustJudgeClock = true
    /// Calendar jobs wait, and then it is asked again whether they must.
    private var judgeClockAt: BootInstant?
    /// What was last said against the clock.
    private var doubt: ClockDoubt?
    private var mustFireBootJobs = true
    /// At the start too: zone data may have changed while no scheduler ran.
    private var mustPlanAgain = true
    /// What was last said of the store.
    private var concerns: [String] = []

    /// No single sleep is longer, so that a clock that goes wrong without a word is found out.
    private static var longestSleep: Duration { .seconds(3600) }
    /// When to look again for a zone that could not be read: tzdata may be in the middle of an update.
    private static var zoneRetry: Duration { .seconds(60) }
    /// When to try again after the store or its disk was full.
    private static var storeRetry: Duration { .seconds(10) }
    /// An update of tzdata writes hundreds of files: one look behind them all is enough.
    private static var zoneSettling: Duration { .seconds(1) }
    /// The store is not looked after more often; and only when there is something else to do.
    private static var tidyUpDistance: Duration { .seconds(30) }

    init(
        store: JobStore<Engine>, options: SchedulerOptions, clocks: any Clocks, logger: Logger, stopping: WakeUp,
        pulse: Pulse
    ) throws {
        self.store = store
        self.options = options
        self.clocks = clocks
        self.logger = logger
        self.pulse = pulse
        loop = try EventLoop()
        bell = try BellThread(store.engine, .schedule, name: "scheduler-bell")
        wallAlarm = try WallAlarm()
        bootAlarm = try BootAlarm()
        zoneWatch = try ZoneWatch(folder: options.zoneFolder, localtime: options.localtime)
        retention = RetentionKeeper(store: store, logger: logger, now: clocks.now())
        zones = try KnownZones(ZoneFiles(folder: options.zoneFolder, localtime: options.localtime))
        try loop.add(stopping, token: .stop)
        try loop.add(pulse, token: .pulse)
        try loop.add(bell.wakeUp, token: .bell)
        try loop.add(wallAlarm, token: .wallAlarm)
        try loop.add(bootAlarm, token: .bootAlarm)
        try loop.add(zoneWatch, token: .zoneFiles)
    }

    mutating func run() throws {
        logger.info("online: dispatches jobs when they are due")
        while true {
            let isBehind = try passOrLackRoom()
            if !isBehind { pulse.begin() }
            for event in try loop.wait(for: isBehind ? .zero : nil) {
                switch event.token {
                case .stop: return try noteClock()
                case .pulse: pulse.answer()
                case .bell: bell.wakeUp.lower()
                case .wallAlarm: if try wallAlarm.acknowledge() == .clockWasSet { mustJudgeClock = true }
                case .bootAlarm: _ = bootAlarm.acknowledge()
                case .zoneFiles: try noteZoneFiles()
                }
            }
        }
    }

    /// - Returns: whether more may be due; not where there is no room for it, which is looked at again later.
    private mutating func passOrLackRoom() throws -> Bool {
        do { return try pass() } catch let error as any RoomError where error.isLackOfRoom {
            // No cursor has moved, so nothing that is due is lost.
            logger.error("\(error) What is due is tried again in \(Self.storeRetry.components.seconds) s.")
            try bootAlarm.arm(at: clocks.now().boot + Self.storeRetry)
            return false
        }
    }

    /// Writes down how far the clock has come. A scheduler ends, whether there is room for that or not.
    private func noteClock() throws {
        do { try store.noteClock(now: clocks.now()) } catch let error as any RoomError where error.isLackOfRoom {
            logger.error("\(error) How far the clock has come is not written down.")
        }
    }

    /// What nothing that is due may come before.
    private mutating func prepare() throws {
        let mustJudgeAgain = judgeClockAt.map { $0 <= clocks.now().boot } ?? false
        if mustJudgeClock || mustJudgeAgain {
            try judgeClock()
            mustJudgeClock = false
        }
        if mustFireBootJobs {
            let boot = try store.fireBootJobs(now: clocks.now())
            if boot.dispatched > 0 { logger.info("dispatched \(boot.dispatched) jobs for this boot") }
            mustFireBootJobs = false
        }
        renewZones()
        if mustPlanAgain {
            try planAgain()
            mustPlanAgain = false
        }
    }

    /// Decides whether calendar jobs may go by the wall clock.
    private mutating func judgeClock() throws {
        let now = clocks.now()
        let trust = try store.judgeClock(clocks.evidence(), limit: options.clockMaxWait, now: now)
        guard case .held(let doubt, let since, let until) = trust else {
            judgeClockAt = nil
            return
        }
        judgeClockAt = now.boot + options.clockLook
        guard doubt != self.doubt else { return }
        self.doubt = doubt
        logger.warning("calendar jobs wait, for at most \(since.duration(to: until)): \(doubt.sentence)")
    }

    /// Deals with what is due, in one transaction, so that a scheduler that has more to do than it can still hears when
    /// it is to stop.
    /// - Returns: whether more may be due; when not, the alarms are armed for what comes next.
    private mutating func pass() throws -> Bool {
        try prepare()
        try tidyUp()
        let now = clocks.now()
        let view = try store.schedulerView(now: now, except: held)
        retention.note(change: view.newestRetention, now)
        switch view.step {
        case .fire: try fire(now)
        case .rewind: try rewind()
        case .promote: try store.promote(now: now)
        case nil:
            if try retention.step(now) { return true }
            try arm(view, now)
        }
        return view.step != nil
    }

    private func arm(_ view: SchedulerView, _ now: Now) throws {
        // The wall's is always armed: it is also how we learn that the clock was set.
        try wallAlarm.arm(at: min(view.nextWall ?? .distantFuture, now.wall + Self.longestSleep))
        let times = [view.nextBoot, judgeClockAt, retryZonesAt, zonesSettleAt].compactMap { $0 }
        try bootAlarm.arm(at: times.reduce(retention.nextTime, min))
    }

    private mutating func fire(_ now: Now) throws {
        let pass = try store.fire(now: now, zones: zones.table, except: held)
        if pass.skipped > 0 { logger.notice("\(pass.dispatched) dispatched, \(pass.skipped) skipped") }
        if zones.read(pass.missingZones, logger) || pass.withoutZone.isEmpty { return }
        for job in pass.withoutZone { logger.error("the job \(job) is held: its zone cannot be read") }
        held.formUnion(pass.withoutZone)
        retryZonesAt = now.boot + Self.zoneRetry
    }

    private mutating func tidyUp() throws {
        let now = clocks.now().boot
        if let lastTidyUp, lastTidyUp.duration(to: now) < Self.tidyUpDistance { return }
        lastTidyUp = now
        let present = try store.tidyUp()
        for concern in present where !concerns.contains(concern) { logger.warning("\(concern)") }
        concerns = present
    }

    // MARK: Walks over the jobs

    /// The clock was set back: jobs whose cursor stands in its future are taken back.
    private mutating func rewind() throws {
        let pass = try store.rewind(zones: zones.table, unreadable: zones.unreadable, now: clocks.now())
        _ = zones.read(pass.missingZones, logger)
        if pass.changed > 0 { logger.notice("the clock was set back: \(pass.changed) jobs go by it anew") }
    }

    /// Works out anew what was worked out with other zone data.
    private mutating func planAgain() throws {
        var last: JobName?
        repeat {
            let now = clocks.now()
            let pass = try store.planAgain(after: last, zones: zones.table, unreadable: zones.unreadable, now: now)
            if zones.read(pass.missingZones, logger) { continue }
            if pass.changed > 0 { logger.notice("zone data changed: \(pass.changed) jobs have another next time") }
            last = pass.last
            if last == nil { return }
        } while true
    }

    /// Files that change while this wait goes on are waited for with the others.
    private mutating func noteZoneFiles() throws {
        guard try zoneWatch.acknowledge(), zonesSettleAt == nil else { return }
        zonesSettleAt = clocks.now().boot + Self.zoneSettling
    }

    /// Reads zones again that have changed, or that could not be read.
    private mutating func renewZones() {
        let now = clocks.now().boot
        let haveSettled = zonesSettleAt.map { $0 <= now } ?? false
        guard haveSettled || retryZonesAt.map({ $0 <= now }) ?? false else { return }
        if haveSettled { zonesSettleAt = nil }
        (held, retryZonesAt) = ([], nil)
        zones.renew()
        mustPlanAgain = true
    }
}

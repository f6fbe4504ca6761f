import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Add a job.",
        usage: """
            signalbox add NAME (--cron EXPR | --every DUR | --at TIME | --boot | --manual) [options] (-- ARGV… | --shell LINE)
            """)

    @OptionGroup var store: StoreOptions
    @Argument(help: "The name of the job: letters, digits and . _ - :")
    var name: String

    @OptionGroup var schedule: ScheduleOptions
    @OptionGroup var what: CommandOptions

    @Option(help: "The queue its runs go to.")
    var queue = QueueName.standard.text

    @Option(help: "0 is claimed first, 255 last.")
    var priority = JobDefinition.standardPriority

    @OptionGroup var attempt: AttemptOptions
    @OptionGroup var retry: RetryOptions

    @Option(
        help: ArgumentHelp(
            "Say next, and what waits for another attempt makes way for the job's next occurrence.", valueName: "next"),
        transform: Parse.next)
    var retryUntil = false

    @Option(
        help: ArgumentHelp(
            "What to do when it falls due while it still runs: skip, queue-one, queue-all[:LIMIT], allow[:LIMIT], replace.",
            valueName: "policy"),
        transform: Parse.overlap)
    var overlap = OverlapRule.skip

    @Option(
        help: ArgumentHelp(
            "How long after its due time a run may still be started (default: at any time).", valueName: "duration"),
        transform: Parse.startBy)
    var startBy: Duration?

    @Option(help: ArgumentHelp("Which missed runs to make up for.", valueName: "policy"), transform: Parse.catchUp)
    var catchup = CatchUpPolicy.Mode.latest

    @Option(
        help: ArgumentHelp(
            "What is kept of its dispatches, as in \"success: 100 or 7d, failed: 30d\", or forever (default: as "
                + "`signalbox settings` says).", valueName: "limits"),
        transform: Parse.keep)
    var keep = KeepPolicy.unset

    @OptionGroup var limits: LimitOptions
    @OptionGroup(title: "Process") var process: ProcessOptions
    @OptionGroup var output: JSONOption

    func validate() throws {
        try what.requireOne()
    }

    func run() throws {
        let now = try currentTime()
        let zones = ZoneFiles()
        let jobName = try JobName(name)
        var definition = JobDefinition(
            name: jobName, schedule: try schedule.schedule(of: jobName, zones, now), zone: schedule.zone,
            queue: try QueueName(queue), priority: priority, command: try what.command(),
            environment: attempt.env.dictionary,
            directory: attempt.cwd, timeout: attempt.timeout?.timeout, maxAttempts: attempt.maxAttempts ?? 1,
            retry: policy, overlap: overlap,
            catchUp: CatchUpPolicy(mode: catchup), startBy: startBy, keep: keep)
        limits.apply(to: &definition.work)
        definition.process = process.settings
        let table = try zones.table([schedule.zone].compactMap { $0 })
        let store = try store.open(.create)
        try store.add(definition, zones: table, now: now)
        guard let job = try store.job(jobName, recent: 0, now: currentTime())?.view else { return }
        if output.json { return try JSON.write(job) }
        Terminal.writeLine("added \(jobName), next run \(Words.relative(job.job.progress.nextDue, to: now))")
    }

    private var policy: RetryPolicy {
        var policy = retry.policy
        policy.endsAtNext = retryUntil
        return policy
    }
}

/// When a job runs: exactly one of these.
struct ScheduleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Five fields (or six, with seconds in front), or a word as in @daily.", valueName: "expr"))
    var cron: String?

    @Option(help: ArgumentHelp("A fixed distance, as in 90s or 1h30m.", valueName: "duration"))
    var every: String?

    @Option(help: ArgumentHelp("Once: 2026-11-22T14:30:00Z, \"2026-11-22 14:30\", 14:30, or +10m.", valueName: "time"))
    var at: String?

    @Flag(help: "Once per boot, from the next one on.")
    var boot = false

    @Flag(help: "Only when asked for.")
    var manual = false

    @Option(help: ArgumentHelp("The time zone of --cron and --at (default: the machine's).", valueName: "zone"))
    var zone: String?

    func validate() throws {
        let given = [cron != nil, every != nil, at != nil, boot, manual].count { $0 }
        guard given == 1 else {
            throw ValidationError("say when it runs with exactly one of --cron, --every, --at, --boot and --manual")
        }
    }

    func schedule(of job: JobName, _ zones: ZoneFiles, _ now: Now) throws -> Schedule {
        if let cron { return try Schedule(text: cron, seed: "\(Machine.id) \(job)") }
        if let every { return try Schedule(text: "@every \(every)") }
        if let at {
            let zone = try zone.map { try zones.zone($0) } ?? zones.machine()
            let time = try Instant(text: at, zone: zone, now: now.wall)
            guard time > now.wall else { throw Failure(.badInput, "--at \(quoted(at)) is \(time), which has passed") }
            return .at(time)
        }
        return boot ? .boot : .manual
    }
}

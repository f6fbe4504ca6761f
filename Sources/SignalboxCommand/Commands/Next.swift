import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Next: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show when a schedule, or a job, falls due next: local time, UTC, and why just then.",
        discussion: """
            A text with a blank or an @ is a schedule, as in "0 4 * * mon-fri" or @daily, and needs no store; any \
            other is the name of a job, which brings its own schedule, zone and the time it counts from. The reason \
            is regular, dst_gap (its local time does not exist that day; it runs when the gap ends) or dst_fold (its \
            local time exists twice that day).
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: ArgumentHelp("A schedule, in quotes, or the name of a job.", valueName: "expr|job"))
    var target: String

    @Option(help: ArgumentHelp("The time zone of a schedule (default: the machine's).", valueName: "zone"))
    var zone: String?

    @Option(
        help: ArgumentHelp(
            "Where to begin, and what @every counts from (default: now): 14:30, \"2026-03-29 01:00\", +2d.",
            valueName: "time"))
    var from: String?

    @Option(help: "How many times.")
    var count = 5

    func validate() throws {
        guard (1...10_000).contains(count) else {
            throw ValidationError("--count is \(count); 1 to 10000 are possible")
        }
    }

    func run() throws {
        let zones = ZoneFiles()
        let question = try namesSchedule ? expression(zones) : job(zones)
        try question.requireClock(of: target)
        let occurrences = Array(
            question.schedule.occurrences(after: question.after, in: question.zone, anchor: question.anchor)
                .prefix(count))
        if output.json { return try occurrences.forEach { try JSON.write(OccurrenceView($0, in: question.zone)) } }
        guard !occurrences.isEmpty else {
            return Terminal.writeError("signalbox: \(question.schedule) has no time after \(question.after)\n")
        }
        write(occurrences, question.zone)
    }

    private var namesSchedule: Bool { target.hasPrefix("@") || target.contains { $0.isWhitespace } }

    private func expression(_ zones: ZoneFiles) throws -> ScheduleQuestion {
        let zone = try zone.map { try zones.zone($0) } ?? zones.machine()
        let now = try currentTime().wall
        let start = try from.map { try Instant(text: $0, zone: zone, now: now) } ?? now
        if target.contains("~") {
            Terminal.writeError("signalbox: ~ is drawn from a job's name: a job with this schedule draws its own\n")
        }
        let schedule = try Schedule(text: target, seed: Machine.id)
        // An interval counts from where it is asked for; a time of the calendar is due there, if it falls there.
        if case .every = schedule {
            return ScheduleQuestion(schedule: schedule, zone: zone, anchor: start, after: start)
        }
        return ScheduleQuestion(schedule: schedule, zone: zone, anchor: start, after: start - .microseconds(1))
    }

    private func job(_ zones: ZoneFiles) throws -> ScheduleQuestion {
        guard zone == nil else {
            throw Failure(.usage, "--zone goes with a schedule; the job \(target) has a zone of its own")
        }
        let name = try JobName(target)
        let clock = try currentTime()
        guard let job = try store.open(.read).job(name, recent: 0, now: clock)?.view.job else {
            throw StoreError.noJob(name)
        }
        let zone = try job.definition.zone.map { try zones.zone($0) } ?? zones.machine()
        let now = clock.wall
        let start = try from.map { try Instant(text: $0, zone: zone, now: now) - .microseconds(1) }
        if start == nil, let due = job.progress.nextDue, due <= now {
            Terminal.writeError(
                "signalbox: the job \(name) was due at \(due.text(in: zone)), which no scheduler has dealt with yet; "
                    + "`signalbox why \(name)` tells more\n")
        }
        if let pause = job.progress.pause {
            Terminal.writeError(
                "signalbox: the job \(name) is paused \(Words.pause(pause, in: zone)): these will be skipped until `signalbox resume \(name)`\n"
            )
        }
        return ScheduleQuestion(
            schedule: job.definition.schedule, zone: zone, anchor: job.progress.anchor,
            after: max(start ?? max(now, job.progress.cursor), job.progress.anchor))
    }

    private func write(_ occurrences: [Occurrence], _ zone: Zone) {
        var table = Table(["LOCAL", "UTC", "REASON"])
        for occurrence in occurrences {
            let view = OccurrenceView(occurrence, in: zone)
            table.add([view.local, view.utc, view.reason + (view.nominal.map { " (for \($0))" } ?? "")])
        }
        table.write()
    }
}

/// A schedule, and what is asked of it.
struct ScheduleQuestion {
    let schedule: Schedule
    let zone: Zone
    let anchor: Instant
    /// Only later times count.
    let after: Instant

    /// - Throws: `badInput` for what never falls due by the clock.
    func requireClock(of target: String) throws {
        switch schedule {
        case .cron, .every, .at: return
        case .boot: throw Failure(.badInput, "\(quoted(target)) has no next time: it runs once per boot of the machine")
        case .manual: throw Failure(.badInput, "\(quoted(target)) has no next time: it runs when somebody asks for it")
        }
    }
}

/// One due time as JSON and tables show it.
struct OccurrenceView: Encodable {
    let utc: String
    /// What clocks show then, with their offset.
    let local: String
    let reason: String
    /// The local time that the schedule names, where no clock shows it.
    let nominal: String?

    init(_ occurrence: Occurrence, in zone: Zone) {
        utc = occurrence.due.description
        local = occurrence.due.text(in: zone)
        reason = occurrence.reason.rawValue
        nominal = occurrence.reason == .daylightGap ? occurrence.nominal.description : nil
    }
}

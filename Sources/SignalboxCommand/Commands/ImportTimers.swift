import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxFormats
import SignalboxRuntime
import SignalboxStore

struct ImportTimers: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-timers",
        abstract: "Add systemd timers, with the services they start, as jobs.",
        discussion: """
            A timer that cannot be said as a job is refused with file and line, and the others are added; the exit \
            is 65 then. Notes on standard error name what a job does not have: another user, conditions, limits, \
            sandboxes. The timers stay enabled in systemd until you disable them. Where a unit is in several of the \
            folders, the last one named counts; drop-ins of all of them are read.
            """)

    @OptionGroup var store: StoreOptions

    @Argument(help: ArgumentHelp("Timer files, or folders such as /lib/systemd/system.", valueName: "path"))
    var paths: [String]

    @Flag(help: "Only say what would be added.")
    var dryRun = false

    @OptionGroup var output: JSONOption

    func run() throws {
        let zones = ZoneFiles()
        let units = try UnitFolders(paths)
        let now = try currentTime()
        let timers = try units.timers.map { name in
            try SystemdTimers.read(
                name, units.sources(of: name) ?? [], now: now.wall,
                zone: { try $0.map { try zones.zone($0) } ?? zones.machine() }, service: units.sources)
        }
        for note in timers.flatMap(\.notes) { Terminal.writeError("\(note)\n") }
        let errors = timers.flatMap(\.errors)
        for error in errors { Terminal.writeError("\(error)\n") }
        let jobs = timers.flatMap(\.jobs)
        if dryRun { try jobs.forEach(show) } else if !jobs.isEmpty { try add(JobDefinitions(jobs.map(\.definition))) }
        guard errors.isEmpty else {
            let refused = timers.count { !$0.errors.isEmpty }
            throw Failure(.badInput, "\(refused) of \(timers.count) timers refused; the others are above")
        }
    }

    private func add(_ jobs: JobDefinitions) throws {
        try JobChanges(list: jobs.apply(to: store.open(.create))).write(asJSON: output.json)
    }

    private func show(_ job: TimerJob) throws {
        if output.json { return try JSON.write(Line(job)) }
        let definition = job.definition
        let zone = definition.zone.map { " \($0)" } ?? ""
        Terminal.writeLine("\(definition.name)  \(definition.schedule)\(zone)  \(definition.command.redacted.summary)")
    }

    private struct Line: Encodable {
        let name: String
        let schedule: String
        let zone: String?
        let catchup: String
        let command: String
        let file: String
        let line: Int

        init(_ job: TimerJob) {
            name = job.definition.name.text
            schedule = job.definition.schedule.description
            zone = job.definition.zone
            catchup = job.definition.catchUp.mode.rawValue
            command = job.definition.command.redacted.summary
            file = job.file
            line = job.line
        }
    }
}

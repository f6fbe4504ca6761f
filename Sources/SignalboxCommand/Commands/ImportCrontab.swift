import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxFormats
import SignalboxRuntime
import SignalboxStore

struct ImportCrontab: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-crontab",
        abstract: "Add the lines of a crontab as jobs, read as Debian's cron reads them.",
        discussion: """
            A broken line is named, and then nothing is added. Jobs run as the worker's user, whatever the user column of a \
            system crontab says.
            """)

    @OptionGroup var store: StoreOptions

    @Argument(help: "The file, or - for standard input.")
    var file: String

    @Flag(help: "It has a user column, as /etc/crontab and the files of /etc/cron.d do.")
    var system = false

    @Flag(help: "Only say what would be added.")
    var dryRun = false

    @OptionGroup var output: JSONOption

    func run() throws {
        let name = file == "-" ? "crontab" : file
        let crontab = Crontab.parse(
            text: try Terminal.readText(file), fileName: name, system: system, machine: Machine.id)
        for note in crontab.notes { Terminal.writeError("\(note)\n") }
        for error in crontab.errors { Terminal.writeError("\(error)\n") }
        if dryRun { try show(crontab) }
        guard crontab.errors.isEmpty else {
            let count = crontab.errors.count
            throw Failure(
                .badInput, "\(printable(name)): \(count) broken line\(count == 1 ? "" : "s"); nothing was added")
        }
        guard !dryRun else { return }
        let jobs = try JobDefinitions(crontab.jobs.map(\.definition))
        try JobChanges(list: jobs.apply(to: store.open(.create))).write(asJSON: output.json)
    }

    private func show(_ crontab: CrontabImport) throws {
        for job in crontab.jobs {
            if output.json {
                try JSON.write(Line(job))
            } else {
                let definition = job.definition
                let user = job.user.map { " (as \($0))" } ?? ""
                Terminal.writeLine(
                    "\(definition.name)  \(definition.schedule)\(user)  \(definition.command.redacted.summary)")
            }
        }
    }

    private struct Line: Encodable {
        let name: String
        let schedule: String
        let user: String?
        let command: String
        let line: Int

        init(_ job: CrontabJob) {
            name = job.definition.name.text
            schedule = job.definition.schedule.description
            user = job.user
            command = job.definition.command.redacted.summary
            line = job.line
        }
    }
}

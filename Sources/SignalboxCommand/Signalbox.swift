import ArgumentParser
import Glibc

/// The command `signalbox`: the table of contents of its commands.
@main
struct SignalboxCommand: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "signalbox",
        abstract: "Durable jobs for one machine: cron's clock sense and a real queue, without a database server.",
        discussion: """
            The store is --store PATH, else $SIGNALBOX_STORE, else ./signalbox.store. Every command works whether or not any \
            other part runs; `signalbox up` runs all of them in one process.
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(
                name: "Processes:", subcommands: [Up.self, SchedulerCommand.self, WorkerCommand.self, Serve.self]),
            CommandGroup(
                name: "Jobs:",
                subcommands: [
                    Add.self, Apply.self, Check.self, Diff.self, ImportCrontab.self, ImportTimers.self, Jobs.self,
                    JobCommand.self,
                    Pause.self, Resume.self,
                    Remove.self, Run.self, Next.self, Why.self,
                ]),
            CommandGroup(
                name: "Dispatches:",
                subcommands: [
                    Enqueue.self, Dispatches.self, DispatchCommand.self, Logs.self, Cancel.self, Requeue.self,
                    Pin.self, Unpin.self,
                ]),
            CommandGroup(
                name: "The store:",
                subcommands: [
                    Workers.self, Queues.self, QueueCommand.self, Status.self, Watch.self, Stat.self, Verify.self,
                    Dump.self, Restore.self, Backup.self, Compact.self, Prune.self, Settings.self,
                ]),
        ])

    /// Parses, runs, and turns whatever goes wrong into one line and one of the exit codes of the manual.
    static func main() {
        // A file size limit must be an error of the write that meets it, not the end of the process.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Failure.end(with: error)
        }
    }
}

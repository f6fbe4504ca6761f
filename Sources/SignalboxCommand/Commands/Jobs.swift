import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Jobs: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the jobs.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    func run() throws {
        let now = try currentTime()
        let jobs = try store.open(.read).jobs(now: now)
        if output.json { return try jobs.forEach(JSON.write) }
        var table = Table(["NAME", "SCHEDULE", "NEXT", "LAST RUN", "STATE", "RUNNING", "WAITING"])
        for job in jobs {
            let progress = job.job.progress
            table.add([
                job.name.text, "\(job.job.definition.schedule)" + (job.job.definition.zone.map { " \($0)" } ?? ""),
                progress.pause.map(paused) ?? Words.relative(progress.nextDue, to: now),
                Words.relative(progress.lastRun?.finishedAt, to: now), progress.lastRun?.state.name ?? "–",
                "\(job.running)", "\(job.waiting)",
            ])
        }
        table.write()
    }

    private func paused(_ pause: JobPause) -> String {
        "paused by \(pause.by)" + (pause.reason.map { ": \($0)" } ?? "")
    }
}

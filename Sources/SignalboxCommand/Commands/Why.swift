import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a job did or did not run, and why it does not run now.",
        discussion: """
            Without --at it is about the job's newest due time and about now. All of the answer is from one \
            snapshot of the store; nothing is changed, and nothing has to run.
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The name of the job.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "A time on the clocks of the job's zone: 14:30, \"2026-11-22 14:30\", 2026-11-22T14:30:00Z.",
            valueName: "time"))
    var at: String?

    func run() throws {
        let jobName = try JobName(name)
        let store = try store.open(.read)
        guard let job = try store.job(jobName, recent: 0)?.view.job else { throw StoreError.noJob(jobName) }
        let zones = try ZoneFiles().table([job.definition.zone].compactMap { $0 })
        let now = try currentTime()
        let asked = try at.map {
            try Instant(past: $0, zone: zones[job.definition.zone] ?? zones.machine, now: now.wall)
        }
        guard let report = try store.why(jobName, at: asked, zones: zones, now: now) else {
            throw StoreError.noJob(jobName)
        }
        let answer = WhyAnswer(report, now)
        if output.json { try JSON.write(answer) } else { answer.write() }
    }
}

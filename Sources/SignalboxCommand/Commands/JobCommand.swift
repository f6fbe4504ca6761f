import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct JobCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "job", abstract: "Show one job and its newest runs.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The name of the job.")
    var name: String

    func run() throws {
        let jobName = try JobName(name)
        let now = try currentTime()
        guard let detail = try store.open(.read).job(jobName, recent: 10, now: now) else {
            throw StoreError.noJob(jobName)
        }
        if output.json { return try JSON.write(detail) }
        let (definition, progress) = (detail.view.job.definition, detail.view.job.progress)
        var fields: [(String, String)] = [
            ("name", definition.name.text), ("schedule", definition.schedule.description),
            ("zone", definition.zone ?? "the machine's"), ("command", definition.command.redacted.summary),
            ("queue", "\(definition.queue), priority \(definition.priority)"),
            ("attempts", "\(definition.maxAttempts), on crash \(definition.rescue.word)"),
            ("timeout", definition.timeout.map(Words.length) ?? "none"), ("overlap", definition.overlap.word),
            ("start by", definition.startBy.map { "\(Words.length($0)) after it is due" } ?? "any time"),
            ("catchup", definition.catchUp.mode.rawValue),
            ("paused", progress.pause.map { Words.pause($0, now) } ?? "no"),
            ("next", progress.nextDue.map { "\($0) (\(Words.relative($0, to: now)))" } ?? "–"),
            ("revision", "\(progress.revision)"),
            ("active", "\(detail.view.running) running, \(detail.view.waiting) waiting"),
            ("keeps", detail.view.keep.text),
            ("last 24 h", detail.last24Hours.map(Words.runs) ?? "–"),
        ]
        fields += definition.work.facts.map { ($0.label.lowercased(), $0.text) }
        Fields(fields).write()
        guard !detail.dispatches.isEmpty else { return }
        Terminal.writeLine("")
        DispatchTable(detail.dispatches, now: now).write()
    }
}

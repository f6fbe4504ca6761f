import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read a jobs.yaml, and show each job with its next time and what it may not mean.",
        discussion: """
            It needs no store. Exits 0 when the file can be applied, whatever the notes say, and 65 when it cannot, \
            with file, line and what was expected.
            """)

    @Argument(help: "The file, or - for standard input.")
    var file: String

    @OptionGroup var output: JSONOption

    func run() throws {
        let definitions = try JobDefinitions(file: file)
        let now = try currentTime()
        let jobs = try definitions.list.map { try CheckedJob($0, definitions.zones, now) }
        if output.json { return try jobs.forEach(JSON.write) }
        jobs.forEach { write($0, now) }
        let notes = jobs.reduce(0) { $0 + $1.notes.count }
        Terminal.writeLine("\(counted(jobs.count, "job")), \(counted(notes, "note"))")
    }

    private func write(_ job: CheckedJob, _ now: Now) {
        let next = job.next.map { "next \($0.text(in: job.clock)) (\(Words.relative($0, to: now)))" } ?? "no next time"
        Terminal.writeLine("\(job.name)  \(job.schedule)  \(job.zone ?? "the machine's zone")  \(next)")
        for note in job.notes { Terminal.writeLine("  note: \(note)") }
    }

    private func counted(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }
}

/// A job of a file that could be applied.
private struct CheckedJob: Encodable {
    let name: String
    let schedule: String
    let zone: String?
    let next: Instant?
    let notes: [String]
    let clock: Zone

    init(_ definition: JobDefinition, _ zones: ZoneTable, _ now: Now) throws {
        guard let clock = zones[definition.zone] else {
            throw Failure(.badInput, "the zone of the job \(definition.name) was not read")
        }
        self.clock = clock
        name = definition.name.text
        schedule = definition.schedule.description
        zone = definition.zone
        next = definition.schedule.next(after: now.wall, in: clock, anchor: now.wall)?.due
        notes = JobReview(of: definition, zone: clock, now: now.wall).notes
    }

    private enum CodingKeys: String, CodingKey { case name, schedule, zone, next_at, notes }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(schedule, forKey: .schedule)
        try fields.encode(zone, forKey: .zone)
        try fields.encode(next?.description, forKey: .next_at)
        try fields.encode(notes, forKey: .notes)
    }
}

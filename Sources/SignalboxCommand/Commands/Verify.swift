import ArgumentParser
import LMDBEngine
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at every page and every record, and compare every index and counter; exit 1 for a fault.",
        discussion: """
            First every page of the file is looked at without LMDB, which trusts its file: so a damaged store can do no \
            harm. When all are sound the records are read, with their checksums, and every index and counter is worked out \
            again and compared. A record that another names or counts is missed when it is gone; the article Damage says \
            what may be gone unseen. Others may work on the store meanwhile. Each fault is one line, with the page, or \
            with the bucket and the key. What to do then: `signalbox dump --salvage`, and the article Damage.

            With --repair, indexes, counters and counts are made to say what the records say, in one transaction: who works \
            on the store meanwhile waits for its end, some ten seconds for a million dispatches. A record that cannot be \
            read is no other's to make up for: then nothing is repaired, and `dump --salvage` saves the rest.

            With --schedule it recounts due times instead: each that fell into the range must have become exactly one \
            dispatch, or be named by a SKIPPED record, and no other occurrence may be there. FROM and TO are times as --at \
            takes them, "2026-11-22 14:30", 2026-11-22 or 2026-11-22T14:30:00Z; 04:00..05:00 is the newest 04:00 and \
            the 05:00 after it; without FROM it is all that is known of a job's \
            present schedule, without TO all up to now. --schedule .. asks for everything.
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Flag(help: "Mend what follows from other records; exit 1 when something is left.")
    var repair = false

    @Option(help: ArgumentHelp("Recount the due times after FROM and up to TO.", valueName: "FROM..TO"))
    var schedule: String?

    @Option(help: ArgumentHelp("With --schedule: only of this job.", valueName: "name"))
    var job: String?

    func validate() throws {
        if job != nil, schedule == nil { throw ValidationError("--job goes with --schedule only") }
        if repair, schedule != nil { throw ValidationError("--repair does not go with --schedule") }
        if let schedule { _ = try Self.ends(of: schedule) }
    }

    func run() throws {
        if let schedule { return try recount(schedule) }
        if repair { return try mend() }
        let report = try check()
        if output.json {
            try JSON.write(report)
        } else {
            for fault in report.faults { Terminal.writeLine(fault) }
            Terminal.writeLine("\(report.records) records: \(report.ok ? "no fault" : "\(report.faults.count) faults")")
        }
        guard report.ok else { throw Failure(.negative) }
    }

    /// Pages first, by ordinary reads; records only when LMDB can be trusted with the file.
    private func check() throws -> VerifyReport {
        let pages = try store.checkPages()
        guard pages.arePagesSound else { return VerifyReport(records: 0, faults: pages.faults) }
        do {
            let store = try store.open(.read)
            warnOfLongSnapshot(pages)
            // Room that is lost harms nobody; `dump` and `restore` give it back.
            for fault in pages.faults { Terminal.writeError("signalbox: \(fault)\n") }
            return try store.verify()
        } catch let error as StoreError where error.code == .damaged {
            return VerifyReport(records: 0, faults: [error.description])
        } catch let error as EnvironmentError where error.code == .versionMismatch && !pages.ok {
            // Of this version, by its header, and yet with other buckets: their names are damaged.
            return VerifyReport(records: 0, faults: pages.faults)
        }
    }

    /// All records are compared in one snapshot, and a minute of that is something that whoever runs a busy store wants
    /// to know.
    private func warnOfLongSnapshot(_ pages: PageReport) {
        guard pages.entries > Self.manyEntries else { return }
        Terminal.writeError(
            "signalbox: reading \(pages.entries) entries in one snapshot; until it ends, what others delete is not used "
                + "again, and a busy store grows\n")
    }

    /// So many take some twenty seconds.
    private static let manyEntries = 20_000_000

    private func mend() throws {
        try store.requireSoundPages()
        let report = try store.openToRepair().repair()
        if output.json {
            try JSON.write(report)
        } else {
            for fault in report.mended { Terminal.writeLine("mended: \(fault)") }
            for fault in report.left.faults { Terminal.writeLine("left: \(fault)") }
            let words =
                report.ok
                ? "no fault is left" : "\(report.left.faults.count) faults are left, which no record makes up for"
            Terminal.writeLine("\(report.left.records) records: \(words)")
        }
        guard report.ok else { throw Failure(.negative) }
    }

    private func recount(_ range: String) throws {
        let ends = try Self.ends(of: range)
        let (zones, clock) = (ZoneFiles(), try currentTime())
        let now = clock.wall
        let machine = try zones.machine()
        let from = try ends.from.map { try Instant(past: $0, zone: machine, now: now) }
        // A time of day is the next one after FROM.
        let through = try ends.to.map { text in
            try from.map { try Instant(text: text, zone: machine, now: $0) }
                ?? Instant(past: text, zone: machine, now: now)
        }
        if let from, let through, from >= through {
            throw Failure(.usage, "--schedule: FROM, \(from), is not before TO, \(through)")
        }
        let store = try store.open(.read)
        let name = try job.map { try JobName($0) }
        let names = try store.jobs().filter { name == nil || $0.name == name }.compactMap(\.job.definition.zone)
        let report = try store.verifySchedule(
            after: from, through: through, job: name, zones: try zones.table(Set(names)), now: clock)
        if output.json { try JSON.write(report) } else { show(report) }
        if report.jobs.allSatisfy({ $0.after >= $0.through }) {
            Terminal.writeError(
                "signalbox: that range has no time that any job has dealt with: nothing was recounted\n")
        }
        guard report.ok else { throw Failure(.negative) }
    }

    private func show(_ report: LedgerReport) {
        for fault in report.faults { Terminal.writeLine(fault) }
        var table = Table(["JOB", "DUE", "RAN", "RUNNING", "WAITING", "COALESCED", "SKIPPED", "CANCELLED"])
        for job in report.jobs {
            let accounts: [LedgerEntry.Account] = [.ran, .running, .waiting, .coalesced, .skipped, .cancelled]
            table.add([job.name.text, "\(job.tally.due)"] + accounts.map { "\(job.tally[$0])" })
        }
        table.write()
        Terminal.writeLine("\(report.due) due times: \(report.ok ? "no fault" : "\(report.faults.count) faults")")
    }

    private static func ends(of range: String) throws -> (from: String?, to: String?) {
        guard let dots = range.firstRange(of: "..") else {
            throw ValidationError("--schedule needs FROM..TO, as in 2026-11-22T00:00:00Z..2026-11-23T00:00:00Z")
        }
        let (from, to) = (String(range[..<dots.lowerBound]), String(range[dots.upperBound...]))
        return (from.isEmpty ? nil : from, to.isEmpty ? nil : to)
    }
}

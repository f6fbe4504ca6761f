import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Dump: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the store as JSON lines, one record a line, for people, other programs and `restore`.",
        discussion: """
            It is one snapshot, whatever others do meanwhile. FILE is written beside its place and put there when it is \
            whole; a dump that is there already stays until then. Only you may read it. The last line has a SHA-256 of all \
            others, and a dump that was cut or altered is refused by `signalbox restore`.

            Without --secrets, values of variables, arguments and payloads whose names have token, secret, password or key \
            in them are replaced by [redacted]: what is restored from such a dump runs with that word in their place.
            """)

    @OptionGroup var store: StoreOptions

    @Argument(help: ArgumentHelp("The file; - or nothing: standard output.", valueName: "file"))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "Only this job, with its dispatches and what those wait for; may be repeated.", valueName: "name"))
    var job: [String] = []

    @Option(
        help: ArgumentHelp(
            "Of dispatches that have ended only those made or ended since then, as in 04:00, \"2026-11-22 14:30\" or "
                + "2026-11-22T14:30:00Z.", valueName: "time"))
    var since: String?

    @Flag(help: "With the values that look secret: for a dump that is to be restored.")
    var secrets = false

    @Flag(help: "Of a damaged store: all that can be believed. What was lost is named; exit 1 when something was.")
    var salvage = false

    @Flag(help: "With --salvage: also what lies on pages that may be free; some of it was deleted.")
    var orphans = false

    func validate() throws {
        if orphans, !salvage { throw ValidationError("--orphans goes with --salvage only") }
        if salvage, !job.isEmpty || since != nil {
            throw ValidationError("--salvage takes all there is: without --job and --since")
        }
    }

    func run() throws {
        if salvage { return try saveWhatIsLeft() }
        try store.requireSoundPages()
        let selection = DumpSelection(
            jobs: try job.map { try JobName($0) }, since: try sinceTime(), hasSecrets: secrets)
        let store = try store.open(.read)
        let target = try DumpTarget(file ?? "-")
        var bar = ProgressBar(size: 1000)
        defer { bar.clear() }
        let guardian = try SnapshotGuardian()
        defer { guardian.end() }
        try store.dump(selection) { records, share in
            bar.show(lines: records, bytes: Int(share * 1000))
        } writing: { bytes in
            try target.write(bytes)
        }
        try target.finish()
    }

    private func saveWhatIsLeft() throws {
        let target = try DumpTarget(file ?? "-")
        let dump = SalvageDump(store: store, hasSecrets: secrets, includesFree: orphans)
        let isWhole = try dump.write { try target.write($0) }
        try target.finish()
        guard isWhole else { throw Failure(.negative) }
    }

    private func sinceTime() throws -> Instant? {
        guard let since else { return nil }
        return try Instant(past: since, zone: ZoneFiles().machine(), now: try currentTime().wall)
    }
}

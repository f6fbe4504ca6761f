import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxFormats
import SignalboxRuntime
import SignalboxStore

struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the jobs of the store what a jobs.yaml says, all at once or not at all.")

    @OptionGroup var store: StoreOptions

    @Argument(help: "The file, or - for standard input.")
    var file: String

    @Flag(help: "Remove jobs that the file does not name.")
    var prune = false

    @Flag(help: "Only say what would change.")
    var dryRun = false

    @OptionGroup var output: JSONOption

    func run() throws {
        // The file is read before the store is made, so that a broken file leaves nothing behind.
        let jobs = try JobDefinitions(file: file)
        let changes = JobChanges(list: try dryRun ? plan(jobs) : jobs.apply(to: store.open(.create), prune: prune))
        if output.json { try changes.writeJSON() } else { changes.write() }
    }

    private func plan(_ jobs: JobDefinitions) throws -> [JobChange] {
        do {
            return try store.open(.read).plan(jobs.list, prune: prune)
        } catch let failure as Failure where failure.status == .noStore {
            return jobs.list.map { JobChange(name: $0.name.text, change: .added) }
        }
    }
}

/// The jobs of a jobs.yaml, and the zones they name.
struct JobDefinitions {
    let list: [JobDefinition]
    let zones: ZoneTable

    /// - Parameter file: a path, or - for standard input.
    init(file: String) throws {
        let zones = ZoneFiles()
        list = try JobsFile.parse(
            text: try Terminal.readText(file), fileName: file == "-" ? "standard input" : file, machine: Machine.id
        ) { name in try name.map { try zones.zone($0) } ?? zones.machine() }
        self.zones = try zones.table(Set(list.compactMap(\.zone)))
    }

    func apply(to store: Store, prune: Bool = false) throws -> [JobChange] {
        try store.apply(list, prune: prune, zones: zones, now: try currentTime())
    }
}

/// What applying definitions did, or would do.
struct JobChanges {
    let list: [JobChange]

    func write() {
        for change in list {
            let word = change.change.rawValue
            Terminal.writeLine(word + String(repeating: " ", count: max(1, 11 - word.count)) + change.name)
        }
    }

    func writeJSON() throws { for change in list { try JSON.write(change) } }
}

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

    @Flag(help: "Cancel what waits of these jobs and was made before they were changed.")
    var replacePending = false

    @Flag(help: "Only say what would change; `signalbox diff` says it field by field.")
    var dryRun = false

    @OptionGroup var output: JSONOption

    func run() throws {
        // The file is read before the store is made, so that a broken file leaves nothing behind.
        let jobs = try JobDefinitions(file: file)
        let changes =
            try dryRun
            ? jobs.plan(for: store, prune: prune, replacePending: replacePending)
            : jobs.apply(to: store.open(.create), prune: prune, replacePending: replacePending)
        try JobChanges(list: changes).write(asJSON: output.json)
    }
}

/// Jobs and handlers that were read from files, and the zones they name.
struct JobDefinitions {
    let list: [JobDefinition]
    let handlers: [HandlerDefinition]
    let zones: ZoneTable
    private let zoneFiles = ZoneFiles()

    init(_ list: [JobDefinition], handlers: [HandlerDefinition] = []) throws {
        self.list = list
        self.handlers = handlers
        zones = try zoneFiles.table(Set(list.compactMap(\.zone)))
    }

    /// Those of a jobs.yaml.
    /// - Parameter file: a path, or - for standard input.
    init(file: String) throws {
        let zones = ZoneFiles()
        let content = try JobsFile.read(
            text: try Terminal.readText(file), fileName: file == "-" ? "standard input" : file, machine: Machine.id
        ) { name in try name.map { try zones.zone($0) } ?? zones.machine() }
        try self.init(content.jobs, handlers: content.handlers)
    }

    func apply(to store: Store, prune: Bool = false, replacePending: Bool = false) throws -> [JobChange] {
        let all = try zoneFiles.table(zones, andThoseOf: store)
        return try store.apply(
            list, handlers: handlers, prune: prune, replacePending: replacePending, zones: all, now: try currentTime())
    }

    /// What applying them would do; where there is no store, all of them are new.
    func plan(for store: StoreOptions, prune: Bool, replacePending: Bool = false) throws -> [JobChange] {
        do {
            return try store.open(.read).plan(
                list, handlers: handlers, prune: prune, replacePending: replacePending)
        } catch let failure as Failure where failure.status == .noStore {
            return handlers.map { JobChange(from: nil, to: $0) }
                + list.map { JobChange(name: $0.name, from: nil, to: $0) }
        }
    }
}

extension JobChange {
    /// The name, with what it is the name of unless that is a job.
    var title: String {
        switch subject {
        case .job: name
        case .handler: "handler \(name)"
        }
    }
}

/// What applying definitions did, or would do, one job a line.
struct JobChanges {
    let list: [JobChange]

    func write(asJSON isJSON: Bool) throws {
        if isJSON { return try list.forEach(JSON.write) }
        for change in list {
            let word = change.change.rawValue
            let waiting = change.cancelled == 0 ? "" : ", \(change.cancelled) waiting cancelled"
            Terminal.writeLine(word + String(repeating: " ", count: max(1, 11 - word.count)) + change.title + waiting)
        }
    }
}

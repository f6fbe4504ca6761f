import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Dispatches: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List dispatches, newest first.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Option(help: "Only of this job.")
    var job: String?

    @Option(help: "Only in this state.", transform: Parse.state)
    var state: DispatchState?

    @Option(help: "Only of this queue.")
    var queue: String?

    @Option(help: "At most so many.")
    var limit = 50

    @Option(help: ArgumentHelp("Only older than this one.", valueName: "id"), transform: Parse.dispatch)
    var before: DispatchID?

    func validate() throws {
        guard (1...100_000).contains(limit) else {
            throw ValidationError("--limit is \(limit); 1 to 100000 are possible")
        }
    }

    func run() throws {
        let filter = DispatchFilter(
            job: try job.map { try JobName($0) }, state: state, queue: try queue.map { try QueueName($0) },
            before: before, limit: limit)
        let now = try currentTime()
        let dispatches = try store.open(.read).dispatches(filter, now: now)
        if output.json { return try dispatches.forEach(JSON.write) }
        DispatchTable(dispatches, now: now).write()
    }
}

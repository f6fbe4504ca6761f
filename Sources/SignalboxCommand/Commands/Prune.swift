import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take away the dispatches that are no longer to be kept.",
        discussion: """
            Schedulers and workers do this by themselves; this is for a store on which neither runs, and for those who \
            do not want to wait. What is kept is said by `signalbox settings` and by each job's keep. What is pinned \
            stays, and so do the newest of a job that succeeded, failed, was cancelled and was skipped.
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Option(help: ArgumentHelp("Only the dispatches of this job, also of one that was removed.", valueName: "name"))
    var job: String?

    @Flag(help: "Only say how many would go.")
    var dryRun = false

    func run() throws {
        let jobName = try job.map { try JobName($0) }
        let store = try store.open(dryRun ? .read : .write)
        // One that was removed is known by what it has left.
        if let jobName, try store.job(jobName) == nil,
            try store.dispatches(DispatchFilter(job: jobName, limit: 1)).isEmpty
        {
            throw StoreError.noJob(jobName)
        }
        let walk = try dryRun ? store.pruneCount(job: jobName, now: currentTime()) : prune(store, jobName)
        if output.json { return try JSON.write(PruneReport(walk: walk, isDryRun: dryRun)) }
        let states = DispatchState.allCases.compactMap { state in
            walk.pruned[state].map { "\($0) \(state.name)" }
        }
        let verb = dryRun ? "would prune" : "pruned"
        Terminal.writeLine(
            states.isEmpty ? "nothing to prune" : "\(verb) \(walk.total): \(states.joined(separator: ", "))")
    }

    private func prune(_ store: Store, _ job: JobName?) throws -> PruneWalk {
        var (walk, pace) = (PruneWalk(job: job), PrunePace { SystemClocks.bootTime() })
        while !walk.isDone { walk = try store.prune(walk, at: &pace, now: currentTime()) }
        return walk
    }
}

private struct PruneReport: Encodable {
    let walk: PruneWalk
    let isDryRun: Bool

    private enum CodingKeys: String, CodingKey { case dry_run, pruned }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(isDryRun, forKey: .dry_run)
        let ended = DispatchState.allCases.filter(\.isTerminal)
        try fields.encode(
            Dictionary(uniqueKeysWithValues: ended.map { ($0.name, walk.pruned[$0] ?? 0) }), forKey: .pruned)
    }
}

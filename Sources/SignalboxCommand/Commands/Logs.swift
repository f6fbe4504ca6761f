import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the output of a dispatch, or of a job's newest one, as it was.",
        discussion: "With --follow it ends with 74 when the store is moved, deleted or replaced.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The number of a dispatch, or the name of a job.")
    var target: String

    @Flag(help: "Go on with what comes, until the dispatch has ended.")
    var follow = false

    @Option(help: ArgumentHelp("Of this attempt, 1 for the first (default: the newest).", valueName: "number"))
    var attempt: Int?

    func validate() throws {
        if follow, attempt != nil {
            throw ValidationError("--follow goes on with the newest attempt, without --attempt")
        }
    }

    func run() throws {
        let store = try store.open(.read)
        let id = try dispatch(in: store)
        guard let detail = try store.dispatch(id, attempt: attempt) else { throw StoreError.noDispatch(id) }
        let started = try started(detail)
        let printer = OutputPrinter(style: output.json ? .json(started: started) : .raw)
        if follow {
            _ = try Following(store: store, id: id, printer: printer) { try self.store.open(.read) }.run()
        } else {
            var place = OutputPlace()
            printer.print(detail.output, from: &place)
        }
    }

    /// When the attempt began whose output is shown.
    private func started(_ detail: DispatchDetail) throws -> Instant {
        let dispatch = detail.view.dispatch
        guard let attempt, !isRunning(attempt, dispatch) else { return dispatch.started?.wall ?? dispatch.enqueuedAt }
        guard let ended = detail.attempts.first(where: { $0.number == attempt }) else {
            throw Failure(
                .notFound,
                "dispatch \(dispatch.id) has no attempt \(attempt); `signalbox dispatch \(dispatch.id)` "
                    + "lists those there are")
        }
        return ended.started.wall
    }

    private func isRunning(_ attempt: Int, _ dispatch: Dispatch) -> Bool {
        dispatch.state == .inProgress && dispatch.startNumber == attempt
    }

    private func dispatch(in store: Store) throws -> DispatchID {
        if let id = DispatchID(text: target) { return id }
        let name = try JobName(target)
        guard let job = try store.job(name) else { throw StoreError.noJob(name) }
        guard let newest = job.dispatches.first(where: { $0.dispatch.started != nil }) else {
            throw Failure(.notFound, "the job \(name) has not begun a run among its newest dispatches")
        }
        return newest.id
    }
}

import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the output of a dispatch, or of a job's newest one, as it was.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The number of a dispatch, or the name of a job.")
    var target: String

    @Flag(help: "Go on with what comes, until the dispatch has ended.")
    var follow = false

    func run() throws {
        let store = try store.open(.read)
        let id = try dispatch(in: store)
        guard let detail = try store.dispatch(id) else { throw StoreError.noDispatch(id) }
        let printer = OutputPrinter(style: output.json ? .json(started: started(detail)) : .raw)
        if follow {
            _ = try Following(store: store, id: id, printer: printer) { try self.store.open(.read) }.run()
        } else {
            var place = OutputPlace()
            printer.print(detail.output, from: &place)
        }
    }

    private func started(_ detail: DispatchDetail) -> Instant {
        detail.view.dispatch.started?.wall ?? detail.view.dispatch.enqueuedAt
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

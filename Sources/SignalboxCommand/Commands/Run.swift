import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a job now, outside its schedule, and print the number of the dispatch.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The name of the job.")
    var name: String

    @Flag(help: "Wait for the end; exit 1 unless it is SUCCESS.")
    var wait = false

    @Flag(help: "Wait for the end, and print the output as it comes.")
    var follow = false

    @Flag(help: "If the job is busy, run after what is active.")
    var queue = false

    @Flag(help: "If the job is busy, run beside it.")
    var force = false

    @Option(help: ArgumentHelp("What the command reads on standard input: a file, or - for ours.", valueName: "-|file"))
    var payload: String?

    func validate() throws {
        if queue, force { throw ValidationError("--queue and --force exclude each other: after it, or beside it?") }
    }

    func run() throws {
        let input = try payload.map { try Terminal.read($0, limit: Request.inputLimit) }
        let store = try store.open(.write)
        let mode: RunMode = force ? .force : queue ? .queue : .policy
        let id = try store.run(try JobName(name), mode: mode, input: input, now: try currentTime())
        guard wait || follow else { return try show(id, store) }
        if !output.json { Terminal.writeLine("\(id)") }
        try warnWithoutWorker(id, store)
        let detail = try Following(store: store, id: id, printer: follow ? OutputPrinter(style: .raw) : nil).run()
        if output.json { try JSON.write(detail) } else { report(detail, try currentTime()) }
        guard detail.view.state == .success else { throw Failure(.negative) }
    }

    /// Who waits for what nobody will do should know.
    private func warnWithoutWorker(_ id: DispatchID, _ store: Store) throws {
        let now = try currentTime()
        guard let detail = try store.explainedDispatch(id, now: now), let wait = detail.wait else { return }
        switch wait {
        case .worker, .handler, .pausedQueue:
            let sentence = WaitWords(now: now, zone: nil).sentence(wait, detail.view.dispatch)
            Terminal.writeError("signalbox: it \(sentence)\n")
        case .time, .dispatch, .slot, .place, .start, .queueRate, .nothing: break
        }
    }

    private func show(_ id: DispatchID, _ store: Store) throws {
        guard output.json else { return Terminal.writeLine("\(id)") }
        if let detail = try store.dispatch(id, now: currentTime()) { try JSON.write(detail) }
    }

    private func report(_ detail: DispatchDetail, _ now: Now) {
        let view = detail.view
        let parts = [
            Words.state(view.dispatch), Words.ending(view.dispatch), view.duration(now: now).map(Words.length) ?? "",
        ]
        let cause = detail.attempts.last?.outcome?.cause.map { "; \($0)" } ?? ""
        let line = "dispatch \(view.id): \(parts.filter { !$0.isEmpty }.joined(separator: ", "))\(cause)"
        Terminal.writeError(printable(line) + "\n")
    }
}

extension Outcome {
    /// What went wrong, where that is known in words.
    fileprivate var cause: String? {
        switch self {
        case .exited, .signalled, .returned: nil
        case .notStarted(let error), .handlerDied(let error): error
        case .threw(let error): error.text
        }
    }
}

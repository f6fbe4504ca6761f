import SignalboxCore
import SignalboxStore

/// Dispatches for people, one a line.
struct DispatchTable {
    private var table = Table(["ID", "JOB", "STATE", "ATTEMPT", "QUEUE", "STARTED", "TOOK", "END", "COMMAND"])

    init(_ dispatches: [DispatchView], now: Now) {
        for view in dispatches {
            let dispatch = view.dispatch
            table.add([
                "\(dispatch.id)", dispatch.job?.text ?? "–", Words.state(dispatch),
                "\(dispatch.attempt)/\(dispatch.maxAttempts)", dispatch.queue.text,
                Words.relative(dispatch.started?.wall, to: now), view.duration(now: now).map(Words.length) ?? "–",
                Words.ending(dispatch), String(view.command.prefix(60)),
            ])
        }
    }

    func write() { table.write() }
}

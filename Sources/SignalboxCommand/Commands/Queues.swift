import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Queues: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the queues: what waits and runs in each, who serves it, and what is set for it.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    func run() throws {
        let now = try currentTime()
        let queues = try store.open(.read).queues(now: now)
        if output.json { return try queues.forEach(JSON.write) }
        var table = Table([
            "QUEUE", "WORKERS", "SCHEDULED", "BLOCKED", "PENDING", "OLDEST", "IN_PROGRESS", "RATE", "PAUSED",
        ])
        for queue in queues {
            let states: [DispatchState] = [.scheduled, .blocked, .pending]
            table.add(
                [queue.name.text, "\(queue.workers)"] + states.map { "\(queue.count($0))" } + [
                    Words.relative(queue.oldestWaiting, to: now), "\(queue.count(.inProgress))",
                    Words.rate(queue, now), queue.pause.map { Words.pause($0, now) } ?? "no",
                ])
        }
        table.write()
    }
}

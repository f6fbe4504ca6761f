import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "Show one queue, or set how often something of it may be started.",
        discussion: """
            With --rate 10/1m never more than 10 dispatches of the queue are started in any minute, by however many \
            workers; the others wait, PENDING. `signalbox pause --queue NAME` stops it altogether.
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The name of the queue.")
    var name: String

    @Option(
        help: ArgumentHelp("At most so many starts in any such time, as in 10/1m; none ends that.", valueName: "rate"),
        transform: Parse.rateOrNone)
    var rate: RateSetting?

    func run() throws {
        let queue = try QueueName(name)
        let now = try currentTime()
        let store = try store.open(rate == nil ? .read : .write)
        if let rate { try store.setRate(rate.rate, of: queue, now: now) }
        let view = try store.queues(now: now).first { $0.name == queue } ?? QueueView(name: queue)
        if output.json { return try JSON.write(view) }
        let states = DispatchState.allCases.filter { view.count($0) > 0 }.map { "\(view.count($0)) \($0.name)" }
        Fields([
            ("name", queue.text), ("dispatches", states.isEmpty ? "none" : states.joined(separator: ", ")),
            ("oldest", Words.relative(view.oldestWaiting, to: now)), ("workers", "\(view.workers)"),
            ("rate", Words.rate(view, now)), ("paused", view.pause.map { Words.pause($0, now) } ?? "no"),
        ]).write()
    }
}

/// What `--rate` sets: a rate, or none.
struct RateSetting {
    let rate: Rate?
}

import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop dispatching a job, or claiming what is in a queue.",
        usage: "signalbox pause (NAME | --queue QUEUE) [--reason TEXT] [--store PATH]",
        discussion: """
            Times of a paused job that pass meanwhile are recorded as skipped. What is in a paused queue, or comes into \
            it, waits there; what runs goes on. Who paused it, when and what for is kept, until `signalbox resume`.
            """)

    @OptionGroup var store: StoreOptions

    @OptionGroup var subject: PauseSubject

    @Option(help: ArgumentHelp("What for, in your own words.", valueName: "text"))
    var reason: String?

    func run() throws {
        let reason = reason.flatMap { $0.isEmpty ? nil : $0 }
        let by = "\(Account.current().name)@\(hostName())"
        let now = try currentTime()
        let earlier: String?
        if let queue = subject.queue {
            let pause = try store.open(.create).pause(queue: try QueueName(queue), by: by, reason: reason, now: now)
            earlier = pause.map { Words.pause($0, now) }
        } else {
            let pause = try store.open(.write).pause(try subject.job(), by: by, reason: reason, now: now)
            earlier = pause.map { Words.pause($0, now) }
        }
        let what = subject.words
        Terminal.writeLine(earlier.map { "\(what) was paused already: \($0)" } ?? "paused \(what)")
    }
}

/// What is paused and resumed: a job, or a queue.
struct PauseSubject: ParsableArguments {
    @Argument(help: "The name of the job.")
    var name: String?

    @Option(help: "The queue, instead of a job.")
    var queue: String?

    func validate() throws {
        guard (name == nil) != (queue == nil) else {
            throw ValidationError("name either a job, as in `pause backup`, or a queue, as in `pause --queue mail`")
        }
    }

    func job() throws -> JobName { try JobName(name ?? "") }

    /// As answers name it.
    var words: String { queue.map { "the queue \($0)" } ?? name ?? "" }
}

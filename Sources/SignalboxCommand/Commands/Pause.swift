import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Pause: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop dispatching a job; times that pass meanwhile are recorded as skipped.",
        discussion: "Who paused it, when and what for is kept with the job, until `signalbox resume`.")

    @OptionGroup var store: StoreOptions

    @Argument(help: "The name of the job.")
    var name: String

    @Option(help: ArgumentHelp("What for, in your own words.", valueName: "text"))
    var reason: String?

    func run() throws {
        let reason = reason.flatMap { $0.isEmpty ? nil : $0 }
        let by = "\(Account.current().name)@\(hostName())"
        let now = try currentTime()
        let earlier = try store.open(.write).pause(try JobName(name), by: by, reason: reason, now: now)
        Terminal.writeLine(earlier.map { "\(name) was paused already: \(Words.pause($0, now))" } ?? "paused \(name)")
    }
}

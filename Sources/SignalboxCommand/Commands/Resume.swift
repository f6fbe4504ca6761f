import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Dispatch a paused job again, or claim again what is in a paused queue, from now on.",
        usage: "signalbox resume (NAME [--catchup] | --queue QUEUE) [--store PATH]",
        discussion: """
            With --catchup the job's catch-up policy decides which of the times that passed during the pause are run \
            after all; without it, none.
            """)

    @OptionGroup var store: StoreOptions

    @OptionGroup var subject: PauseSubject

    @Flag(help: "Make up for what was missed, as the job's catch-up policy says.")
    var catchup = false

    func validate() throws {
        if catchup, subject.queue != nil { throw ValidationError("--catchup goes with a job, not with a queue") }
    }

    func run() throws {
        let store = try store.open(.write)
        if let queue = subject.queue {
            let pause = try store.resume(queue: try QueueName(queue), now: try currentTime())
            return Terminal.writeLine(pause == nil ? "\(subject.words) was not paused" : "resumed \(subject.words)")
        }
        let (name, jobName) = (subject.words, try subject.job())
        let zones = try catchup ? zones(of: jobName, in: store) : nil
        guard let resumption = try store.resume(jobName, catchingUpIn: zones, now: try currentTime()) else {
            return Terminal.writeLine("\(name) was not paused")
        }
        let runs = resumption.dispatched == 1 ? "1 run" : "\(resumption.dispatched) runs"
        Terminal.writeLine("resumed \(name)" + (catchup ? ", \(runs) made up for" : ""))
    }

    private func zones(of name: JobName, in store: Store) throws -> ZoneTable {
        guard let job = try store.job(name, recent: 0)?.view.job else { throw StoreError.noJob(name) }
        return try ZoneFiles().table([job.definition.zone].compactMap { $0 })
    }
}

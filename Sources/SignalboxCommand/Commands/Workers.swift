import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Workers: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the workers.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    func run() throws {
        let workers = try store.open(.read).workers()
        if output.json { return try workers.forEach(JSON.write) }
        let now = try currentTime()
        var table = Table([
            "ID", "NAME", "PID", "STATE", "QUEUES", "HANDLERS", "RUNNING", "PROCESSED", "FAILED", "STARTED",
            "HEARTBEAT",
        ])
        for worker in workers {
            let registration = worker.registration
            table.add([
                "\(registration.id)", registration.name, "\(registration.process.pid)", registration.state.word,
                registration.queues.map(\.text).joined(separator: ","),
                registration.kinds.handlers.map(\.text).joined(separator: ","),
                "\(worker.running)/\(registration.slots)",
                "\(worker.heartbeat?.processed ?? 0)", "\(worker.heartbeat?.failed ?? 0)",
                Words.relative(registration.startedAt, to: now), Words.relative(worker.heartbeat?.at.wall, to: now),
            ])
        }
        table.write()
    }
}

import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show how everything stands, in a few numbers.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    func run() throws {
        let status = try store.open(.read).status(now: currentTime())
        if output.json { return try JSON.write(status) }
        Fields([
            ("jobs", "\(status.jobs)"), ("workers", "\(status.workers)"),
            ("last 24 h", status.last24Hours.map(Words.runs) ?? "–"),
            (
                "store",
                "\(status.storeID), format \(status.formatVersion), sequence \(status.sequence), "
                    + "\(Int(status.filling.usedPercent)) % full"
            ),
        ]).write()
        if let remaining = status.clockHold?.remaining(at: try currentTime()) {
            let time = Words.length(remaining)
            Terminal.writeLine("The clock is not trusted yet: calendar jobs wait, for at most \(time) more.")
        }
        for wait in status.unserved {
            Terminal.writeLine("Dispatches wait in the queue \(wait.queue): no worker for \(wait.handler).")
        }
        if let concern = status.filling.concern { Terminal.writeLine("The store \(concern).") }
        for queue in status.queues {
            guard let pause = queue.pause else { continue }
            Terminal.writeLine("The queue \(queue.name) is paused \(Words.pause(pause, try currentTime())).")
        }
        Terminal.writeLine("")
        var table = Table(["QUEUE"] + DispatchState.allCases.map(\.name))
        for queue in status.queues {
            table.add([queue.name.text] + DispatchState.allCases.map { "\(queue.count($0))" })
        }
        table.add(["all"] + DispatchState.allCases.map { "\(status.count($0))" })
        table.write()
    }
}

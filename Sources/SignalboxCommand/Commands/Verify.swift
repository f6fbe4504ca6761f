import ArgumentParser
import Signalbox
import SignalboxStore

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read every record and compare every index and counter with them; exit 1 when something is wrong.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    func run() throws {
        let report = try store.open(.read).verify()
        if output.json {
            try JSON.write(report)
        } else {
            for fault in report.faults { Terminal.writeLine(fault) }
            Terminal.writeLine("\(report.records) records: \(report.ok ? "no fault" : "\(report.faults.count) faults")")
        }
        guard report.ok else { throw Failure(.negative) }
    }
}

import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what `apply` would change, field by field; nothing is changed.",
        discussion: "Exits as diff(1) does: 0 when the jobs of the store are what the file says, 1 when they differ.")

    @OptionGroup var store: StoreOptions

    @Argument(help: "The file, or - for standard input.")
    var file: String

    @Flag(help: "Also jobs that the file does not name, which `apply --prune` would remove.")
    var prune = false

    @OptionGroup var output: JSONOption

    func run() throws {
        let changes = try JobDefinitions(file: file).plan(for: store, prune: prune).filter { $0.change != .unchanged }
        if output.json { try changes.forEach(JSON.write) } else { changes.forEach(write) }
        guard changes.isEmpty else { throw Failure(.negative) }
    }

    private func write(_ change: JobChange) {
        Terminal.writeLine("\(change.change.rawValue) \(change.title)")
        for field in change.fields {
            let secret = field.from == field.to ? " (what is not shown differs)" : ""
            Terminal.writeLine("  \(field.field): \(shown(field.from)) → \(shown(field.to))\(secret)")
        }
    }

    private func shown(_ value: String?) -> String { value.map { "\"\($0)\"" } ?? "none" }
}

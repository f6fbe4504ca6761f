import ArgumentParser
import LMDBEngine
import Signalbox
import SignalboxCore

struct Compact: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the store's file smaller, while nobody else has it open.",
        discussion: """
            What is free in the file is used again, so that this is seldom worth while: after much was deleted that will not \
            come again. `signalbox stat` shows how much is free. The processes that have the store open are named, and have \
            to be ended first; who opens it meanwhile waits. Whatever happens, the old file is there or the new one, whole. \
            The disk needs room for both.
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    func run() throws {
        try settle()
        var bar = ProgressBar(size: nil, patience: .seconds(1))
        defer { bar.clear() }
        let compaction = try Store.compact(at: store.path) { bar.show(bytes: $0.done, of: $0.total) }
        bar.clear()
        if output.json {
            try JSON.write(CompactionView(before: compaction.before, after: compaction.after))
        } else {
            Terminal.writeLine("\(Words.size(compaction.before)) before, \(Words.size(compaction.after)) after")
        }
    }

    /// Opens and closes it: that it is one of this version is seen so, and what killed workers left is settled.
    private func settle() throws { _ = try store.open(.write) }
}

private struct CompactionView: Encodable {
    let before: Int
    let after: Int

    private enum CodingKeys: String, CodingKey {
        case before = "bytes_before"
        case after = "bytes_after"
    }
}

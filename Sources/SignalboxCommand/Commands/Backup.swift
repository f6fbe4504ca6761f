import ArgumentParser
import LMDBEngine
import Signalbox
import SignalboxCore

struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the store into a folder, as it is at one moment, while everything works on.",
        discussion: """
            The copy is a store: --store DIR opens it. It has no free pages, is on the disk when the command ends, and gets \
            its name only then; nothing of that name may be there before, but an empty folder. What was running is lost to the \
            copy, and runs again there when it is first opened for writing. For a copy that other versions and other \
            programs can read there is `signalbox dump`.
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Argument(help: ArgumentHelp("The folder to make.", valueName: "dir"))
    var folder: String

    func run() throws {
        var bar = ProgressBar(size: nil, patience: .seconds(1))
        defer { bar.clear() }
        try store.requireSoundPages()
        let backup = try Failure.namingFolder(folder) {
            try store.open(.read).backUp(to: folder) { bar.show(bytes: $0.done, of: $0.total) }
        }
        bar.clear()
        if output.json {
            try JSON.write(BackupView(bytes: backup.bytes, seq: backup.sequence))
        } else {
            Terminal.writeLine("\(folder): \(Words.size(backup.bytes)), everything up to seq \(backup.sequence)")
        }
    }
}

private struct BackupView: Encodable {
    let bytes: Int
    let seq: UInt64
}

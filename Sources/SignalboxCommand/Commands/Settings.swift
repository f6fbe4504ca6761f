import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Settings: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what holds for the whole store, or change it.",
        discussion: """
            With durability full, the standard, what was acknowledged survives a power cut. With relaxed a commit waits \
            for the disk once and not twice, and a power cut may take the newest transaction with all that it \
            acknowledged; the store is whole in any case. Running processes follow a change with their next transaction.

            What is kept of the dispatches that have ended is said by --keep for each job that says nothing else, and by \
            --keep-enqueued for each queue, of what was enqueued by itself. Whichever limit is met first, the oldest go: \
            --keep 'success: 100 or 7d, failed: 200 or 30d, skipped: 50' is the standard. What is not named stays as it \
            is; a limit can be forever, and so can all of them. The newest of each job always stay, and what is pinned.
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Option(
        help: ArgumentHelp("What a power cut may take: full or relaxed.", valueName: "level"),
        transform: Parse.durability)
    var durability: Durability?

    @Option(
        help: ArgumentHelp("What is kept of each job that does not say so itself.", valueName: "limits"),
        transform: Parse.keep)
    var keep: KeepPolicy?

    @Option(
        help: ArgumentHelp("What is kept in each queue of that which was enqueued by itself.", valueName: "limits"),
        transform: Parse.keep)
    var keepEnqueued: KeepPolicy?

    func run() throws {
        let isChange = durability != nil || keep != nil || keepEnqueued != nil
        let store = try store.open(isChange ? .write : .read)
        if let durability { try store.setDurability(durability, now: currentTime()) }
        if keep != nil || keepEnqueued != nil {
            try store.setRetention(keep ?? .unset, enqueued: keepEnqueued ?? .unset, now: currentTime())
        }
        let settings = try store.settings()
        if output.json { return try JSON.write(settings) }
        Fields([
            ("durability", settings.durability.word), ("keeps of a job", settings.keep.text),
            ("of what is enqueued", settings.keepEnqueued.text),
        ]).write()
    }
}

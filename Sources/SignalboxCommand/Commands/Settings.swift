import ArgumentParser
import Signalbox
import SignalboxStore

struct Settings: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what holds for the whole store, or change it.",
        discussion: """
            With durability full, the standard, what was acknowledged survives a power cut. With relaxed a commit waits \
            for the disk once and not twice, and a power cut may take the newest transaction with all that it \
            acknowledged; the store is whole in any case. Running processes follow a change with their next transaction.
            """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: JSONOption

    @Option(
        help: ArgumentHelp("What a power cut may take: full or relaxed.", valueName: "level"),
        transform: Parse.durability)
    var durability: Durability?

    func run() throws {
        let store = try store.open(durability == nil ? .read : .write)
        if let durability { try store.setDurability(durability, now: currentTime()) }
        let settings = try store.settings()
        if output.json { return try JSON.write(settings) }
        Fields([("durability", settings.durability.word)]).write()
    }
}

import ArgumentParser
import Glibc
import LMDBEngine
import Signalbox
import SignalboxCore
import SignalboxStatus
import SignalboxStore

struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print every change of a dispatch as it is committed: one JSON object a line.",
        discussion: """
            The first line says where the feed begins. To go on after the last line you have, give its seq to --since: \
            nothing is missing then and nothing comes twice, or a line with "reset" says that the store no longer keeps \
            what you missed. With --url the lines come from a status server, and the connection is renewed when it is \
            lost. It ends with Ctrl-C, when nobody reads what it prints, and with 74 when the store is moved, deleted or \
            replaced.
            """)

    @OptionGroup var store: StoreOptions

    @Option(help: ArgumentHelp("Begin behind this number; 0: with the oldest that is kept.", valueName: "seq"))
    var since: UInt64?

    @Option(
        help: ArgumentHelp("A status server's feed, as in ws://127.0.0.1:8420/live.", valueName: "ws://host:port/live"),
        transform: Parse.feed)
    var url: FeedAddress?

    @Option(help: "Only changes of this job.")
    var job: String?

    @Option(help: "Only changes of this queue.")
    var queue: String?

    @Option(help: "Only changes into this state, and out of it.", transform: Parse.state)
    var state: DispatchState?

    func validate() throws {
        guard url == nil || store.store == nil else {
            throw ValidationError("--store and --url are two places to watch: choose one")
        }
    }

    func run() throws {
        // A reader that has gone is an error of the write, which ends the command quietly.
        signal(SIGPIPE, SIG_IGN)
        let filter = FeedFilter(
            job: try job.map { try JobName($0) }, queue: try queue.map { try QueueName($0) }, state: state)
        if let url {
            try FeedLines.follow(url.filtered(by: filter), since: since)
        } else {
            try FeedLines.follow(store.open(.read), filter, since: since)
        }
    }
}

import ArgumentParser
import Signalbox
import SignalboxCore
import SignalboxStore

struct Requeue: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a new dispatch of what an ended one ran, and print its number.",
        discussion: """
            It has all its attempts before it. Where others come after the ended one, it stands in for that: with \
            --on-parent-fail wait they begin when it has succeeded. It is refused (exit 3) while another dispatch holds \
            the unique key.
            """)

    @OptionGroup var store: StoreOptions

    @Argument(help: "The number of the dispatch that has ended.", transform: Parse.dispatch)
    var id: DispatchID

    func run() throws {
        Terminal.writeLine("\(try store.open(.write).requeue(id, now: try currentTime()))")
    }
}

import FoundationEssentials
import Glibc
import LMDBEngine
import Signalbox
import SignalboxRuntime
import SignalboxStatus
import SignalboxStore
import Synchronization

/// The live feed, as lines on standard output.
enum FeedLines {
    private enum Token: Hashable { case bell, place }

    /// Reads the store itself, and sleeps on its bell.
    /// - Throws: `StoreGone` when the store is no longer where it was.
    static func follow(_ store: Store, _ filter: FeedFilter, since: UInt64?) throws -> Never {
        let loop = try EventLoop<Token>()
        let lies = store.place()
        let placeWatch = try lies.watch()
        try loop.add(placeWatch, token: .place)
        let bell = try BellThread(store.engine, .anyChange, name: "bell")
        try loop.add(bell.wakeUp, token: .bell)
        let newest = try store.sequence()
        if let since, since > newest {
            throw Failure(.badInput, "--since is \(since), but the newest seq of this store is \(newest)")
        }
        if since == nil { write([FeedText.place(newest)]) }
        var place = since ?? newest
        while true {
            for event in try loop.wait() {
                switch event.token {
                case .bell: bell.wakeUp.lower()
                case .place: try placeWatch.acknowledge()
                }
            }
            place = try show(store, behind: place, filter)
            try lies.require()
        }
    }

    private static func show(_ store: Store, behind place: UInt64, _ filter: FeedFilter) throws -> UInt64 {
        var place = place
        while true {
            let part = try store.feed(since: place, limit: 500, changes: 2000)
            if let reset = FeedText.reset(before: part) {
                sayGap()
                write([reset])
            }
            write(part.frames.compactMap { filter.applied(to: $0) }.flatMap { FeedText.texts(of: $0) })
            place = part.next
            guard part.hasMore else { return place }
        }
    }

    /// Reads it from a status server.
    static func follow(_ address: FeedAddress, since: UInt64?) throws {
        let hasBegun = Atomic(since != nil)
        let client = FeedClient(address) { text in
            let frame = try FrameHead(text)
            if frame.reset == true { sayGap() }
            // The first place says where the feed begins; the others only that it is still there.
            let isNews = frame.changes?.isEmpty != true
            if isNews || !hasBegun.exchange(true, ordering: .relaxed) { Terminal.writeLine(text) }
            return frame.more == true ? nil : frame.seq
        } say: { sentence in
            Terminal.writeError("signalbox: \(sentence)\n")
        }
        try client.run(since: since)
    }

    private static func sayGap() {
        Terminal.writeError(
            "signalbox: the store no longer keeps all that happened since; what it keeps follows the line with reset\n")
    }

    private static func write(_ lines: [[UInt8]]) {
        guard !lines.isEmpty else { return }
        Terminal.write(lines.flatMap { $0 + [UInt8(ascii: "\n")] }, to: STDOUT_FILENO)
    }
}

/// What has to be known of a frame to go on behind it.
private struct FrameHead: Decodable {
    struct Change: Decodable {}

    var seq: UInt64?
    var more: Bool?
    var reset: Bool?
    var changes: [Change]?

    init(_ text: String) throws {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
        } catch {
            throw Failure(.badInput, "the server sent what is no frame of a live feed: is it one of Signalbox?")
        }
    }
}

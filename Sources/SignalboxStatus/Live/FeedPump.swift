import Glibc
import NIOCore
import OrderedStore
import SignalboxStore
import Synchronization

/// Sleeps on a bell of the store, on a thread that may block, and looks when it rings.
///
/// The bell is armed before each look, so nothing that is committed can fall between looking and sleeping.
final class FeedPump: Sendable {
    private struct State {
        var watch: (any ChangeWatch)?
        var isStopped = false
    }

    private let state = Mutex(State())

    /// Returns when it was stopped, or at once when `watch` gives none.
    /// - Throws: ``FeedError`` when nothing will ever ring there any more.
    func run(watch: () throws -> (any ChangeWatch)?, look: () throws -> Void) throws {
        guard let watch = try watch() else { return }
        let isStopped = state.withLock { state in
            state.watch = watch
            return state.isStopped
        }
        guard !isStopped else { return }
        repeat {
            watch.arm()
            try look()
        } while watch.wait(timeout: nil) != .cancelled
        guard state.withLock(\.isStopped) else { throw FeedError.replaced }
    }

    /// Makes ``run(watch:look:)`` return soon. May be called more than once, from any thread.
    func stop() {
        let watch = state.withLock { state in
            state.isStopped = true
            return state.watch
        }
        watch?.cancel()
    }
}

/// What a pump has seen.
enum FeedNews: Sendable {
    /// Everything from here on will be told; what was told before does not reach up to it.
    case began(UInt64)
    /// What follows up to `through`.
    case frames([FeedRing.Entry], through: UInt64)
    case live(LiveChanges)
}

extension FeedPump {
    /// Tells of every transaction from now on. `tell` returns when it was heard, so that no more than one page waits.
    func followStore(_ source: any FeedSource, _ limits: FeedLimits, tell: (FeedNews) throws -> Void) throws {
        var position: UInt64?
        try run(watch: source.commits) {
            guard let known = position else {
                let newest = try source.sequence()
                position = newest
                return try tell(.began(newest))
            }
            position = try Self.catchUp(source, from: known, limits, tell)
        }
    }

    private static func catchUp(
        _ source: any FeedSource, from position: UInt64, _ limits: FeedLimits, _ tell: (FeedNews) throws -> Void
    ) throws -> UInt64 {
        var position = position
        while true {
            let part = try source.feed(since: position, limit: limits.pageFrames, changes: limits.pageChanges)
            guard part.newest >= position else { throw FeedError.wentBack(from: position, to: part.newest) }
            if part.hasGap { try tell(.began(part.frames.first.map { $0.sequence - 1 } ?? part.next)) }
            if part.next > position { try tell(.frames(part.frames.map(FeedRing.Entry.init), through: part.next)) }
            position = part.next
            guard part.hasMore else { return position }
        }
    }

    /// Tells what moves of what runs. Returns at once when nothing has run since the machine started.
    func followLive(_ source: any FeedSource, _ limits: FeedLimits, tell: (FeedNews) throws -> Void) throws {
        // Who listens may have looked just before this began: what is there at first is news too.
        var seen = LiveMarks()
        try run(watch: source.liveCommits) {
            let marks = try source.liveMarks()
            let changes = marks.changes(since: seen)
            seen = marks
            guard !changes.isEmpty else { return }
            try tell(.live(changes))
            rest(limits.liveRest)
        }
    }
}

/// The store was replaced by another, and nothing that was told can be gone on from.
enum FeedError: Error, CustomStringConvertible {
    /// Its sequence is less than what was told.
    case wentBack(from: UInt64, to: UInt64)
    /// Another lies in its place, or none.
    case replaced

    var description: String {
        switch self {
        case .wentBack(let position, let newest):
            "the store's sequence fell from \(position) to \(newest): it was replaced"
        case .replaced: "the store was moved, deleted or replaced"
        }
    }
}

/// Blocks the thread.
private func rest(_ time: TimeAmount) { _ = poll(nil, 0, CInt(time.nanoseconds / 1_000_000)) }

import SignalboxCore
import Synchronization

/// Notices, on a thread of its own, that a store is no longer where it was opened.
public final class PlaceKeeper: Sendable {
    private let place: StorePlace
    private let doubtfulSleep: Duration
    private let wakeUp: WakeUp
    private let isStopping = Atomic(false)

    /// What the kernel does not tell of, such as another file system mounted over the folder, is found out so late.
    private static var longestSleep: Duration { .seconds(3600) }

    /// - Parameter doubtfulSleep: how long to wait when it could not be told whether the store is there.
    public init(_ place: StorePlace, doubtfulSleep: Duration = .seconds(10)) throws {
        self.place = place
        self.doubtfulSleep = doubtfulSleep
        wakeUp = try WakeUp()
    }

    private enum Token { case place, stop }

    /// Returns when it was stopped.
    /// - Throws: ``StoreGone`` when the store is no longer there.
    @available(*, noasync, message: "this blocks the thread; call it from a LoopThread")
    public func run() throws {
        let loop = try EventLoop<Token>()
        let watch = try place.watch()
        try loop.add(watch, token: .place)
        try loop.add(wakeUp, token: .stop)
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            // Looked at after the watch began, and once more after each event.
            let isKnown = try place.require()
            _ = try loop.wait(for: isKnown ? Self.longestSleep : doubtfulSleep)
            try watch.acknowledge()
        }
    }

    public func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeUp.raise()
    }
}

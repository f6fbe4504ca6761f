import SignalboxCore
import Synchronization

/// Notices that a store is no longer where it was opened. Whoever has it open would work on for ever with a file that
/// nobody finds any more, beside those who have the new one.
public final class PlaceKeeper: Sendable {
    private let folder: String
    private let isInPlace: @Sendable () throws -> Bool
    private let wakeUp: WakeUp
    private let isStopping = Atomic(false)

    /// What the kernel does not tell of, such as another file system mounted over the folder, is found out so late.
    private static var longestSleep: Duration { .seconds(3600) }

    /// - Parameters:
    ///   - folder: of the store.
    ///   - isInPlace: whether it still holds what was opened; throws when it holds nothing that could be opened.
    public init(folder: String, isInPlace: @escaping @Sendable () throws -> Bool) throws {
        self.folder = folder
        self.isInPlace = isInPlace
        wakeUp = try WakeUp()
    }

    private enum Token { case place, stop }

    /// Returns when it was stopped.
    /// - Throws: ``StoreGone`` when the store is no longer there.
    @available(*, noasync, message: "this blocks the thread; call it from a LoopThread")
    public func run() throws {
        let loop = try EventLoop<Token>()
        let watch = try PlaceWatch(folder: folder)
        try loop.add(watch, token: .place)
        try loop.add(wakeUp, token: .stop)
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            // Looked at after the watch began, and once more after each event.
            try requirePlace()
            _ = try loop.wait(for: Self.longestSleep)
            try watch.acknowledge()
        }
    }

    public func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeUp.raise()
    }

    private func requirePlace() throws {
        do {
            if try isInPlace() { return }
        } catch {
            throw StoreGone(folder: folder, reason: "\(error)")
        }
        throw StoreGone(folder: folder, reason: "another store is there now")
    }
}

/// A store was moved, deleted or replaced while this process had it open.
public struct StoreGone: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(folder: String, reason: String) {
        description =
            "\(folder): the store that this process had open is not there any more (\(reason)). Its commands were ended, "
            + "so that they do not run beside those of another; start it again when the store is in its place"
    }
}

/// Where a store lies that this process has open. Whoever has it open would go on for ever with a file that nobody finds
/// any more, beside those who have the new one.
public struct StorePlace: Sendable {
    let folder: String
    private let isRunningCommands: Bool
    private let isInPlace: @Sendable () throws -> Bool?

    /// - Parameters:
    ///   - folder: of the store.
    ///   - isRunningCommands: whether this process ends commands of its own when the store is gone.
    ///   - isInPlace: whether it still holds what was opened; nil where that cannot be told just now; throws when it holds
    ///     nothing that could be opened.
    public init(folder: String, isRunningCommands: Bool = false, isInPlace: @escaping @Sendable () throws -> Bool?) {
        self.folder = folder
        self.isRunningCommands = isRunningCommands
        self.isInPlace = isInPlace
    }

    /// Wants attention whenever ``require()`` may have another answer.
    public func watch() throws(SystemCallError) -> PlaceWatch { try PlaceWatch(folder: folder) }

    /// An error that may pass is no reason to end what runs.
    /// - Returns: whether it is known that the store is there; where it is not, look again later.
    /// - Throws: ``StoreGone`` when the store is no longer there.
    @discardableResult
    public func require() throws(StoreGone) -> Bool {
        let isThere: Bool?
        do { isThere = try isInPlace() } catch { throw gone("\(error)") }
        if isThere == false { throw gone("another store is there now") }
        return isThere == true
    }

    private func gone(_ reason: String) -> StoreGone {
        StoreGone(folder: folder, reason: reason, hasEndedCommands: isRunningCommands)
    }
}

/// A store was moved, deleted or replaced while this process had it open.
public struct StoreGone: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(folder: String, reason: String, hasEndedCommands: Bool) {
        let ended =
            hasEndedCommands ? " Its commands were ended, so that they do not run beside those of another;" : ""
        description =
            "\(folder): the store that this process had open is not there any more (\(reason))."
            + "\(ended.isEmpty ? " Start" : ended + " start") it again when the store is in its place"
    }
}

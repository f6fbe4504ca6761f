// Which of those that have ended go: the one rule, whoever applies it.

/// Those that ended in one way and count against one limit.
public struct KeptGroup: Hashable, Sendable {
    public var limit: KeepLimit
    /// How many there are.
    public var total: Int
    /// Whether the newest of them stays whatever the limit says: of a job that there is, so that it can always be told
    /// how it last ended.
    public var keepsNewest: Bool

    public init(limit: KeepLimit, total: Int, keepsNewest: Bool) {
        self.limit = limit
        self.total = total
        self.keepsNewest = keepsNewest
    }

    /// Whether one of them goes.
    /// - Parameters:
    ///   - place: how many ended before it; those go too where it does.
    ///   - isOlder: whether it ended longer ago than that; asked only where nothing else lets it go.
    public func letsGo(at place: Int, isOlder: (_ age: Duration) throws -> Bool) rethrows -> Bool {
        guard !keepsNewest || place < total - 1 else { return false }
        if let count = limit.count, total - place > count { return true }
        return try limit.age.map(isOlder) ?? false
    }

    /// How long until the oldest, which ended so long ago, is too old; nil: it never is.
    public func rest(ofOldest age: Duration) -> Duration? {
        guard !keepsNewest || total > 1 else { return nil }
        return limit.age.map { $0 - age }
    }
}

extension Retention {
    /// What is kept of a job that was removed: nobody asks any more how it last ended, and what would be kept for ever
    /// but for a count goes with the longest of the ages. Where none is said it goes with the standard's: who removes
    /// jobs does not want them to leave something behind for good.
    public var ofRemoved: Retention {
        let longest = [success.age, failed.age, skipped.age].compactMap { $0 }.max() ?? Self.standard.failed.age
        func aged(_ limit: KeepLimit) -> KeepLimit {
            limit == .forever ? limit : KeepLimit(count: limit.count, age: limit.age ?? longest)
        }
        return Retention(success: aged(success), failed: aged(failed), skipped: aged(skipped))
    }
}

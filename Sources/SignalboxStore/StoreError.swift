public import SignalboxCore

/// Why the job store did not do what it was asked. Nothing has changed when one is thrown.
public struct StoreError: Error, Hashable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// There is no job, dispatch or worker of that name or number.
        case notFound
        /// The store's rules say no for now: an overlap, a pause, a state that does not allow it.
        case refused
        /// What was asked for is wrong in itself.
        case invalid
        /// A record cannot be believed. The store is left as it is.
        case damaged
        /// The store has a layout of another version.
        case formatVersion
        /// What room the store has left is for finishing what is in it.
        case full
    }

    public let code: Code
    /// One sentence: the cause, the value, the limit and the way out.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    public static func noJob(_ name: JobName) -> StoreError {
        StoreError(.notFound, "there is no job \(quoted(name.text)); `signalbox jobs` lists those there are")
    }

    public static func noDispatch(_ id: DispatchID) -> StoreError {
        StoreError(
            .notFound,
            "there is no dispatch \(id), or no longer: it may have been pruned (`signalbox settings` shows what is kept); "
                + "`signalbox dispatches` lists the newest")
    }

    static func noWorker(_ id: WorkerID) -> StoreError {
        StoreError(.notFound, "there is no worker \(id); `signalbox workers` lists those there are")
    }

    /// A store that another version has made. Those before format 7 were never released, and had no `dump`.
    static func otherFormat(_ format: UInt32) -> StoreError {
        let present = StoreHeader.currentFormat
        let way =
            format > present
            ? "a newer signalbox made it: use that one, or one newer still"
            : "an older signalbox made it: go on with that one, or begin a new store"
        return StoreError(
            .formatVersion,
            "the store has format \(format), and this signalbox reads format \(present); \(way). Nothing was changed")
    }

    /// A record that cannot be read.
    static func damaged(_ bucket: String, _ what: some CustomStringConvertible, _ fault: some Error) -> StoreError {
        StoreError(
            .damaged,
            "the record \(what) in \(bucket) cannot be believed: \(fault); nothing was changed. "
                + "`signalbox verify` lists every fault")
    }
}

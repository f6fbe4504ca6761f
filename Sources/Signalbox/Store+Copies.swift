public import LMDBEngine
import OrderedStore
public import SignalboxStore

/// What a backup is.
public struct Backup: Hashable, Sendable {
    /// The length of its data file.
    public let bytes: Int
    /// The number of the last transaction in it.
    public let sequence: UInt64
}

extension JobStore<Environment> {
    /// Makes a store in the folder `path` of all that is in this one at one moment, while all processes work on.
    ///
    /// It is whole and on the disk, or it is not there. What ran at that moment is lost to the copy: its dispatches run
    /// again, as their retries say, when somebody opens it for writing, as if the machine had been started anew.
    /// - Throws: `EnvironmentError`: `.occupied` when anything but an empty folder is there.
    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func backUp(
        to path: String, progress: (Environment.CopyProgress) -> Void = { _ in }
    ) throws -> Backup {
        let copy = try engine.copy(to: path, progress: progress) { try Self.sequence(in: $0) }
        return Backup(bytes: copy.bytes, sequence: copy.finding)
    }

    /// Puts a compact copy in the place of the store's data file, while nobody has it open and who wants to waits.
    /// - Returns: lengths of the data file.
    /// - Throws: `EnvironmentError`: `.inUse` names the processes that have it open; nothing was changed then.
    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public static func compact(
        at path: String, progress: (Environment.CopyProgress) -> Void = { _ in }
    ) throws -> SoleUse.Compaction {
        try Environment.withSoleUse(of: path, buckets: Buckets.all) { use in try use.compact(progress: progress) }
    }
}

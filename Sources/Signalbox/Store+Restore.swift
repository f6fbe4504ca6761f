public import LMDBEngine
import OrderedStore
public import SignalboxStore

extension JobStore<Environment> {
    /// Makes a store in the folder `path` of a dump: all of it or nothing.
    ///
    /// The records of the dump are put beside as they come, every index and counter is worked out from them, and the whole
    /// is verified before it gets its name. Nothing is settled or begun: what the dump says is running is lost to this
    /// store, and is settled by the first process that opens it for writing, as after a start of the machine.
    ///
    /// - Parameters:
    ///   - path: nothing may be there but an empty folder, or a store without jobs and dispatches that nobody has open.
    ///   - progress: told of the dump's lines that are done.
    /// - Throws: ``DumpError`` and ``RestoreError`` when the dump is not to be believed, ``StoreError`` with `refused` when
    ///   there is something in the store at `path`, `EnvironmentError`; nothing was changed then.
    public static func restore(
        _ dump: DumpReader, at path: String, progress: (_ lines: Int) -> Void = { _ in }
    ) throws -> RestoredStore {
        var (dump, restored) = (dump, RestoredStore(records: 0))
        try Environment.load(at: path, buckets: Buckets.all, replacing: { try requireNothing(in: $0) }) { loading in
            restored = try fill(&loading, from: &dump, progress: progress)
        }
        return restored
    }
}

extension Environment.Loading: StoreLoader {
    public var engine: Environment { environment }
}

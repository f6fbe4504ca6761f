public import LMDBEngine
import SignalboxRuntime
public import SignalboxStore

extension JobStore<Environment> {
    /// Dumps one snapshot as ``dump(_:progress:to:)`` does; a thread of its own hashes and writes what is made already.
    /// - Parameters:
    ///   - progress: told now and then how many records were made, and how great a part of all that may be, 0 to 1.
    ///   - sink: takes the bytes of the dump, in order, on the other thread.
    /// - Throws: what the other one does, and `SystemCallError` when the machine allows no more threads.
    @discardableResult
    public func dump(
        _ selection: DumpSelection, progress: (_ records: Int, _ share: Double) -> Void = { _, _ in },
        writing sink: @escaping @Sendable (Span<UInt8>) throws -> Void
    ) throws -> DumpCounts {
        let round = Round<DumpPiece>()
        for _ in 0..<2 { try round.empty.put(DumpPiece()) }
        _ = try LoopThread<Void>(name: "dump-writer") {
            var outlet = DumpOutlet(sink: sink)
            round.emptyAll { try outlet.take(&$0) }
        }
        do {
            let counts = try dump(selection, progress: progress) { piece in
                try round.full.put(exchange(&piece, with: DumpPiece()))
                if let next = try round.empty.take() { piece = next }
            }
            try round.finish()
            return counts
        } catch {
            round.fail(error)
            throw error
        }
    }
}

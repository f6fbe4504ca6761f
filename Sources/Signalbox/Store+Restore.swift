public import LMDBEngine
import OrderedStore
import SignalboxRuntime
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
    ///   - progress: told now and then of the dump's lines that are done, and of its bytes that were read.
    /// - Throws: ``DumpError`` and ``RestoreError`` when the dump is not to be believed, ``StoreError`` with `refused` when
    ///   there is something in the store at `path`, `EnvironmentError`, `SystemCallError` when the machine allows no more
    ///   threads; nothing was changed then.
    public static func restore(
        _ dump: DumpReader, at path: String, progress: (_ lines: Int, _ bytes: Int) -> Void = { _, _ in }
    ) throws -> RestoredStore {
        var (dump, restored) = (dump, RestoredStore(records: 0))
        try Environment.load(at: path, buckets: Buckets.all, replacing: { try requireNothing(in: $0) }) { loading in
            var loader = try BatchLoader(loading.environment)
            restored = try fill(&loader, from: &dump, progress: progress)
        }
        return restored
    }
}

extension DumpReader {
    /// Reads and hashes on a thread of its own, and not much further than what was asked for.
    /// - Parameter source: the next bytes of the file, as many as there are; empty at its end.
    /// - Throws: what ``init(source:)`` does, and `SystemCallError` when the machine allows no more threads.
    public init(ahead source: @escaping @Sendable () throws -> [UInt8]) throws {
        let ahead = try ReadAhead(source)
        try self.init(intake: { try ahead.next() })
    }
}

/// A dump that is read by a thread of its own, until its end or until nobody wants more of it.
private final class ReadAhead: Sendable {
    private enum Stop: Error { case unwanted }

    private let pieces: Handover<DumpIntake.Piece>

    init(_ source: @escaping @Sendable () throws -> [UInt8]) throws {
        let pieces = Handover<DumpIntake.Piece>(room: 2)
        self.pieces = pieces
        _ = try LoopThread<Void>(name: "dump-reader") {
            var intake = DumpIntake(source: source)
            do {
                var isAtEnd = false
                while !isAtEnd {
                    let piece = try intake.next()
                    isAtEnd = piece.bytes.isEmpty
                    try pieces.put(piece)
                }
            } catch { pieces.fail(error) }
        }
    }

    deinit { pieces.fail(Stop.unwanted) }

    func next() throws -> DumpIntake.Piece {
        guard let piece = try pieces.take() else { preconditionFailure("nothing comes behind the end of a dump") }
        return piece
    }
}

/// Gathers entries on the thread of who puts them, and writes them on another.
private struct BatchLoader: StoreLoader, ~Copyable {
    let engine: Environment
    private let round = Round<Environment.LoadBatch>()
    private var batch = Environment.LoadBatch()
    /// So many go round besides the one that is gathered.
    private static let others = 2

    init(_ environment: Environment) throws {
        engine = environment
        for _ in 0..<Self.others { try round.empty.put(Environment.LoadBatch()) }
        _ = try LoopThread<Void>(name: "store-loader") { [round] in
            round.emptyAll { try environment.write(&$0) }
        }
    }

    /// Whatever happened, nobody writes any more then.
    deinit { try? round.finish() }

    mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws {
        batch.put(key, value, in: bucket)
        if batch.isFull { try handOn() }
    }

    /// Waits until all is written.
    mutating func flush() throws {
        try handOn()
        var written: [Environment.LoadBatch] = []
        while written.count < Self.others, let batch = try round.empty.take() { written.append(batch) }
        for batch in written { try round.empty.put(batch) }
    }

    private mutating func handOn() throws {
        try round.full.put(exchange(&batch, with: Environment.LoadBatch()))
        if let next = try round.empty.take() { batch = next }
    }
}

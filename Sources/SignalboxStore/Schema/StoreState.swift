internal import SignalboxCore

/// What every writing transaction reads first and writes last: the counters of the whole store, in one record.
struct StoreState: Record, Hashable {
    static let layout: UInt8 = 2
    static let key = Key.name("state")

    /// The number of the newest transaction that changed something a reader can see.
    var sequence: UInt64 = 0
    /// The numbers that the next dispatch and the next worker get.
    var nextDispatch: UInt64 = 1
    var nextWorker: UInt64 = 1
    /// The newest transaction that asked a running dispatch to stop: workers look at theirs only when it is new to
    /// them.
    var newestCancellation: UInt64 = 0
    /// Part of an occurrence's key, so that a wall clock that was set back can come to the same instant again.
    var clockEpoch: UInt32 = 0
    /// The oldest event kept, and the bytes of all of them.
    var firstEvent: UInt64 = 1
    var eventBytes: UInt64 = 0
    /// How many dispatches retention has taken away since the store was made.
    var pruned: UInt64 = 0
    /// The newest transaction that changed what is kept: who looks after that looks at everything when it is new to
    /// them.
    var newestRetention: UInt64 = 0
    /// How many dispatches are in each state, by the state's raw value.
    var counts = [UInt64](repeating: 0, count: DispatchState.allCases.count)

    func count(_ state: DispatchState) -> UInt64 { counts[Int(state.rawValue)] }

    func write(to writer: inout RecordWriter) {
        writer.put(sequence)
        writer.put(nextDispatch)
        writer.put(nextWorker)
        writer.put(newestCancellation)
        writer.put(clockEpoch)
        writer.put(firstEvent)
        writer.put(eventBytes)
        writer.put(pruned)
        writer.put(newestRetention)
        writer.put(each: counts) { $0.put($1) }
    }

    static func read(from reader: inout RecordReader) throws -> StoreState {
        var state = StoreState()
        state.sequence = try reader.number64()
        state.nextDispatch = try reader.number64()
        state.nextWorker = try reader.number64()
        state.newestCancellation = try reader.number64()
        state.clockEpoch = try reader.number32()
        state.firstEvent = try reader.number64()
        state.eventBytes = try reader.number64()
        state.pruned = try reader.number64()
        state.newestRetention = try reader.number64()
        guard try reader.count() == state.counts.count else { throw RecordFault.shape }
        for index in state.counts.indices { state.counts[index] = try reader.number64() }
        return state
    }
}

/// Who the store is; written when it is made, and changed only by a migration.
struct StoreHeader: Record, Hashable {
    static let layout: UInt8 = 1
    static let key = Key.name("header")
    /// Raised by every change of the layout of buckets, keys or records.
    static let currentFormat: UInt32 = 7

    var format: UInt32
    /// 32 hexadecimal digits, drawn at random.
    var storeID: String

    /// Whether the name is as it must be: folders are called by it.
    var isNamed: Bool { storeID.utf8.count == 32 && storeID.allSatisfy(\.isHexDigit) }

    func write(to writer: inout RecordWriter) {
        writer.put(format)
        writer.put(storeID)
    }

    static func read(from reader: inout RecordReader) throws -> StoreHeader {
        let format = try reader.number32()
        return StoreHeader(format: format, storeID: try reader.text())
    }
}

/// Where the live environment of this boot is: decided by the first process that opens the store for writing in it. It
/// speaks of one data file and of no copy of it, and is in no dump.
struct BootRecord: Record, Hashable {
    static let layout: UInt8 = 2
    static let key = Key.name("boot")

    var bootID: BootID
    var file: StoreFile
    /// The folder of the live environment.
    var livePath: String
    /// What tells the processes that run for this file in this boot from those of a copy, or of the original.
    var mark: String

    func write(to writer: inout RecordWriter) {
        writer.put(bootID.text)
        writer.put(file.device)
        writer.put(file.inode)
        writer.put(livePath)
        writer.put(mark)
    }

    static func read(from reader: inout RecordReader) throws -> BootRecord {
        let boot = BootID(try reader.text())
        let file = StoreFile(device: try reader.number64(), inode: try reader.number64())
        let livePath = try reader.text()
        return BootRecord(bootID: boot, file: file, livePath: livePath, mark: try reader.text())
    }
}

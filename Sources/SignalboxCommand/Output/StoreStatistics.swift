import LMDBEngine
import OrderedStore
import Signalbox
import SignalboxCore
import SignalboxStore

/// What `stat` shows: numbers of the engine, none of what is kept in it.
struct StoreStatistics: Encodable {
    private let path: String
    private let durability: String
    private let liblmdb = Environment.libraryVersion
    private let pageSize: Int
    private let pagesUsed: Int
    private let pagesFree: Int
    private let pagesKept: Int
    private let mapBytes: Int
    private let maximumBytes: Int
    private let filledPercent: Double
    private let level: StoreLevel
    private let fileBytes: Int
    private let diskFreeBytes: Int
    private let buckets: [BucketView]
    private let readers: [ReaderView]
    private let writer: WriterView?
    private let today: TodayView?

    /// Looks at the store from outside: it waits for no writer.
    init(of store: Store) throws {
        let engine = store.engine
        let information = try engine.information()
        path = engine.directory
        durability = try store.settings().durability.word
        pageSize = information.pageSize
        pagesFree = information.freePages
        pagesKept = information.keptPages
        pagesUsed = information.usedSize / information.pageSize - pagesFree - pagesKept
        mapBytes = information.mapSize
        maximumBytes = information.maximumSize
        var room = try engine.room()
        room.used = (pagesUsed + pagesKept) * pageSize
        filledPercent = (StoreLevel.percent(used: room.used, capacity: room.capacity) * 10).rounded() / 10
        level = room.level
        fileBytes = information.heldOnDisk
        diskFreeBytes = information.freeOnDisk
        buckets = information.buckets.map(BucketView.init)
        readers = try engine.readers().compactMap(ReaderView.init).sorted { $0.lag > $1.lag }
        writer = engine.writerHolder().map { WriterView(pid: $0.process, heldSeconds: seconds($0.held)) }
        today = engine.writingToday().map { TodayView(commits: $0.commits, diskBytes: $0.bytes) }
    }

    private enum CodingKeys: String, CodingKey {
        case durability, liblmdb, level, buckets, readers, writer, today
        case path = "store"
        case pageSize = "page_size"
        case pagesUsed = "pages_used"
        case pagesFree = "pages_free"
        case pagesKept = "pages_kept"
        case mapBytes = "map_bytes"
        case maximumBytes = "maximum_bytes"
        case filledPercent = "filled_percent"
        case fileBytes = "file_bytes"
        case diskFreeBytes = "disk_free_bytes"
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(path, forKey: .path)
        try fields.encode(durability, forKey: .durability)
        try fields.encode(liblmdb, forKey: .liblmdb)
        try fields.encode(pageSize, forKey: .pageSize)
        try fields.encode(pagesUsed, forKey: .pagesUsed)
        try fields.encode(pagesFree, forKey: .pagesFree)
        try fields.encode(pagesKept, forKey: .pagesKept)
        try fields.encode(mapBytes, forKey: .mapBytes)
        try fields.encode(maximumBytes, forKey: .maximumBytes)
        try fields.encode(filledPercent, forKey: .filledPercent)
        try fields.encode(level.word, forKey: .level)
        try fields.encode(fileBytes, forKey: .fileBytes)
        try fields.encode(diskFreeBytes, forKey: .diskFreeBytes)
        try fields.encode(buckets, forKey: .buckets)
        try fields.encode(readers, forKey: .readers)
        try fields.encode(writer, forKey: .writer)
        try fields.encode(today, forKey: .today)
    }
}

private struct BucketView: Encodable {
    let name: String
    let entries: Int
    let pages: Int
    let depth: Int

    init(_ bucket: Environment.BucketInformation) {
        (name, entries, pages, depth) = (bucket.name, bucket.entries, bucket.pages, bucket.depth)
    }
}

private struct ReaderView: Encodable {
    let pid: Int32
    let transaction: UInt64
    let lag: UInt64
    /// At least so long it has kept space from being used again; nil: it keeps none, or has for seconds only.
    let age_seconds: Double?

    /// Nil: a place that is kept for a later snapshot, and holds nothing now.
    init?(_ reader: ReaderInfo) {
        guard let transaction = reader.transaction else { return nil }
        (pid, lag, age_seconds) = (reader.process, reader.lag, reader.age.map(seconds))
        self.transaction = transaction
    }
}

private struct WriterView: Encodable {
    let pid: Int32
    let heldSeconds: Double
    private enum CodingKeys: String, CodingKey {
        case pid
        case heldSeconds = "held_seconds"
    }
}

private struct TodayView: Encodable {
    let commits: Int
    let diskBytes: Int
    private enum CodingKeys: String, CodingKey {
        case commits
        case diskBytes = "disk_bytes"
    }
}

/// To the millisecond.
private func seconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) + Double(attoseconds / 1_000_000_000_000_000) / 1000
}

// MARK: - For people

extension StoreStatistics {
    func write() {
        Fields([
            ("store", "\(path), durability \(durability), liblmdb \(liblmdb)"),
            ("room", "\(filledPercent) % in use, \(level.word)" + (level.sentence.map { ": \($0)" } ?? "")),
            (
                "pages",
                "\(pagesUsed) in use, \(pagesFree) free, \(pagesKept) kept by readers, of \(Words.size(pageSize)) each"
            ),
            ("map", "\(Words.size(mapBytes)), grows to \(Words.size(maximumBytes)) at most"),
            ("disk", "\(Words.size(fileBytes)) taken, \(Words.size(diskFreeBytes)) free"),
            ("today", today.map { "\($0.commits) commits, \(Words.size($0.diskBytes)) written (UTC)" } ?? "–"),
            ("writer", writer.map { "process \($0.pid), for \($0.heldSeconds) s" } ?? "nobody just now"),
            ("readers", oldestReader),
        ]).write()
        writeReaders()
        writeBuckets()
    }

    private var oldestReader: String {
        guard let oldest = readers.first else { return "nobody just now" }
        guard oldest.lag > 0 else { return "\(readers.count), all at the newest transaction" }
        return "\(readers.count), the oldest process \(oldest.pid), \(oldest.lag) transactions behind"
    }

    private func writeReaders() {
        guard !readers.isEmpty else { return }
        Terminal.writeLine("")
        var table = Table(["READER", "TRANSACTION", "BEHIND", "KEEPS SPACE FOR"])
        for reader in readers {
            let age = reader.age_seconds.map { "at least \(Words.length(.seconds($0)))" } ?? "–"
            table.add(["\(reader.pid)", "\(reader.transaction)", "\(reader.lag)", age])
        }
        table.write()
    }

    private func writeBuckets() {
        Terminal.writeLine("")
        var table = Table(["BUCKET", "ENTRIES", "PAGES", "DEPTH"])
        for bucket in buckets { table.add([bucket.name, "\(bucket.entries)", "\(bucket.pages)", "\(bucket.depth)"]) }
        table.write()
    }
}

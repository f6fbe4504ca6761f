/// What a look at the pages of a data file found.
public struct PageReport: Hashable, Sendable {
    /// Pages of trees that were looked at.
    public internal(set) var pages = 0
    /// Entries on them, those of the free list and the buckets' own included.
    public internal(set) var entries = 0
    /// LMDB's number of the commit whose pages these are.
    public internal(set) var transaction: UInt64 = 0
    /// One sentence each, with the page's number and the bucket; at most ``limit``. Empty means that LMDB can read every
    /// page, and that none is lost or used twice.
    public private(set) var faults: [String] = []
    /// How many there are, the unnamed ones included.
    public private(set) var count = 0

    /// Pages that a tree leads to and the file does not have.
    var missingPages = 0

    /// So many faults are named; more add nothing for who reads them.
    public static let limit = 200

    public var ok: Bool { count == 0 }

    /// Whether LMDB can read every page, though there may be other buckets than were expected, those of another version,
    /// or room that is lost.
    public var arePagesSound: Bool { count == harmless }

    /// Faults of which LMDB trips over none: buckets that are missing or that nobody expected, pages that are lost.
    var harmless = 0

    mutating func fault(_ text: String) {
        count += 1
        if faults.count < Self.limit { faults.append(text) }
    }
}

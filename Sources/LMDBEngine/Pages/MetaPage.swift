/// One of the two pages a data file begins with: where the trees of one commit start.
///
/// Layout (LMDB 0.9, 64-bit, little-endian): every page begins with 16 bytes (page number 8, unused 2, flags 2,
/// lower 2, upper 2); a meta page goes on with magic 4, version 4, address 8, map size 8, two tree records of 48 bytes
/// (free pages, buckets; the first one's first word is the page size), last page 8, transaction 8.
struct MetaPage: Equatable {
    /// What the page says of itself.
    let number: UInt64
    let flags: UInt16
    let version: UInt32
    /// Where in memory LMDB is to map the file: 0, anywhere.
    let address: UInt64
    let pageSize: Int
    /// The greatest size that a process has given the map, in bytes.
    let mapSize: Int
    let freePages: TreeRecord
    let buckets: TreeRecord
    /// The number of the last page in use.
    let lastPage: UInt64
    let transaction: UInt64

    private static let magic: UInt32 = 0xBEEF_C0DE
    static let byteCount = 152
    /// No file has so many pages; what they come to in bytes is a number that can be computed with.
    private static let pageLimit: UInt64 = 1 << 40

    /// Nil: these bytes are no meta page.
    init?(_ bytes: PageBytes) {
        guard bytes.count >= Self.byteCount, bytes.number32(at: 16) == Self.magic else { return nil }
        number = bytes.number64(at: 0)
        flags = bytes.number16(at: 10)
        version = bytes.number32(at: 20)
        address = bytes.number64(at: 24)
        mapSize = Int(truncatingIfNeeded: bytes.number64(at: 32))
        pageSize = Int(bytes.number32(at: 40))
        freePages = TreeRecord(bytes.part(at: 40, count: TreeRecord.byteCount))
        buckets = TreeRecord(bytes.part(at: 88, count: TreeRecord.byteCount))
        lastPage = bytes.number64(at: 136)
        transaction = bytes.number64(at: 144)
    }

    /// One that stands for both where they are damaged: it knows one page, a list of buckets.
    init(listOfBuckets page: UInt64, entries: Int, pageSize: Int, lastPage: UInt64) {
        (number, flags, version, address, transaction) = (0, PageKind.meta, 1, 0, .max)
        self.pageSize = pageSize
        self.lastPage = lastPage
        mapSize = (Int(lastPage) + 1) * pageSize
        freePages = TreeRecord(leaf: nil, entries: 0)
        buckets = TreeRecord(leaf: page, entries: entries)
    }

    /// Whether the magic is there, but where (12) or as (byte-swapped) another kind of machine puts it.
    static func isOfOtherWordSize(_ bytes: PageBytes) -> Bool {
        guard bytes.count >= 20 else { return false }
        let places = [bytes.number32(at: 12), bytes.number32(at: 16)]
        return places.contains(magic) || places.contains(magic.byteSwapped)
    }

    /// What LMDB would take on trust and stumble over; nil: it can be used, as far as one page can tell.
    /// - Parameter place: 0 or 1, the first or the second page of the file.
    func fault(at place: UInt64) -> String? {
        if !(9...15).contains(pageSize.trailingZeroBitCount) || pageSize.nonzeroBitCount != 1 {
            return "has a page size of \(pageSize)"
        }
        if number != place { return "calls itself page \(number)" }
        if flags != PageKind.meta { return "has the flags \(flags) and is no meta page" }
        // LMDB looks for transaction n on page n modulo 2.
        if transaction % 2 != place && transaction != 0 {
            return "is of transaction \(transaction), which belongs on the other one"
        }
        if address != 0 { return "wants to be mapped at an address of its own" }
        if lastPage < 1 || lastPage >= Self.pageLimit { return "says that \(lastPage) is the last page in use" }
        if mapSize < (Int(lastPage) + 1) * pageSize {
            return "has a map of \(mapSize) bytes for \(lastPage + 1) pages of \(pageSize)"
        }
        return freePages.fault(isOfFreePages: true).map { "says of the free list that it \($0)" }
            ?? buckets.fault(isOfFreePages: false).map { "says of the list of buckets that it \($0)" }
    }
}

/// The record of one tree of pages: 48 bytes (page size or unused 4, flags 2, depth 2; branch pages, leaf pages,
/// overflow pages, entries, root, 8 each).
struct TreeRecord: Equatable {
    let flags: UInt16
    /// How many pages lie on the way to an entry.
    let depth: UInt16
    let branchPages: UInt64
    let leafPages: UInt64
    let overflowPages: UInt64
    let entries: UInt64
    /// Nil: the tree is empty.
    let root: UInt64?

    init(_ bytes: PageBytes) {
        flags = bytes.number16(at: 4)
        depth = bytes.number16(at: 6)
        branchPages = bytes.number64(at: 8)
        leafPages = bytes.number64(at: 16)
        overflowPages = bytes.number64(at: 24)
        entries = bytes.number64(at: 32)
        let page = bytes.number64(at: 40)
        root = page == .max ? nil : page
    }

    /// A tree of one page, or of none.
    init(leaf: UInt64?, entries: Int) {
        (flags, branchPages, overflowPages) = (leaf == nil ? Self.integerKeys : 0, 0, 0)
        (depth, leafPages) = leaf == nil ? (0, 0) : (1, 1)
        self.entries = UInt64(entries)
        root = leaf
    }

    static let byteCount = 48
    /// Keys are integers of the machine.
    private static let integerKeys: UInt16 = 0x08
    /// LMDB keeps in the record of the free pages with what flags the file was made. This one says that it was named
    /// itself, and not its directory (MDB_NOSUBDIR), as `mdb_copy -n` does; it is one like any other.
    private static let environmentIsAFile: UInt16 = 0x4000
    /// The most levels that LMDB can go down.
    static let depthLimit = 32

    func fault(isOfFreePages: Bool) -> String? {
        let known = isOfFreePages ? flags & ~Self.environmentIsAFile : flags
        if known != (isOfFreePages ? Self.integerKeys : 0) { return "has the flags \(flags)" }
        if depth > Self.depthLimit { return "is \(depth) levels deep" }
        if (root == nil) != (depth == 0) || (root == nil) != (entries == 0) {
            return "has \(entries) entries and \(depth) levels, and \(root == nil ? "no root" : "a root")"
        }
        return nil
    }
}

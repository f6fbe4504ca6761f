/// One of the two pages a data file begins with: where the trees of one commit start.
///
/// Layout (LMDB 0.9, 64-bit, little-endian): every page begins with 16 bytes (page number 8, unused 2, flags 2,
/// lower 2, upper 2); a meta page goes on with magic 4, version 4, address 8, map size 8, two tree records of 48 bytes
/// (free pages, buckets; the first one's first word is the page size), last page 8, transaction 8.
struct MetaPage {
    let version: UInt32
    let pageSize: Int
    /// The greatest size that a process has given the map, in bytes.
    let mapSize: Int
    let roots: [TreeRoot]
    /// The number of the last page in use.
    let lastPage: UInt64
    let transaction: UInt64

    private static let magic: UInt32 = 0xBEEF_C0DE
    static let byteCount = 152

    /// Nil: these bytes are no meta page.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count >= Self.byteCount, bytes.integer(at: 16) as UInt32 == Self.magic else { return nil }
        version = bytes.integer(at: 20)
        mapSize = Int(bytes.integer(at: 32) as UInt32) | Int(bytes.integer(at: 36) as Int32) << 32
        pageSize = Int(bytes.integer(at: 40) as UInt32)
        roots = [TreeRoot(bytes.dropFirst(40)), TreeRoot(bytes.dropFirst(88))]
        lastPage = bytes.integer(at: 136)
        transaction = bytes.integer(at: 144)
    }

    /// Whether the magic is there, but where (12) or as (byte-swapped) another kind of machine puts it.
    static func isOfOtherWordSize(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.count >= 20 else { return false }
        let places: [UInt32] = [bytes.integer(at: 12), bytes.integer(at: 16)]
        return places.contains(magic) || places.contains(magic.byteSwapped)
    }
}

/// The record of one tree of pages: 48 bytes, of which only the root matters here.
struct TreeRoot {
    /// Nil: the tree is empty.
    let page: UInt64?

    init(_ bytes: ArraySlice<UInt8>) {
        let page: UInt64 = bytes.integer(at: 40)
        self.page = page == .max ? nil : page
    }

    static let byteCount = 48
}

extension ArraySlice<UInt8> {
    /// The little-endian integer at `offset` from the start of the slice.
    func integer<Value: FixedWidthInteger>(at offset: Int) -> Value {
        var value: Value = 0
        for index in (0..<Value.bitWidth / 8).reversed() {
            value = value << 8 | Value(truncatingIfNeeded: self[startIndex + offset + index])
        }
        return value
    }
}

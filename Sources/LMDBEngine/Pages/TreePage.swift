/// What a page says that it is.
enum PageKind {
    static let branch: UInt16 = 0x01
    static let leaf: UInt16 = 0x02
    static let overflow: UInt16 = 0x04
    static let meta: UInt16 = 0x08
    /// Every page begins with: page number 8, unused 2, flags 2, lower 2, upper 2; where a run of overflow pages begins
    /// the last two are their count.
    static let headerSize = 16
}

/// A branch or leaf page: behind the header the places of the nodes, two bytes each, up to `lower`; the nodes from
/// `upper` to the end, one beside the other without a gap, in any order.
struct TreePage {
    let bytes: PageBytes
    let number: UInt64
    private let flags: UInt16
    private let lower: Int
    private let upper: Int

    init(_ bytes: PageBytes) {
        self.bytes = bytes
        number = bytes.number64(at: 0)
        flags = bytes.number16(at: 10)
        (lower, upper) = (Int(bytes.number16(at: 12)), Int(bytes.number16(at: 14)))
    }

    var isBranch: Bool { flags == PageKind.branch }
    var isLeaf: Bool { flags == PageKind.leaf }

    /// How many nodes there are, as far as the header makes sense.
    var count: Int { (min(max(lower, PageKind.headerSize), bytes.count) - PageKind.headerSize) / 2 }

    /// What the header says that cannot be; nil: nothing.
    func headerFault(_ expected: UInt64) -> String? {
        if number != expected { return "calls itself page \(number)" }
        guard isBranch || isLeaf else { return "has the flags \(flags): neither a branch nor a leaf" }
        guard lower >= PageKind.headerSize, lower % 2 == 0, lower <= upper, upper <= bytes.count else {
            return "has its nodes from \(upper) on and their places up to \(lower)"
        }
        return count == 0 ? "has no node" : nil
    }

    /// One of the nodes; nil: it does not lie on this page.
    @inline(__always)
    func node(_ index: Int) -> PageNode? {
        let place = Int(bytes.number16(at: PageKind.headerSize + 2 * index))
        guard place >= PageKind.headerSize, place <= bytes.count - PageNode.headerSize else { return nil }
        return PageNode(bytes, place, isBranch: isBranch)
    }

    /// What is wrong with the nodes as a whole; nil: they fill the page from `upper` to its end, each alone.
    ///
    /// The first begins at `upper`, each ends where another begins or the page ends, and all together are as long as
    /// the room: so they lie side by side.
    /// - Parameter starts: memory for it, two bytes of the page a bit.
    func layoutFault(_ starts: inout PageStarts) -> String? {
        starts.clear()
        var (total, first) = (0, bytes.count)
        for index in 0..<count {
            guard let node = node(index) else { return "has a node \(index) that is not inside it" }
            guard node.place >= upper, starts.insert(node.place) else {
                return "has a node \(index) that lies in another"
            }
            total += node.size
            first = min(first, node.place)
        }
        guard total == bytes.count - upper, first == upper else {
            return "has nodes of \(total) bytes together, where there are \(bytes.count - upper)"
        }
        for index in 0..<count {
            guard let end = node(index)?.end, end == bytes.count || starts.contains(end) else {
                return "has a node \(index) that reaches into another"
            }
        }
        return nil
    }
}

/// Where the nodes of one page begin.
struct PageStarts {
    private var words: [UInt64]

    init(pageSize: Int) { words = [UInt64](repeating: 0, count: pageSize / 128) }

    mutating func clear() {
        for index in words.indices { words[index] = 0 }
    }

    /// False: one begins there already, or it is no even place.
    mutating func insert(_ place: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(place / 2 % 64)
        guard place % 2 == 0, words[place / 128] & bit == 0 else { return false }
        words[place / 128] |= bit
        return true
    }

    func contains(_ place: Int) -> Bool { words[place / 128] & (1 << UInt64(place / 2 % 64)) != 0 }
}

/// A node: low 2, high 2, flags 2, key size 2, key, data. Of a branch the first three make the page number; of a leaf
/// the first two make the data's size, and the flags say where the data is.
struct PageNode {
    let place: Int
    let key: PageBytes
    /// Of a leaf: where the data is.
    let flags: UInt16
    /// Of a leaf: the bytes of the value.
    let valueSize: Int
    /// Of a branch: the page below.
    let child: UInt64
    /// What of the value lies on the page: all of it, or the first of its overflow pages.
    let data: PageBytes

    static let headerSize = 8
    /// The value lies on overflow pages, of which the node has the first one's number.
    static let overflow: UInt16 = 0x01
    /// The value is a record of a tree.
    static let tree: UInt16 = 0x02

    /// Nil: it does not lie on the page.
    @inline(__always)
    init?(_ page: PageBytes, _ place: Int, isBranch: Bool) {
        let low = page.number32(at: place)
        flags = page.number16(at: place + 4)
        let keySize = Int(page.number16(at: place + 6))
        valueSize = isBranch ? 0 : Int(low)
        child = isBranch ? UInt64(low) | UInt64(flags) << 32 : 0
        let onPage = isBranch ? 0 : flags & Self.overflow != 0 ? 8 : valueSize
        guard place + Self.headerSize + keySize + onPage <= page.count else { return nil }
        self.place = place
        key = page.part(at: place + Self.headerSize, count: keySize)
        data = page.part(at: place + Self.headerSize + keySize, count: onPage)
    }

    /// With the byte that makes it even.
    var size: Int { (Self.headerSize + key.count + data.count + 1) & ~1 }
    var end: Int { place + size }

    var isOnOverflowPages: Bool { flags == Self.overflow }
    /// The first of its overflow pages.
    var firstOverflowPage: UInt64 { data.number64(at: 0) }

    /// How many pages of `pageSize` bytes a value of this size needs.
    func overflowPages(_ pageSize: Int) -> UInt64 {
        UInt64((PageKind.headerSize - 1 + valueSize) / pageSize + 1)
    }
}

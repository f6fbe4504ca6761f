/// Pages of LMDB made by hand, for files that LMDB itself would never write.
enum CraftedFile {
    typealias Node = (key: [UInt8], flags: UInt16, data: [UInt8])

    /// A data file of ordinary pages: the first meta page leads nowhere, the second to `freePages` and to no bucket.
    static func whole(pageSize: Int = 4096, freePages: [UInt8], _ pages: [[UInt8]]) -> [UInt8] {
        let empty = record(root: nil, entries: 0)
        let first = meta(0, pageSize, freePages: empty, lastPage: 1)
        return first + meta(1, pageSize, freePages: freePages, lastPage: pages.count + 1) + pages.joined()
    }

    private static func meta(_ number: UInt64, _ pageSize: Int, freePages: [UInt8], lastPage: Int) -> [UInt8] {
        let bytes = joined(
            header(number, flags: 8), little(0xBEEF_C0DE as UInt32), little(1 as UInt32), little(0 as UInt64),
            little(1 << 30 as UInt64), little(UInt32(pageSize)), little(8 as UInt16), Array(freePages.dropFirst(6)),
            record(root: nil, entries: 0), little(UInt64(lastPage)), little(number))
        return padded(bytes, pageSize)
    }

    /// What a page begins with; the last two numbers are those of a leaf, or together the length of a run.
    private static func header(_ number: UInt64, flags: UInt16, lower: Int = 0, upper: Int = 0) -> [UInt8] {
        joined(little(number), little(0 as UInt16), little(flags), little(UInt16(lower)), little(UInt16(upper)))
    }

    /// The record of a tree of one leaf, or of none.
    static func record(root: UInt64?, entries: Int) -> [UInt8] {
        let depth: UInt16 = root == nil ? 0 : 1
        return joined(
            little(0 as UInt32), little(0 as UInt16), little(depth), little(0 as UInt64), little(UInt64(depth)),
            little(0 as UInt64), little(UInt64(entries)), little(root ?? .max))
    }

    static func leaf(_ number: UInt64, _ pageSize: Int, _ nodes: [Node], valueSize: Int? = nil) -> [UInt8] {
        var (places, tail): ([UInt8], [UInt8]) = ([], [])
        for node in nodes {
            var bytes = joined(
                little(UInt32(valueSize ?? node.data.count)), little(node.flags), little(UInt16(node.key.count)),
                node.key, node.data)
            if bytes.count % 2 == 1 { bytes.append(0) }
            tail = bytes + tail
            places += little(UInt16(pageSize - tail.count))
        }
        let upper = pageSize - tail.count
        return padded(header(number, flags: 2, lower: 16 + places.count, upper: upper) + places, upper) + tail
    }

    /// A run of one overflow page.
    static func overflow(_ number: UInt64, _ pageSize: Int, _ value: [UInt8]) -> [UInt8] {
        padded(header(number, flags: 4, lower: 1) + value, pageSize)
    }

    static func little(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func joined(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap(\.self) }

    private static func padded(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: count - bytes.count)
    }
}

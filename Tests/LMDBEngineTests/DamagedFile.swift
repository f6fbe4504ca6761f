import Glibc
import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

/// The file of a store, in memory, to be damaged.
final class DamagedFile {
    let path: String
    var bytes: [UInt8]
    private let pageSize = 4096

    init(path: String) throws {
        self.path = path
        bytes = try readWholeFile(path + "/data.mdb")
    }

    /// Another file with these bytes in the place of the old one.
    func write() throws {
        unlink(path + "/data.mdb")
        try writeFile(path + "/data.mdb", bytes)
    }

    func check() throws -> PageReport {
        try write()
        return try Environment.checkPages(at: path, buckets: conformanceBuckets)
    }

    func expect(_ part: String, _ place: SourceLocation = #_sourceLocation) throws {
        let faults = try check().faults
        #expect(faults.contains { $0.contains(part) }, "\(faults)", sourceLocation: place)
    }

    func number16(_ page: Int, _ offset: Int) -> UInt16 {
        let start = page * pageSize + offset
        return UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
    }

    private func number64(_ page: Int, _ offset: Int) -> UInt64 {
        (0..<4).reversed().reduce(0) { $0 << 16 | UInt64(number16(page, offset + 2 * $1)) }
    }

    func set(_ value: some FixedWidthInteger, at page: Int, _ offset: Int) {
        for index in 0..<value.bitWidth / 8 {
            bytes[page * pageSize + offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }

    struct Page {
        let number: Int
        let flags: UInt16
        /// Nil: the free list's.
        let bucket: String?
        var isBranch: Bool { flags == 1 }
        var isLeaf: Bool { flags == 2 }
        var isOverflow: Bool { flags == 4 }
    }

    /// The first page of the newest commit that `isWanted`.
    func page(_ isWanted: (Page) -> Bool) throws -> Int {
        guard let found = pages().first(where: isWanted) else { throw Failure("no such page") }
        return found.number
    }

    /// The page of the list of buckets, and where on it the node of one is.
    func bucketNode(_ name: String) throws -> (page: Int, node: Int) {
        let root = Int(number64(newestMeta, 88 + 40))
        for index in 0..<(Int(number16(root, 12)) - 16) / 2 {
            let node = Int(number16(root, 16 + 2 * index))
            let start = root * pageSize + node + 8
            if bytes[start..<start + Int(number16(root, node + 6))].elementsEqual(name.utf8) { return (root, node) }
        }
        throw Failure("no bucket \(name)")
    }

    func rootOfBuckets() throws -> Int { Int(number64(newestMeta, 88 + 40)) }

    var newestMeta: Int { number64(0, 144) > number64(1, 144) ? 0 : 1 }

    private func pages() -> [Page] {
        var found: [Page] = []
        walk(number64(newestMeta, 40 + 40), nil, &found)
        for bucket in conformanceBuckets {
            guard let (page, node) = try? bucketNode(bucket.name) else { continue }
            walk(number64(page, node + 8 + bucket.name.utf8.count + 40), bucket.name, &found)
        }
        return found
    }

    private func walk(_ number: UInt64, _ bucket: String?, _ found: inout [Page]) {
        guard number != .max else { return }
        let page = Int(number)
        let flags = number16(page, 10)
        found.append(Page(number: page, flags: flags, bucket: bucket))
        for index in 0..<(Int(number16(page, 12)) - 16) / 2 {
            let node = Int(number16(page, 16 + 2 * index))
            if flags == 1 {
                let low = UInt64(number16(page, node)) | UInt64(number16(page, node + 2)) << 16
                walk(low, bucket, &found)
            } else if number16(page, node + 4) == 1 {
                let first = number64(page, node + 8 + Int(number16(page, node + 6)))
                found.append(Page(number: Int(first), flags: number16(Int(first), 10), bucket: bucket))
            }
        }
    }
}

func withDamage(_ body: (DamagedFile) throws -> Void) throws {
    try withTemporaryStorePath { path throws in
        try fillForDamage(path)
        try body(DamagedFile(path: path))
    }
}

func damagedKey(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF), 7, 7] }

/// Three levels in the first bucket, large values in the second, and a list of free pages.
func fillForDamage(_ path: String) throws {
    let store = try openStore(path)
    for round in 0..<4 {
        try store.write { transaction in
            for number in 0..<3000 where number % 4 == round {
                try transaction.put(damagedKey(number), [UInt8](repeating: UInt8(round), count: 20), in: firstBucket)
            }
            for number in 0..<5 {
                let value = [UInt8](repeating: UInt8(number), count: 3000 * (number + 1) + round)
                try transaction.put([UInt8(number), UInt8(round)], value, in: secondBucket)
            }
        }
    }
    try store.write { transaction in
        for number in 2000..<2400 { try transaction.delete(damagedKey(number), in: firstBucket) }
        try transaction.delete([3, 3], in: secondBucket)
    }
    // So that the two newest commits have the pages of the first bucket in common.
    try store.write { transaction in try transaction.put([0, 0], [1], in: secondBucket) }
}

private func readWholeFile(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("open \(path): errno \(errno)") }
    defer { close(descriptor) }
    var status = stat()
    fstat(descriptor, &status)
    return [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
        count = 0
        while count < buffer.count {
            let got = read(descriptor, buffer.baseAddress! + count, buffer.count - count)
            if got <= 0 { break }
            count += got
        }
    }
}

// The commits of a recording: which pages each leads to, and by which writes they came. A state whose newest meta page
// is that of a commit has to have those pages as they were written, every sector of them; LMDB is not asked, and so can
// do no harm where they are not.

struct Commits {
    /// LMDB's number of a commit in one file.
    struct Number: Hashable {
        let file: Int
        let transaction: UInt64
    }

    struct Commit {
        /// Where its meta page was written; the power goes before, and the commit may be missing.
        let serial: Int
        fileprivate(set) var pages: [Int] = []
        /// By which event each sector of the pages was written, in the pages' order.
        fileprivate(set) var versions: [Int32] = []
        /// The size of the map that it asks for.
        let mapSize: Int
    }

    private(set) var all: [Number: Commit] = [:]

    init(_ recording: Recording) {
        var files = recording.extents.map { $0 > 0 ? DiskFile(extent: $0) : nil }
        for event in recording.events {
            guard case .write(let node, let offset, let bytes, _) = event.what, let file = files[node] else { continue }
            let before = offset < 8192 ? file.newestMeta : nil
            file.begin(write: bytes, at: offset, event.serial)
            if let before, before.transaction != changed(by: event, in: file)?.transaction {
                keep(before, node, file)
            }
            file.settle(before: .max)
            if let meta = file.newestMeta, offset < 8192 {
                let number = Number(file: node, transaction: meta.transaction)
                if all[number] == nil { all[number] = Commit(serial: event.serial, mapSize: meta.mapSize) }
            }
        }
        for (node, file) in files.enumerated() {
            if let file, let meta = file.newestMeta { keep(meta, node, file) }
        }
        files = []
    }

    /// The newest meta page once the pending write is there.
    private func changed(by event: RecordedEvent, in file: DiskFile) -> MetaPageBytes? {
        file.lay(size: file.pending.last?.size ?? 0) { _, _ in true }
        defer { file.lift() }
        return file.newestMeta
    }

    private mutating func keep(_ meta: MetaPageBytes, _ node: Int, _ file: DiskFile) {
        let number = Number(file: node, transaction: meta.transaction)
        let pages = file.pages(from: meta)
        all[number]?.pages = pages
        all[number]?.versions = file.versions(of: pages, meta.pageSize)
    }

    /// What of a state is not as its newest commit has written it; nil: all is.
    func fault(of file: DiskFile, _ node: Int) -> String? {
        guard file.size >= 8192, let meta = file.newestMeta else { return "it has no meta page" }
        guard let commit = all[Number(file: node, transaction: meta.transaction)] else {
            return "its meta page is of commit \(meta.transaction), which nobody made"
        }
        let sectors = meta.pageSize / DiskFile.sectorSize
        for (place, page) in commit.pages.enumerated() {
            guard (page + 1) * meta.pageSize <= file.size else {
                return "page \(page) of commit \(meta.transaction) lies behind its end"
            }
            for sector in 0..<sectors
            where file.versions[page * sectors + sector] != commit.versions[place * sectors + sector] {
                return "sector \(sector) of page \(page) is not as commit \(meta.transaction) has written it"
            }
        }
        return nil
    }

    subscript(file: Int, transaction: UInt64) -> Commit? { all[Number(file: file, transaction: transaction)] }
}

/// What a meta page says; the layout is that of LMDB 0.9 with words of 64 bits, least byte first.
struct MetaPageBytes {
    let transaction: UInt64
    let mapSize: Int
    let pageSize: Int
    let roots: [UInt64]

    init?(_ page: UnsafeRawPointer) {
        guard page.load(fromByteOffset: 16, as: UInt32.self) == 0xBEEF_C0DE else { return nil }
        mapSize = page.load(fromByteOffset: 32, as: Int.self)
        pageSize = Int(page.load(fromByteOffset: 40, as: UInt32.self))
        roots = [40 + 40, 88 + 40].map { page.load(fromByteOffset: $0, as: UInt64.self) }.filter { $0 != .max }
        transaction = page.load(fromByteOffset: 144, as: UInt64.self)
    }
}

extension DiskFile {
    /// The meta page that LMDB would start from.
    var newestMeta: MetaPageBytes? {
        guard versions.count >= 16, let first = MetaPageBytes(bytes), let second = MetaPageBytes(bytes + 4096) else {
            return nil
        }
        return first.transaction > second.transaction ? first : second
    }

    fileprivate func versions(of pages: [Int], _ pageSize: Int) -> [Int32] {
        let sectors = pageSize / Self.sectorSize
        return pages.flatMap { versions[$0 * sectors..<($0 + 1) * sectors] }
    }

    /// Every page that a whole file's commit leads to.
    fileprivate func pages(from meta: MetaPageBytes) -> [Int] {
        var (found, waiting) = ([Int](), meta.roots.map { Int($0) })
        while let number = waiting.popLast() {
            found.append(number)
            let page = bytes + number * meta.pageSize
            let isBranch = page.load(fromByteOffset: 10, as: UInt16.self) & 1 != 0
            for index in 0..<(Int(page.load(fromByteOffset: 12, as: UInt16.self)) - 16) / 2 {
                let node = page + Int(page.load(fromByteOffset: 16 + 2 * index, as: UInt16.self))
                let flags = node.loadUnaligned(fromByteOffset: 4, as: UInt16.self)
                if isBranch {
                    let low = node.loadUnaligned(as: UInt32.self)
                    waiting.append(Int(low) | Int(flags) << 32)
                    continue
                }
                let data = node + 8 + Int(node.loadUnaligned(fromByteOffset: 6, as: UInt16.self))
                if flags & 1 != 0 {
                    let first = Int(data.loadUnaligned(as: UInt64.self))
                    let header = bytes + first * meta.pageSize
                    found += first..<first + Int(header.load(fromByteOffset: 12, as: UInt32.self))
                } else if flags & 2 != 0 {
                    let root = data.loadUnaligned(fromByteOffset: 40, as: UInt64.self)
                    if root != .max { waiting.append(Int(root)) }
                }
            }
        }
        return found
    }
}

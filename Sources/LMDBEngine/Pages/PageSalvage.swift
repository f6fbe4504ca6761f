// What can still be read of a file that LMDB must not map. Where `PageWalk` ends at what is wrong, this goes on behind
// it: whoever takes the entries has to know by their own checksums which of them can be believed.

import Glibc

/// A data file that may be damaged anywhere, read for what is left of it. Nobody may be writing to it.
public struct PageSalvage {
    private let file: FileDescriptor
    private let meta: MetaPage
    private let pageCount: UInt64
    /// Pages that a tree leads to, readable or not.
    private var reached: PageSet
    private var free: PageSet
    /// How many pages of values may still be read again, for another entry that leads to them.
    private var pagesToReadAgain: UInt64
    /// Whether it is known which pages are free; call it after ``eachEntry(_:)``.
    public private(set) var freeListIsWhole = true
    /// Pages that a tree leads to, and that could not be read as what they must be.
    public private(set) var lostPages = 0
    /// Nodes of pages that could be read, and whose place on them could not.
    public private(set) var lostNodes = 0
    /// LMDB's number of the commit whose trees are read; nil: no meta page leads to any bucket, and a list of buckets was
    /// looked for among all pages.
    public let transaction: UInt64?

    /// Whether the trees are those of the older of the two commits that the file has: the newer one's are damaged.
    public let isOlder: Bool

    /// Whether one of the two meta pages is damaged: it may have been that of the newest commit.
    public let lacksMetaPage: Bool

    /// Those who have the store open, in words; nil: nobody. What they change meanwhile looks like damage.
    public let users: String?

    /// A larger value cannot have been ours.
    private static let valueLimit = 64 << 20
    /// The page sizes that are tried where no meta page says it, the usual one first.
    private static let usualPageSizes = [4096, 16384, 32768, 8192]
    /// So much of a page's entries is shown at once, in bytes.
    private static let shownAtOnce = 4 << 20

    /// - Throws: when there is no such file, or nothing in it that could be a store's.
    public init(directory: String) throws {
        let directory = StoreDirectory(path: directory)
        file = try directory.openedData()
        let size = Int(try file.status.st_size)
        let memory = PageMemory(capacity: 1 << 16)
        defer { withExtendedLifetime(memory) {} }
        let metas = try Self.metas(file, memory)
        lacksMetaPage = metas.count < 2
        users = directory.users().isEmpty ? nil : directory.usersInWords()
        // LMDB begins a file with a meta page that leads nowhere, and a compact copy still has it.
        let commits = metas.filter { $0.buckets.root != nil }
        if let best = try Self.best(of: commits, file, size) {
            (meta, transaction, isOlder) = (best, best.transaction, best != commits.first)
        } else if let found = try Self.listOfBuckets(file, memory, size) {
            (meta, transaction, isOlder) = (found, nil, false)
        } else {
            throw EnvironmentError(
                .notAStore, "\(file.path): nothing can be saved: it has neither a meta page nor a list of buckets")
        }
        pageCount = UInt64(size / meta.pageSize)
        let known = min(pageCount, meta.lastPage + 1)
        (reached, free, pagesToReadAgain) = (PageSet(capacity: known), PageSet(capacity: known), known)
    }

    /// How great a part of the file has been read: 0 to 1. In the end the rest is free, or no tree leads to it.
    private var share: Double { Double(reached.count) / Double(max(1, reached.capacity)) }

    /// Shows all entries that a tree leads to, bucket by bucket and nearly in the order of their keys, each with
    /// how great a part of the file has been read by then.
    public mutating func eachEntry(
        _ body: (_ share: Double, _ bucket: String, _ key: Span<UInt8>, _ value: Span<UInt8>) throws -> Void
    ) throws {
        var buckets: [NamedTree] = []
        try visit(meta.buckets.root, 0, nil, nil) { _, node in
            guard node.flags == PageNode.tree, node.data.count == TreeRecord.byteCount else { return false }
            buckets.append(NamedTree(name: node.key.array, record: TreeRecord(node.data)))
            return true
        }
        for bucket in buckets {
            let name = String(decoding: bucket.name, as: UTF8.self)
            try visit(bucket.record.root, 0, nil, nil) { salvage, node in
                let share = salvage.share
                return try salvage.withValue(of: node) { value in
                    try node.key.withSpan { try body(share, name, $0, value) }
                }
            }
        }
        try readFreeList()
    }

    /// Shows the entries of leaf pages that no tree leads to, page by page, or those of a page in several parts where
    /// they are long; call it after ``eachEntry(_:)``.
    ///
    /// What lies on a page that is neither in a tree nor free hung below a page that is lost: it is the newest there is.
    /// What lies on a free page is older than what is in the trees, or was deleted; which pages are free is not known
    /// when the free list itself is damaged.
    /// - Parameter includingFree: show those of pages, too, that are free or may be.
    public mutating func eachLostPage(
        includingFree: Bool, _ body: ([(key: [UInt8], value: [UInt8])]) throws -> Void
    ) throws {
        guard includingFree || freeListIsWhole else { return }
        let memory = PageMemory(capacity: meta.pageSize)
        defer { withExtendedLifetime(memory) {} }
        for number in 2..<max(2, reached.capacity) where !reached.contains(number) {
            if free.contains(number), !includingFree { continue }
            let place = Int(number) * meta.pageSize
            guard let bytes = try memory.readIfPossible(file, at: place, count: meta.pageSize) else {
                lostPages += 1
                continue
            }
            guard bytes.count == meta.pageSize else { continue }
            let page = TreePage(bytes)
            guard page.isLeaf, page.headerFault(number) == nil else { continue }
            try show(page, body)
        }
    }

    private mutating func show(_ page: TreePage, _ body: ([(key: [UInt8], value: [UInt8])]) throws -> Void) throws {
        var entries: [(key: [UInt8], value: [UInt8])] = []
        var size = 0
        for index in 0..<page.count {
            guard let node = page.node(index) else { continue }
            _ = try withValue(of: node) { value in
                entries.append((node.key.array, value.indices.map { value[$0] }))
                size += value.count
            }
            guard size > Self.shownAtOnce else { continue }
            try body(entries)
            (entries, size) = ([], 0)
        }
        if !entries.isEmpty { try body(entries) }
    }

    // MARK: Trees

    /// A page and all below it; `body` answers whether it could make something of a node.
    private mutating func visit(
        _ number: UInt64?, _ level: Int, _ lower: PageBytes?, _ upper: PageBytes?,
        _ body: (inout PageSalvage, PageNode) throws -> Bool
    ) throws {
        guard let number else { return }
        guard level < TreeRecord.depthLimit, number >= 2, number < reached.capacity, reached.insert(number) else {
            lostPages += 1
            return
        }
        let memory = PageMemory(capacity: meta.pageSize)
        defer { withExtendedLifetime(memory) {} }
        let bytes = try memory.readIfPossible(file, at: Int(number) * meta.pageSize, count: meta.pageSize)
        guard let page = bytes.map(TreePage.init), page.isBranch || page.isLeaf else {
            lostPages += 1
            return
        }
        // A page with another's number may be another's, unless all it has belongs here.
        let isElsewhere = page.number != number
        for index in 0..<page.count {
            guard let node = page.node(index), !isElsewhere || Self.belongs(node.key, lower, upper) else {
                lostNodes += 1
                continue
            }
            if page.isLeaf {
                if try !body(&self, node) { lostNodes += 1 }
            } else {
                let next = index + 1 < page.count ? page.node(index + 1)?.key : upper
                try visit(node.child, level + 1, index == 0 ? lower : node.key, next, body)
            }
        }
    }

    private static func belongs(_ key: PageBytes, _ lower: PageBytes?, _ upper: PageBytes?) -> Bool {
        if let lower, key.precedes(lower) { return false }
        return upper.map { key.precedes($0) } ?? true
    }

    /// Shows the whole value of a leaf's node; false: it is not there.
    private mutating func withValue(of node: PageNode, _ body: (Span<UInt8>) throws -> Void) throws -> Bool {
        guard (1...511).contains(node.key.count), node.flags == 0 || node.isOnOverflowPages else { return false }
        guard node.isOnOverflowPages else {
            try node.data.withSpan(body)
            return true
        }
        let (first, run) = (node.firstOverflowPage, node.overflowPages(meta.pageSize))
        guard node.valueSize <= Self.valueLimit, first >= 2, first < reached.capacity, run <= reached.capacity - first
        else { return false }
        guard claim(first..<first + run) else { return false }
        let memory = PageMemory(capacity: node.valueSize)
        defer { withExtendedLifetime(memory) {} }
        let place = Int(first) * meta.pageSize + PageKind.headerSize
        guard let value = try memory.readIfPossible(file, at: place, count: node.valueSize),
            value.count == node.valueSize
        else { return false }
        try value.withSpan(body)
        return true
    }

    /// Whether a value's pages may be read. What several entries lead to is shown for each, as the checksums tell whose
    /// it is; but all of that together is no more than the file, however many they are.
    private mutating func claim(_ run: Range<UInt64>) -> Bool {
        for number in run where !reached.insert(number) {
            guard pagesToReadAgain > 0 else { return false }
            pagesToReadAgain -= 1
        }
        return true
    }

    private mutating func readFreeList() throws {
        let before = (lostPages, lostNodes)
        var numbers: [UInt64] = []
        try visit(meta.freePages.root, 0, nil, nil) { salvage, node in
            var isWhole = false
            let isThere = try salvage.withValue(of: node) { value in
                guard value.count >= 8 else { return }
                // How many they are comes first; the entry may be longer.
                let count = Self.number(in: value, at: 0)
                isWhole = count < value.count / 8
                guard isWhole else { return }
                for index in 0..<Int(count) { numbers.append(Self.number(in: value, at: 8 + 8 * index)) }
            }
            return isThere && isWhole
        }
        for number in numbers where number < free.capacity { _ = free.insert(number) }
        freeListIsWhole = transaction != nil && before == (lostPages, lostNodes)
    }

    private static func number(in value: Span<UInt8>, at place: Int) -> UInt64 {
        (0..<8).reversed().reduce(0) { $0 << 8 | UInt64(value[place + $1]) }
    }

    // MARK: Where to begin

    /// Those that can be used, the newest first.
    private static func metas(_ file: FileDescriptor, _ memory: PageMemory) throws -> [MetaPage] {
        var found: [MetaPage] = []
        for size in usualPageSizes + [512, 1024, 2048] where found.isEmpty {
            for place in 0..<2 {
                let bytes = try memory.readIfPossible(file, at: place * size, count: MetaPage.byteCount)
                if let bytes, let meta = MetaPage(bytes), meta.version == 1, meta.pageSize == size,
                    meta.fault(at: UInt64(place)) == nil
                {
                    found.append(meta)
                }
            }
        }
        return found.sorted { $0.transaction > $1.transaction }
    }

    /// The newest one that is whole; where none is, the newest.
    private static func best(of metas: [MetaPage], _ file: FileDescriptor, _ size: Int) throws -> MetaPage? {
        for meta in metas {
            var walk = PageWalk(file, meta, pageCount: UInt64(size / meta.pageSize))
            try walk.checkAll(expecting: nil)
            if walk.report.arePagesSound { return meta }
        }
        return metas.first
    }

    /// A leaf page with nothing but buckets, of which the most can be read; as a commit may have had it.
    private static func listOfBuckets(_ file: FileDescriptor, _ memory: PageMemory, _ size: Int) throws -> MetaPage? {
        for pageSize in usualPageSizes {
            if let found = try listOfBuckets(file, memory, size, pageSize: pageSize) { return found }
        }
        return nil
    }

    private static func listOfBuckets(
        _ file: FileDescriptor, _ memory: PageMemory, _ size: Int, pageSize: Int
    ) throws -> MetaPage? {
        var best: (meta: MetaPage, faults: Int, entries: Int)?
        for number in 2..<max(2, size / pageSize) {
            guard let bytes = try memory.readIfPossible(file, at: number * pageSize, count: pageSize) else { continue }
            let page = TreePage(bytes)
            guard page.isLeaf, page.headerFault(UInt64(number)) == nil,
                (0..<page.count).allSatisfy({ page.node($0)?.flags == PageNode.tree })
            else { continue }
            let meta = MetaPage(
                listOfBuckets: UInt64(number), entries: page.count, pageSize: pageSize,
                lastPage: UInt64(size / pageSize) - 1)
            var walk = PageWalk(file, meta, pageCount: UInt64(size / pageSize))
            // One that is worse than the best so far need not be known to its end.
            walk.faultLimit = best?.faults ?? .max
            for bucket in try walk.buckets() { try walk.check(bucket) }
            let (faults, entries) = (walk.report.count, walk.report.entries)
            if best.map({ ($0.faults, -$0.entries) > (faults, -entries) }) ?? true { best = (meta, faults, entries) }
        }
        return best?.meta
    }
}

// LMDB's trees, walked by ordinary reads: for files that LMDB must not map yet. Every number found is checked before it
// is used, so that no damage can do more than be named. Memory: two bits a page, and one page for each level of a tree.

/// A walk over all pages that a meta page leads to.
struct PageWalk {
    private let file: FileDescriptor
    private let meta: MetaPage
    /// How many pages the file really has.
    private let pageCount: UInt64
    /// Those that a tree leads to, and those that the free list has.
    private var reached: PageSet
    private var free: PageSet
    /// Free ones that the file has never had.
    private var freeBehindEnd: UInt64 = 0
    private var levels: [PageMemory] = []
    private var starts: PageStarts
    private let header = PageMemory(capacity: 16)
    private(set) var report = PageReport()
    /// With more faults than that no further pages are looked at.
    var faultLimit = Int.max

    init(_ file: FileDescriptor, _ meta: MetaPage, pageCount: UInt64) {
        self.file = file
        self.meta = meta
        self.pageCount = pageCount
        let known = min(pageCount, meta.lastPage + 1)
        (reached, free) = (PageSet(capacity: known), PageSet(capacity: known))
        starts = PageStarts(pageSize: meta.pageSize)
        report.transaction = meta.transaction
    }

    /// Looks at every page: each must belong to one tree, at one place, or be free.
    /// - Parameter names: those of all buckets that there must be; nil: whatever there is.
    mutating func checkAll(expecting names: [String]?) throws {
        let found = try buckets()
        if let names { checkNames(found, names) }
        for bucket in found { try check(bucket) }
        try check(PageTree(.freeList, "the free list", meta.freePages))
        checkEveryPage()
    }

    /// The buckets, as far as the tree of them can be read.
    mutating func buckets() throws -> [NamedTree] {
        var tree = PageTree(.bucketList, "the list of buckets", meta.buckets)
        try check(&tree)
        return tree.found
    }

    mutating func check(_ bucket: NamedTree) throws { try check(PageTree(.bucket, bucket.title, bucket.record)) }

    private mutating func check(_ tree: PageTree) throws {
        var tree = tree
        try check(&tree)
    }

    private mutating func check(_ tree: inout PageTree) throws {
        if let fault = tree.record.fault(isOfFreePages: tree.purpose == .freeList) {
            report.fault("\(tree.title) \(fault)")
        }
        let before = report.count
        if let root = tree.record.root { try visit(root, 0, from: nil, to: nil, &tree) }
        // Where a page could not be read, the sums say nothing.
        guard report.count == before, before <= faultLimit else { return }
        for fault in tree.sumFaults { report.fault("\(tree.title) \(fault)") }
    }

    // MARK: Pages of a tree

    /// A page and all below it.
    /// - Parameters:
    ///   - level: how many pages lie above it.
    ///   - lower: the least key that it may have.
    ///   - upper: the first that belongs to the next.
    private mutating func visit(
        _ number: UInt64, _ level: Int, from lower: PageBytes?, to upper: PageBytes?, _ tree: inout PageTree
    ) throws {
        guard report.count <= faultLimit else { return }
        guard level < TreeRecord.depthLimit, level < Int(tree.record.depth) else {
            return fault(number, tree, "lies \(level + 1) levels deep, and the tree has \(tree.record.depth)")
        }
        guard take(number, tree) else { return }
        if level == levels.count { levels.append(PageMemory(capacity: meta.pageSize)) }
        let place = Int(number) * meta.pageSize
        guard let bytes = try levels[level].readIfPossible(file, at: place, count: meta.pageSize) else {
            return fault(number, tree, Self.unreadable)
        }
        let page = TreePage(bytes)
        report.pages += 1
        if let what = page.headerFault(number) ?? page.layoutFault(&starts) ?? page.keyFault(lower, upper, tree.order) {
            return fault(number, tree, what)
        }
        if page.isBranch {
            tree.branchPages += 1
            try visitChildren(of: page, level, from: lower, to: upper, &tree)
        } else {
            tree.leafPages += 1
            if level + 1 != Int(tree.record.depth) {
                fault(number, tree, "is a leaf at level \(level + 1), and the tree has \(tree.record.depth)")
            }
            try visitEntries(of: page, &tree)
        }
    }

    private mutating func visitChildren(
        of page: TreePage, _ level: Int, from lower: PageBytes?, to upper: PageBytes?, _ tree: inout PageTree
    ) throws {
        for index in 0..<page.count {
            guard let node = page.node(index) else { continue }
            let next = index + 1 < page.count ? page.node(index + 1)?.key : upper
            // The first key of a branch says nothing: whatever is less than the second lies there.
            try visit(node.child, level + 1, from: index == 0 ? lower : node.key, to: next, &tree)
        }
    }

    private mutating func visitEntries(of page: TreePage, _ tree: inout PageTree) throws {
        for index in 0..<page.count {
            guard let node = page.node(index) else { continue }
            tree.entries += 1
            report.entries += 1
            switch tree.purpose {
            case .bucketList:
                guard node.flags == PageNode.tree, node.data.count == TreeRecord.byteCount else {
                    fault(page.number, tree, "has an entry \(index) that is no bucket")
                    continue
                }
                tree.found.append(NamedTree(name: node.key.array, record: TreeRecord(node.data)))
            case .bucket, .freeList:
                guard node.flags == 0 || node.isOnOverflowPages else {
                    fault(page.number, tree, "has an entry \(index) with the flags \(node.flags)")
                    continue
                }
                // A run that is another's is not read: any number of nodes could lead to the same.
                if node.isOnOverflowPages, try !takeOverflow(node, page.number, &tree) { continue }
                if tree.purpose == .freeList { try takeFree(node, page.number, tree) }
            }
        }
    }

    /// Whether this page can be looked at: it is there, and no other way led to it.
    private mutating func take(_ number: UInt64, _ tree: PageTree) -> Bool {
        guard number >= 2, number <= meta.lastPage else {
            fault(number, tree, "is none that is in use: those are 2 to \(meta.lastPage)")
            return false
        }
        guard number < pageCount else {
            report.missingPages += 1
            fault(number, tree, "is missing: the file has \(pageCount) pages")
            return false
        }
        guard reached.insert(number) else {
            fault(number, tree, "is used twice")
            return false
        }
        return true
    }

    /// The run of pages that a large value lies on; its first one says how many they are, which may be more than needed.
    /// - Returns: whether all of it is there, and no other way led to it.
    private mutating func takeOverflow(_ node: PageNode, _ page: UInt64, _ tree: inout PageTree) throws -> Bool {
        let first = node.firstOverflowPage
        guard take(first, tree) else { return false }
        let place = Int(first) * meta.pageSize
        guard let bytes = try header.readIfPossible(file, at: place, count: PageKind.headerSize) else {
            fault(first, tree, Self.unreadable)
            return false
        }
        let (number, flags, run) = (bytes.number64(at: 0), bytes.number16(at: 10), UInt64(bytes.number32(at: 12)))
        guard number == first, flags == PageKind.overflow, run >= node.overflowPages(meta.pageSize) else {
            fault(
                first, tree, "is not the first of \(node.overflowPages(meta.pageSize)) overflow pages of page \(page)")
            return false
        }
        for other in (first + 1)..<(first + run) {
            guard take(other, tree) else { return false }
        }
        report.pages += Int(run)
        tree.overflowPages += run
        return true
    }

    // MARK: The free list

    /// The pages that one transaction has freed: a count, and their numbers, the greatest first.
    private mutating func takeFree(_ node: PageNode, _ page: UInt64, _ tree: PageTree) throws {
        guard node.key.count == 8, node.valueSize >= 8, node.valueSize % 8 == 0 else {
            return fault(page, tree, "has an entry of \(node.key.count) and \(node.valueSize) bytes")
        }
        if node.key.number64(at: 0) > meta.transaction {
            fault(page, tree, "has pages that transaction \(node.key.number64(at: 0)) will have freed")
        }
        var numbers = FreePageNumbers(node, file, meta.pageSize)
        guard let count = try numbers.next(), count < UInt64(node.valueSize / 8) else {
            return fault(page, tree, "has a list of free pages that is longer than its entry")
        }
        var before = UInt64.max
        for _ in 0..<count {
            guard let number = try numbers.next() else {
                return fault(page, tree, "has a list of free pages that is cut off")
            }
            guard number >= 2, number <= meta.lastPage, number < before else {
                return fault(page, tree, "calls page \(number) free, out of order or not in use at all")
            }
            before = number
            takeFree(number, page, tree)
        }
    }

    private mutating func takeFree(_ number: UInt64, _ page: UInt64, _ tree: PageTree) {
        guard number < pageCount else {
            freeBehindEnd += 1
            return
        }
        if reached.contains(number) { return fault(page, tree, "calls page \(number) free, which is in use") }
        if !free.insert(number) { fault(page, tree, "calls page \(number) free for the second time") }
    }

    /// Each page in use is in a tree or free. Asked only when all trees could be read.
    private mutating func checkEveryPage() {
        guard report.arePagesSound else { return }
        var lost: [UInt64] = []
        var count = 0
        for number in 2..<max(2, reached.capacity) where !reached.contains(number) && !free.contains(number) {
            count += 1
            if lost.count < 10 { lost.append(number) }
        }
        if count > 0 {
            report.harmless += 1
            let names = lost.map { "\($0)" }.joined(separator: ", ")
            report.fault(
                "\(count) pages are in no tree and not free: \(names)\(count > lost.count ? " …" : ""); their room is lost"
            )
        }
        let behind = meta.lastPage + 1 - min(meta.lastPage + 1, pageCount)
        if behind != freeBehindEnd {
            report.fault(
                "the file has \(pageCount) pages of \(meta.lastPage + 1), and \(freeBehindEnd) of those that are missing "
                    + "are free: its end is cut off")
        }
    }

    private mutating func checkNames(_ found: [NamedTree], _ names: [String]) {
        let (known, wanted) = (Set(found.map(\.name)), names.map { Array($0.utf8) })
        for name in wanted where !known.contains(name) {
            report.harmless += 1
            report.fault("there is no bucket \(String(decoding: name, as: UTF8.self))")
        }
        for bucket in found where !wanted.contains(bucket.name) {
            report.harmless += 1
            report.fault("\(bucket.title) is none of ours")
        }
    }

    private static let unreadable = "cannot be read: the disk gives an error (EIO); see what it has to say (dmesg)"

    private mutating func fault(_ number: UInt64, _ tree: PageTree, _ what: String) {
        report.fault("page \(number), in \(tree.title), \(what)")
    }
}

/// A bucket as the list of buckets has it.
struct NamedTree {
    let name: [UInt8]
    let record: TreeRecord

    /// Its name may be damaged, and anything.
    var title: String {
        let isPlain = name.allSatisfy { (0x21..<0x7F).contains($0) }
        return "the bucket " + (isPlain ? String(decoding: name, as: UTF8.self) : "of the name \(name)")
    }
}

/// A tree while it is walked.
private struct PageTree {
    enum Purpose { case bucketList, bucket, freeList }

    let purpose: Purpose
    /// What sentences call it.
    let title: String
    let record: TreeRecord
    var branchPages: UInt64 = 0
    var leafPages: UInt64 = 0
    var overflowPages: UInt64 = 0
    var entries: UInt64 = 0
    /// Of the list of buckets: what was found.
    var found: [NamedTree] = []

    init(_ purpose: Purpose, _ title: String, _ record: TreeRecord) {
        self.purpose = purpose
        self.title = title
        self.record = record
    }

    var order: KeyOrder { purpose == .freeList ? .integers : .bytes }

    /// What its record says otherwise than its pages.
    var sumFaults: [String] {
        let sums = [
            ("branch pages", branchPages, record.branchPages), ("leaf pages", leafPages, record.leafPages),
            ("overflow pages", overflowPages, record.overflowPages), ("entries", entries, record.entries),
        ]
        return sums.filter { $0.1 != $0.2 }.map { "has \($0.1) \($0.0), and its record says \($0.2)" }
    }
}

private enum KeyOrder {
    case bytes, integers

    func precedes(_ key: PageBytes, _ other: PageBytes) -> Bool {
        switch self {
        case .bytes: key.precedes(other)
        case .integers:
            key.count == 8 && other.count == 8 && key.number64(at: 0) < other.number64(at: 0)
        }
    }
}

extension TreePage {
    /// What is wrong with the keys; nil: they are in order, and none belongs elsewhere.
    fileprivate func keyFault(_ lower: PageBytes?, _ upper: PageBytes?, _ order: KeyOrder) -> String? {
        // The first key of a branch says nothing.
        let first = isBranch ? 1 : 0
        var before: PageBytes?
        for index in first..<max(first, count) {
            guard let key = node(index)?.key else { continue }
            guard (1...511).contains(key.count) else { return "has a key \(index) of \(key.count) bytes" }
            if let before, !order.precedes(before, key) {
                return "has a key \(index) that is not behind the one before it"
            }
            if before == nil, let lower, order.precedes(key, lower) {
                return "has keys that belong on a page before it"
            }
            before = key
        }
        if let before, let upper, !order.precedes(before, upper) { return "has keys that belong on a page behind it" }
        return nil
    }
}

/// The numbers of an entry of the free list, read piece by piece where it lies on overflow pages.
private struct FreePageNumbers {
    private let file: FileDescriptor
    private let memory: PageMemory?
    private var part: PageBytes
    private var offset = 0
    /// Where in the file the next piece is, and how many bytes are to come.
    private var place: Int
    private var left: Int

    init(_ node: PageNode, _ file: FileDescriptor, _ pageSize: Int) {
        self.file = file
        let isElsewhere = node.isOnOverflowPages
        memory = isElsewhere ? PageMemory(capacity: 1 << 16) : nil
        part = isElsewhere ? node.data.part(at: 0, count: 0) : node.data
        place = isElsewhere ? Int(truncatingIfNeeded: node.firstOverflowPage) &* pageSize &+ PageKind.headerSize : 0
        left = isElsewhere ? node.valueSize : 0
    }

    /// Nil: there are no more.
    mutating func next() throws -> UInt64? {
        if offset + 8 > part.count {
            guard let memory, left >= 8, place >= 0 else { return nil }
            guard let read = try memory.readIfPossible(file, at: place, count: min(left, memory.capacity)),
                read.count >= 8
            else { return nil }
            (part, offset, place, left) = (read, 0, place + read.count, left - read.count)
        }
        defer { offset += 8 }
        return part.number64(at: offset)
    }
}

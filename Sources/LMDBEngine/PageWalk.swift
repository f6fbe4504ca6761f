// LMDB's trees, walked by ordinary reads: for files that LMDB must not map yet. Every number found is checked before it
// is used, so that no damage can do more than end the walk.

/// A walk over the pages of a data file.
struct PageWalk {
    private let descriptor: FileDescriptor
    private let pageSize: Int
    /// How many pages the file really has.
    private let pageCount: UInt64

    init(_ descriptor: FileDescriptor, pageSize: Int, pageCount: UInt64) {
        self.descriptor = descriptor
        self.pageSize = pageSize
        self.pageCount = pageCount
    }

    /// Whether every page that `meta` leads to lies inside the file and looks like what it should be.
    func reachesOnlyPresentPages(from meta: MetaPage) throws -> Bool {
        var visited = Set<UInt64>()
        for root in meta.roots {
            guard try walk(root, &visited, { _ in }) else { return false }
        }
        return true
    }

    /// The names of the buckets, as far as the tree of buckets can be read.
    func bucketNames(from meta: MetaPage) throws -> Set<[UInt8]> {
        var visited = Set<UInt64>()
        var names = Set<[UInt8]>()
        _ = try walk(meta.roots[1], &visited) { names.insert($0) }
        return names
    }

    /// Visits a tree and the trees inside it; `found` gets the name of each of these.
    private func walk(_ root: TreeRoot, _ visited: inout Set<UInt64>, _ found: ([UInt8]) -> Void) throws -> Bool {
        var pending = [root.page].compactMap(\.self)
        while let number = pending.popLast() {
            guard visited.insert(number).inserted, let page = try page(number) else { return false }
            for node in page.nodes {
                switch node {
                case .child(let child): pending.append(child)
                case .value: break
                case .overflow(let first): if try !isPresent(overflow: first) { return false }
                case .tree(let name, let root):
                    found(name)
                    pending += [root.page].compactMap(\.self)
                case .nonsense: return false
                }
            }
        }
        return true
    }

    private func page(_ number: UInt64) throws -> TreePage? {
        guard number < pageCount else { return nil }
        return TreePage(try descriptor.bytes(at: Int(number) * pageSize, count: pageSize)[...])
    }

    /// Whether a run of overflow pages, whose first one says how many they are, lies inside the file.
    private func isPresent(overflow first: UInt64) throws -> Bool {
        guard first < pageCount else { return false }
        let header = try descriptor.bytes(at: Int(first) * pageSize, count: 16)[...]
        let (flags, count): (UInt16, UInt32) = (header.integer(at: 10), header.integer(at: 12))
        return flags & 0x04 != 0 && first + UInt64(count) <= pageCount
    }
}

/// A branch or leaf page: after the header of 16 bytes two for each node, its place in the page.
private struct TreePage {
    enum Node {
        case child(UInt64), value, overflow(UInt64), tree(name: [UInt8], TreeRoot), nonsense
    }

    private let bytes: ArraySlice<UInt8>
    private let isBranch: Bool
    private let nodeCount: Int

    /// Nil: neither a branch nor a leaf.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count >= 512 else { return nil }
        let (flags, lower): (UInt16, UInt16) = (bytes.integer(at: 10), bytes.integer(at: 12))
        guard flags & 0x03 == 1 || flags & 0x03 == 2, (16...bytes.count).contains(Int(lower)) else { return nil }
        self.bytes = bytes
        isBranch = flags & 0x01 != 0
        nodeCount = (Int(lower) - 16) / 2
    }

    var nodes: some Sequence<Node> { (0..<nodeCount).lazy.map(node) }

    /// A node: low 2, high 2, flags 2, key size 2, key, data. Of a branch the first three make the page number; of a
    /// leaf the first two make the data's size, and the flags say where the data is.
    private func node(_ index: Int) -> Node {
        let start = Int(bytes.integer(at: 16 + 2 * index) as UInt16)
        guard start + 8 <= bytes.count else { return .nonsense }
        let low: UInt64 = UInt64(bytes.integer(at: start) as UInt32)
        let flags: UInt16 = bytes.integer(at: start + 4)
        if isBranch { return .child(low | UInt64(flags) << 32) }
        let keySize = Int(bytes.integer(at: start + 6) as UInt16)
        let data = bytes.dropFirst(start + 8 + keySize)
        switch flags {
        case 0x01 where data.count >= 8: return .overflow(data.integer(at: 0))
        case 0x02 where data.count >= TreeRoot.byteCount:
            return .tree(name: Array(bytes.dropFirst(start + 8).prefix(keySize)), TreeRoot(data))
        case 0: return .value
        default: return .nonsense
        }
    }
}

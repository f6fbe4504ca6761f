/// An ordered map of bytes to bytes whose copies cost nothing and never change: what snapshots are made of.
///
/// A treap: ordered by key, and by a number drawn from the key's bytes so that it stays flat; a change copies the path
/// from the root. The same entries always give the same tree.
struct PersistentMap: Sendable {
    private var root: Node?

    private final class Node: Sendable {
        let key: [UInt8]
        let value: [UInt8]
        let priority: UInt64
        let left: Node?
        let right: Node?

        init(_ key: [UInt8], _ value: [UInt8], _ priority: UInt64, _ left: Node?, _ right: Node?) {
            self.key = key
            self.value = value
            self.priority = priority
            self.left = left
            self.right = right
        }

        func with(left: Node?) -> Node { Node(key, value, priority, left, right) }
        func with(right: Node?) -> Node { Node(key, value, priority, left, right) }
    }

    /// The value of `key`; setting nil removes it.
    subscript(key: [UInt8]) -> [UInt8]? {
        get {
            var node = root
            while let here = node, here.key != key {
                node = key.lexicographicallyPrecedes(here.key) ? here.left : here.right
            }
            return node?.value
        }
        set {
            if let newValue {
                root = Self.putting(Node(key, newValue, Self.priority(key), nil, nil), under: root)
            } else if self[key] != nil {
                root = Self.removing(key, under: root)
            }
        }
    }

    /// The entries of a range in order, or in reverse.
    func entries(_ range: PersistentMap.Bounds, descending: Bool) -> some Sequence<(key: [UInt8], value: [UInt8])> {
        var path: [Node] = []
        func descend(_ start: Node?) {
            var node = start
            while let here = node {
                if range.isBelow(here.key) {
                    node = here.right
                } else if range.isAbove(here.key) {
                    node = here.left
                } else {
                    path.append(here)
                    node = descending ? here.right : here.left
                }
            }
        }
        descend(root)
        return sequence(state: ()) { _ in
            guard let node = path.popLast() else { return nil }
            descend(descending ? node.left : node.right)
            return (node.key, node.value)
        }
    }

    struct Bounds {
        let lower: [UInt8]
        let upper: [UInt8]?

        func isBelow(_ key: [UInt8]) -> Bool { key.lexicographicallyPrecedes(lower) }
        func isAbove(_ key: [UInt8]) -> Bool { upper.map { !key.lexicographicallyPrecedes($0) } ?? false }
    }

    private static func putting(_ new: Node, under node: Node?) -> Node {
        guard let node else { return new }
        if new.key == node.key { return Node(new.key, new.value, new.priority, node.left, node.right) }
        if new.key.lexicographicallyPrecedes(node.key) {
            let left = putting(new, under: node.left)
            if left.priority <= node.priority { return node.with(left: left) }
            return left.with(right: node.with(left: left.right))
        }
        let right = putting(new, under: node.right)
        if right.priority <= node.priority { return node.with(right: right) }
        return right.with(left: node.with(right: right.left))
    }

    private static func removing(_ key: [UInt8], under node: Node?) -> Node? {
        guard let node else { return nil }
        if node.key == key { return joined(node.left, node.right) }
        if key.lexicographicallyPrecedes(node.key) { return node.with(left: removing(key, under: node.left)) }
        return node.with(right: removing(key, under: node.right))
    }

    private static func joined(_ left: Node?, _ right: Node?) -> Node? {
        guard let left else { return right }
        guard let right else { return left }
        if left.priority > right.priority { return left.with(right: joined(left.right, right)) }
        return right.with(left: joined(left, right.left))
    }

    /// FNV-1a, stirred: the last bytes of keys that count up must reach all bits.
    private static func priority(_ key: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 32) &* 0xD6E8_FEB8_6659_FD93
        return hash ^ hash >> 32
    }
}

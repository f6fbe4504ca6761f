/// Keys of one bucket, gathered in any order and given out in theirs. They stand one behind the other in one array: a
/// million of them are not a million objects.
struct KeyList {
    private struct Slot {
        let start: Int
        let count: Int
        /// The eight bytes behind what all keys have in common, once that is known.
        var word: UInt64 = 0
    }

    private var bytes = ByteBuffer(capacity: 0)
    private var slots: [Slot] = []
    /// How many bytes all keys begin with.
    private var common = Int.max
    private var isSorted = true

    var isEmpty: Bool { slots.isEmpty }
    /// The memory that it takes, in bytes.
    var size: Int { bytes.count + slots.count * MemoryLayout<Slot>.stride }

    mutating func append(_ key: Span<UInt8>) {
        let slot = Slot(start: bytes.count, count: key.count)
        bytes.put(key)
        if let last = slots.last {
            common = Self.sharedLength(bytes, last, slot, upTo: common)
            if isSorted { isSorted = Self.precedes(bytes, last, slot, from: common) }
        }
        slots.append(slot)
    }

    /// Shows all keys in their order.
    mutating func eachInOrder(_ body: (Span<UInt8>) throws -> Void) rethrows {
        sort()
        let all = bytes.span
        for slot in slots { try body(all.extracting(slot.start..<slot.start + slot.count)) }
    }

    /// Mostly by comparing one number: what all keys begin with says nothing, and what comes next nearly everything.
    private mutating func sort() {
        guard !isSorted else { return }
        for index in slots.indices { slots[index].word = word(of: slots[index]) }
        let (offset, bytes) = (common, bytes)
        slots.sort { first, second in
            if first.word != second.word { return first.word < second.word }
            return Self.precedes(bytes, first, second, from: offset)
        }
        isSorted = true
    }

    private func word(of slot: Slot) -> UInt64 {
        let bytes = bytes.span
        var word: UInt64 = 0
        for index in common..<common + 8 {
            word = word << 8 | (index < slot.count ? UInt64(bytes[slot.start + index]) : 0)
        }
        return word
    }

    /// How many bytes two keys have in common at their beginnings, at most `limit`.
    private static func sharedLength(_ buffer: ByteBuffer, _ first: Slot, _ second: Slot, upTo limit: Int) -> Int {
        let bytes = buffer.span
        let limit = min(first.count, second.count, limit)
        var index = 0
        while index < limit, bytes[first.start + index] == bytes[second.start + index] { index += 1 }
        return index
    }

    /// Whether one key sorts before another, with which it shares the first `offset` bytes.
    private static func precedes(_ buffer: ByteBuffer, _ first: Slot, _ second: Slot, from offset: Int) -> Bool {
        let bytes = buffer.span
        var index = offset
        while index < first.count, index < second.count {
            let (one, other) = (bytes[first.start + index], bytes[second.start + index])
            if one != other { return one < other }
            index += 1
        }
        return first.count < second.count
    }
}

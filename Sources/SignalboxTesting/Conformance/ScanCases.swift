import OrderedStore
import Testing

extension OrderedStoreConformance {
    static var scanCases: [Case] {
        [
            Case("keys come in byte order, whatever the order they were put in") { store throws in
                let ordered: [[UInt8]] = [[0], [0, 0], [0, 1], [1], [1, 255], [127], [128], [255], [255, 255]]
                try store.write { transaction throws in
                    for key in ordered.shuffled() { try transaction.put(key, key, in: first) }
                }
                #expect(try store.read { try $0.entries(first).map(\.key) } == ordered)
                #expect(try store.read { try $0.entries(first, .all, .descending).map(\.key) } == ordered.reversed())
            },
            Case("a range has its lower bound and not its upper one") { store throws in
                try fill(store)
                let keys = { (lower: UInt8, upper: UInt8, order: ScanOrder) in
                    try store.read { try $0.entries(first, KeyRange(from: [lower], to: [upper]), order).map(\.key) }
                }
                #expect(try keys(20, 40, .ascending) == [[20], [30]])
                #expect(try keys(20, 40, .descending) == [[30], [20]])
                #expect(try keys(15, 41, .ascending) == [[20], [30], [40]])
                #expect(try keys(15, 41, .descending) == [[40], [30], [20]])
                #expect(try keys(0, 10, .ascending) == [])
                #expect(try keys(0, 10, .descending) == [])
                #expect(try keys(51, 99, .ascending) == [])
                #expect(try keys(51, 99, .descending) == [])
                #expect(try keys(50, 99, .descending) == [[50]])
            },
            Case("a range whose bounds are equal or crossed is empty") { store throws in
                try fill(store)
                for (lower, upper) in [([20], [20]), ([40], [20]), ([], [])] as [([UInt8], [UInt8])] {
                    let range = KeyRange(from: lower, to: upper)
                    #expect(try store.read { try $0.entries(first, range, .ascending).isEmpty })
                    #expect(try store.read { try $0.entries(first, range, .descending).isEmpty })
                }
            },
            Case("a range may be open at either end") { store throws in
                try fill(store)
                try store.read { transaction throws in
                    let upwards = KeyRange(from: [40], to: nil)
                    #expect(try transaction.entries(first, upwards).map(\.key) == [[40], [50]])
                    #expect(try transaction.entries(first, upwards, .descending).map(\.key) == [[50], [40]])
                    let downwards = KeyRange(from: [], to: [30])
                    #expect(try transaction.entries(first, downwards).map(\.key) == [[10], [20]])
                    #expect(try transaction.entries(first, downwards, .descending).map(\.key) == [[20], [10]])
                }
            },
            Case("a prefix has its own keys and no others") { store throws in
                let (inside, outside): ([[UInt8]], [[UInt8]]) = (
                    [[7, 255], [7, 255, 0], [7, 255, 255, 255]], [[7], [7, 254, 255], [8], [8, 0]]
                )
                try store.write { transaction throws in
                    for key in inside + outside { try transaction.put(key, in: first) }
                }
                let range = KeyRange(prefix: [7, 255])
                #expect(try store.read { try $0.entries(first, range).map(\.key) } == inside)
                #expect(try store.read { try $0.entries(first, range, .descending).map(\.key) } == inside.reversed())
            },
            Case("a prefix of 255s reaches to the end") { store throws in
                try store.write { transaction throws in
                    for key in [[254, 255], [255], [255, 255], [255, 255, 3]] as [[UInt8]] {
                        try transaction.put(key, in: first)
                    }
                }
                #expect(
                    try store.read { try $0.entries(first, KeyRange(prefix: [255, 255])).map(\.key) }
                        == [[255, 255], [255, 255, 3]])
            },
            Case("a scan stops when told to") { store throws in
                try fill(store)
                for (order, expected) in [(ScanOrder.ascending, [10, 20]), (.descending, [50, 40])] as [(_, [UInt8])] {
                    var seen: [UInt8] = []
                    try store.read { transaction throws in
                        try transaction.scan(first, .all, order) { key, _ in
                            seen.append(key[0])
                            return seen.count == 2 ? .stop : .next
                        }
                    }
                    #expect(seen == expected)
                }
            },
            Case("what a scan's body throws ends it and comes out") { store throws in
                try fill(store)
                var seen = 0
                #expect(throws: Refusal.self) {
                    try store.read { transaction throws in
                        try transaction.scan(first, .all, .ascending) { _, _ in
                            seen += 1
                            throw Refusal()
                        }
                    }
                }
                #expect(seen == 1)
            },
            Case("an empty bucket scans in both directions") { store throws in
                for range in [KeyRange.all, KeyRange(prefix: [1]), KeyRange(from: [1], to: nil)] {
                    #expect(try store.read { try $0.entries(first, range, .ascending).isEmpty })
                    #expect(try store.read { try $0.entries(first, range, .descending).isEmpty })
                }
            },
        ]
    }

    /// Puts the keys 10, 20, 30, 40 and 50.
    private static func fill(_ store: Store) throws {
        try store.write { transaction throws in
            for key in stride(from: 10, through: 50, by: 10) as StrideThrough<UInt8> {
                try transaction.put([key], [key], in: first)
            }
        }
    }
}

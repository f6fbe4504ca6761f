import OrderedStore
import Testing

extension OrderedStoreConformance {
    static var entryCases: [Case] {
        [
            Case("a new store is empty") { store throws in
                try store.read { transaction throws in
                    #expect(try transaction.value([1], in: first) == nil)
                    #expect(try transaction.entries(first).isEmpty)
                }
            },
            Case("what was put is there") { store throws in
                try store.write { try $0.put([1], [10, 11], in: first) }
                #expect(try store.read { try $0.value([1], in: first) } == [10, 11])
            },
            Case("a second put replaces the first, shorter or longer") { store throws in
                for value in [[1, 2, 3], [4], [5, 6, 7, 8]] as [[UInt8]] {
                    try store.write { try $0.put([1], value, in: first) }
                    #expect(try store.read { try $0.entries(first) } == [Entry([1], value)])
                }
            },
            Case("a key in one bucket is not in another") { store throws in
                try store.write { try $0.put([1], [1], in: first) }
                #expect(try store.read { try $0.value([1], in: second) } == nil)
                #expect(try store.write { try $0.delete([1], in: second) } == false)
            },
            Case("delete says whether there was anything") { store throws in
                try store.write { try $0.put([1], in: first) }
                #expect(try store.write { try $0.delete([1], in: first) })
                #expect(try store.write { try $0.delete([1], in: first) } == false)
                #expect(try store.read { try $0.value([1], in: first) } == nil)
            },
            Case("an empty value is not a missing one") { store throws in
                try store.write { try $0.put([1], [], in: first) }
                #expect(try store.read { try $0.value([1], in: first) } == [])
                #expect(try store.read { try $0.entries(first) } == [Entry([1], [])])
            },
            Case("keys have up to 511 bytes") { store throws in
                let key = [UInt8](repeating: 7, count: 511)
                try store.write { try $0.put(key, [1], in: first) }
                #expect(try store.read { try $0.value(key, in: first) } == [1])
                #expect(try store.read { try $0.entries(first, KeyRange(prefix: key)) } == [Entry(key, [1])])
                #expect(try store.write { try $0.delete(key, in: first) })
            },
            Case("keys of no bytes or of 512 are refused, and nothing else is lost") { store throws in
                try store.write { transaction throws in
                    try transaction.put([1], [1], in: first)
                    for key in [[], [UInt8](repeating: 7, count: 512)] {
                        #expect(throws: (any Error).self) { try transaction.value(key, in: first) }
                        do {
                            try transaction.put(key, [1], in: first)
                            Issue.record("a key of \(key.count) bytes was put")
                        } catch {}
                        do {
                            try transaction.delete(key, in: first)
                            Issue.record("a key of \(key.count) bytes was deleted")
                        } catch {}
                    }
                }
                #expect(try store.read { try $0.entries(first) } == [Entry([1], [1])])
            },
            Case("values have up to 100 KB and more") { store throws in
                let value = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                try store.write { transaction throws in
                    for key in 0..<20 as Range<UInt8> { try transaction.put([key], value + [key], in: first) }
                }
                for key in 0..<20 as Range<UInt8> {
                    #expect(try store.read { try $0.value([key], in: first) } == value + [key])
                }
            },
        ]
    }
}

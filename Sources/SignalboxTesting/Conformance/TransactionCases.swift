import OrderedStore
import Synchronization
import Testing

extension OrderedStoreConformance {
    static var transactionCases: [Case] {
        [
            Case("a write sees what it put and deleted") { store throws in
                try store.write { try $0.put([1], [1], in: first) }
                try store.write { transaction throws in
                    try transaction.put([2], [2], in: first)
                    try transaction.delete([1], in: first)
                    #expect(try transaction.value([1], in: first) == nil)
                    #expect(try transaction.value([2], in: first) == [2])
                    #expect(try transaction.entries(first) == [Entry([2], [2])])
                }
            },
            Case("a body that throws has changed nothing") { store throws in
                try store.write { try $0.put([1], [1], in: first) }
                #expect(throws: Refusal.self) {
                    try store.write { transaction throws in
                        try transaction.put([1], [9], in: first)
                        try transaction.put([2], [9], in: second)
                        try transaction.delete([1], in: first)
                        throw Refusal()
                    }
                }
                #expect(try store.read { try $0.entries(first) } == [Entry([1], [1])])
                #expect(try store.read { try $0.entries(second) } == [])
                try store.write { try $0.put([3], [3], in: first) }
                #expect(try store.read { try $0.value([3], in: first) } == [3])
            },
            Case("a snapshot does not see what is committed after it") { store throws in
                try store.write { try $0.put([1], [1], in: first) }
                try store.read { transaction throws in
                    try OSThread {
                        try store.write { transaction throws in
                            try transaction.put([1], [2], in: first)
                            try transaction.put([2], [2], in: first)
                        }
                    }.join()
                    #expect(try transaction.value([1], in: first) == [1])
                    #expect(try transaction.entries(first) == [Entry([1], [1])])
                }
                #expect(try store.read { try $0.entries(first).count } == 2)
            },
            Case("a snapshot does not see what is not committed") { store throws in
                try store.write { transaction throws in
                    try transaction.put([1], [1], in: first)
                    let seen = try OSThread { try store.read { try $0.value([1], in: first) } }.join()
                    #expect(seen == nil)
                }
            },
            Case("a read inside a read, or inside a write, is a snapshot of its own") { store throws in
                try store.write { try $0.put([1], [1], in: first) }
                try store.write { transaction throws in
                    try transaction.put([1], [2], in: first)
                    #expect(try store.read { try $0.value([1], in: first) } == [1])
                }
                try store.read { outer throws in
                    #expect(try store.read { try $0.value([1], in: first) } == [2])
                    #expect(try outer.value([1], in: first) == [2])
                }
            },
            Case("results come out, of reads and of writes") { store throws in
                #expect(
                    try store.write {
                        try $0.put([1], [42], in: first); return "written"
                    } == "written")
                #expect(try store.read { _ in 3 } == 3)
            },
            Case("writers take turns") { store throws in
                let inside = Atomic(0)
                try onThreads(4) { _ in
                    for _ in 0..<25 {
                        try store.write { transaction throws in
                            let before = inside.add(1, ordering: .sequentiallyConsistent)
                            #expect(before.oldValue == 0)
                            let count = try transaction.value([1], in: first)?[0] ?? 0
                            try transaction.put([1], [count + 1], in: first)
                            inside.subtract(1, ordering: .sequentiallyConsistent)
                        }
                    }
                }
                #expect(try store.read { try $0.value([1], in: first) } == [100])
            },
            Case("readers see whole commits while writers write") { store throws in
                try store.write { try put(0, &$0) }
                let writing = OSThread {
                    for number in 1..<100 as Range<UInt8> { try store.write { try put(number, &$0) } }
                }
                try onThreads(2) { _ in
                    for _ in 0..<200 {
                        let pair = try store.read { [try $0.value([1], in: first), try $0.value([1], in: second)] }
                        #expect(pair[0] == pair[1])
                    }
                }
                try writing.join()
            },
        ]
    }

    private static func put(_ number: UInt8, _ transaction: inout Store.Writing) throws {
        try transaction.put([1], [number], in: first)
        try transaction.put([1], [number], in: second)
    }
}

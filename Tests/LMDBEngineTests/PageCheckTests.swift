@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

/// Method: a store of two buckets with branches, overflow pages and a free list is built by the engine itself; each test
/// changes one thing of its file and expects a sentence that names page and bucket. Nothing of a damaged file is mapped.
@Suite struct `A check of pages` {
    @Test func `finds nothing in a sound store, and looks at every page`() throws {
        try withDamage { file in
            let report = try file.check()
            #expect(report.faults == [])
            #expect(report.pages > 50)
            #expect(report.entries > 2600)
        }
    }

    @Test func `finds nothing while others write`() throws {
        try withTemporaryStorePath { path throws in
            try fillForDamage(path)
            let store = try openStore(path)
            let writing = OSThread {
                for round in 0..<200 {
                    try store.write { transaction in
                        for number in 0..<20 {
                            try transaction.put(damagedKey(round * 7 + number), [1, 2, 3], in: firstBucket)
                        }
                        try transaction.delete(damagedKey(round * 11), in: firstBucket)
                    }
                }
            }
            for _ in 0..<20 {
                #expect(try Environment.checkPages(at: path, buckets: conformanceBuckets).faults == [])
            }
            try writing.join()
        }
    }

    @Test func `names a page that has the number of another`() throws {
        try withDamage { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            file.set(UInt64(99), at: leaf, 0)
            try file.expect("page \(leaf), in the bucket \(firstBucket.name), calls itself page 99")
        }
    }

    @Test func `names a page of another kind`() throws {
        try withDamage { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            file.set(UInt16(4), at: leaf, 10)
            try file.expect("page \(leaf), in the bucket \(firstBucket.name), has the flags 4")
        }
    }

    @Test(arguments: [(12, 15), (12, 4000), (14, 0), (14, 4095)])
    func `names a page whose bounds cannot be`(_ offset: Int, _ value: Int) throws {
        try withDamage { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            file.set(UInt16(value), at: leaf, offset)
            try file.expect("page \(leaf), in the bucket \(firstBucket.name), has ")
        }
    }

    @Test(arguments: [0, 3, 17, 4095, 65_535])
    func `names a node that lies elsewhere`(_ place: Int) throws {
        try withDamage { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            file.set(UInt16(place), at: leaf, 18)
            try file.expect("page \(leaf), in the bucket \(firstBucket.name), has a node")
        }
    }

    @Test func `names two nodes at one place`() throws {
        try withDamage { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            file.set(file.number16(leaf, 16), at: leaf, 18)
            try file.expect("page \(leaf), in the bucket \(firstBucket.name), has a node 1 that lies in another")
        }
    }

    @Test(arguments: [0, 2, 4, 6])
    func `names a node of another size or kind`(_ offset: Int) throws {
        try withDamage { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            let node = Int(file.number16(leaf, 20))
            file.set(file.number16(leaf, node + offset) ^ 0x40, at: leaf, node + offset)
            try file.expect("page \(leaf), in the bucket \(firstBucket.name), has ")
        }
    }

    @Test func `names keys that are out of order`() throws {
        try withDamage { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            let (first, second) = (file.number16(leaf, 16), file.number16(leaf, 18))
            file.set(second, at: leaf, 16)
            file.set(first, at: leaf, 18)
            try file.expect("page \(leaf), in the bucket \(firstBucket.name), has a key 1 that is not behind")
        }
    }

    @Test func `names keys that belong on another page`() throws {
        try withDamage { file in
            let branch = try file.page { $0.isBranch && $0.bucket == firstBucket.name }
            // The second child's separator: all keys of the first child come to lie behind it.
            let node = Int(file.number16(branch, 18))
            for index in 0..<4 { file.set(UInt8(0), at: branch, node + 8 + index) }
            try file.expect("in the bucket \(firstBucket.name), has keys that belong on a page behind it")
        }
    }

    @Test func `names a page that is used twice`() throws {
        try withDamage { file in
            let branch = try file.page { $0.isBranch && $0.bucket == firstBucket.name }
            let (first, second) = (Int(file.number16(branch, 16)), Int(file.number16(branch, 18)))
            for index in stride(from: 0, to: 6, by: 2) {
                file.set(file.number16(branch, first + index), at: branch, second + index)
            }
            try file.expect("in the bucket \(firstBucket.name), is used twice")
        }
    }

    @Test func `names a child that the file does not have`() throws {
        try withDamage { file in
            let branch = try file.page { $0.isBranch && $0.bucket == firstBucket.name }
            file.set(UInt32(0x00FF_FFFF), at: branch, Int(file.number16(branch, 18)))
            try file.expect("page 16777215, in the bucket \(firstBucket.name), is none that is in use")
        }
    }

    @Test func `names a run of overflow pages that is too short, and one that is lost`() throws {
        for (offset, value) in [(12, UInt16(0)), (10, 2), (0, 7)] {
            try withDamage { file in
                let run = try file.page { $0.isOverflow }
                file.set(value, at: run, offset)
                try file.expect("page \(run), in the bucket \(secondBucket.name), is not the first of")
            }
        }
    }

    @Test func `names a page that is in use and free at once, or twice free`() throws {
        try withDamage { file in
            let list = try file.page { $0.isLeaf && $0.bucket == nil }
            let used = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            let node = Int(file.number16(list, 16))
            let first = node + 8 + 8
            let count = Int(file.number16(list, first))
            #expect(count > 0)
            file.set(UInt64(used), at: list, first + 8 * count)
            try file.expect("in the free list, calls page ")
        }
    }

    @Test func `names pages that are in no tree and not free`() throws {
        try withDamage { file in
            let list = try file.page { $0.isLeaf && $0.bucket == nil }
            let first = Int(file.number16(list, 16)) + 16
            file.set(file.number16(list, first) - 1, at: list, first)
            try file.expect("1 pages are in no tree and not free")
        }
    }

    @Test(arguments: [8, 16, 24, 32])
    func `names sums of a bucket that its pages do not have`(_ offset: Int) throws {
        try withDamage { file in
            let (page, node) = try file.bucketNode(secondBucket.name)
            let record = node + 8 + secondBucket.name.utf8.count
            file.set(file.number16(page, record + offset) &+ 1, at: page, record + offset)
            try file.expect("the bucket \(secondBucket.name) has ")
        }
    }

    @Test func `names another depth, flags, and a root that is none`() throws {
        for (offset, value) in [(6, UInt16(9)), (4, 4), (40, 1)] {
            try withDamage { file in
                let (page, node) = try file.bucketNode(secondBucket.name)
                file.set(value, at: page, node + 8 + secondBucket.name.utf8.count + offset)
                try file.expect("\(secondBucket.name)")
            }
        }
    }

    @Test func `names a bucket that is missing, and one that is none of ours`() throws {
        try withDamage { file in
            let (page, node) = try file.bucketNode(secondBucket.name)
            file.set(UInt8(ascii: "~"), at: page, node + 8 + secondBucket.name.utf8.count - 1)
            let faults = try file.check().faults
            #expect(faults.contains("there is no bucket \(secondBucket.name)"), "\(faults)")
            #expect(faults.contains { $0.hasSuffix("~ is none of ours") }, "\(faults)")
        }
    }

    @Test(arguments: [0, 10, 16, 20, 24, 40, 44, 136, 144])
    func `names a meta page that cannot be`(_ offset: Int) throws {
        for page in 0..<2 {
            try withDamage { file in
                file.set(file.number16(page, offset) ^ 0x8001, at: page, offset)
                let report = Result { try file.check() }
                switch report {
                case .success(let report): #expect(!report.ok)
                case .failure(let error):
                    let code = (error as? EnvironmentError)?.code
                    #expect(code == .notAStore || code == .versionMismatch, "\(error)")
                }
            }
        }
    }

    /// A 2 MB file took 15 s to be opened: each of a hundred thousand nodes had the same pages read once more.
    @Test func `reads a list of free pages once, however many entries lead to it`() throws {
        try withTemporaryDirectory { directory throws in
            let nodes = (1...3).map {
                CraftedFile.Node(CraftedFile.little(UInt64($0)), 1, CraftedFile.little(3 as UInt64))
            }
            let list = CraftedFile.leaf(2, 4096, nodes, valueSize: 16)
            let run = CraftedFile.overflow(3, 4096, CraftedFile.little(1 as UInt64) + CraftedFile.little(4 as UInt64))
            let record = CraftedFile.record(root: 2, entries: 3)
            try writeFile(
                directory + "/data.mdb",
                CraftedFile.whole(freePages: record, [list, run, [UInt8](repeating: 0, count: 4096)]))
            let faults = try Environment.checkPages(at: directory, buckets: []).faults
            #expect(faults.filter { $0 == "page 3, in the free list, is used twice" }.count == 2, "\(faults)")
            #expect(!faults.contains { $0.contains("calls page 4 free") }, "\(faults)")
        }
    }

    @Test func `names a list of free pages that lies where no file reaches`() throws {
        try withTemporaryDirectory { directory throws in
            let place: UInt64 = 1 << 51 - 1
            let node = CraftedFile.Node(CraftedFile.little(1 as UInt64), 1, CraftedFile.little(place))
            let list = CraftedFile.leaf(2, 4096, [node], valueSize: 1 << 20)
            let record = CraftedFile.record(root: 2, entries: 1)
            try writeFile(directory + "/data.mdb", CraftedFile.whole(freePages: record, [list]))
            let faults = try Environment.checkPages(at: directory, buckets: []).faults
            #expect(faults.contains { $0.hasPrefix("page \(place), in the free list, is none") }, "\(faults)")
        }
    }

    @Test(arguments: [4096, 32768, 65536])
    func `names a meta page of more pages than can be`(_ pageSize: Int) throws {
        try withDamage { file in
            file.set(UInt32(pageSize), at: 0, 40)
            file.set((1 << 48 - 1) as UInt64, at: 0, 136)
            file.set(UInt64.max >> 1, at: 0, 32)
            let report = try file.check()
            #expect(!report.ok)
            _ = try? PageSalvage(directory: file.path)
        }
    }

    /// LMDB keeps it in the free list's record of what `mdb_copy -n` makes (MDB_NOSUBDIR).
    @Test func `finds nothing in a store that was once made as a file without its folder`() throws {
        try withDamage { file in
            for page in 0..<2 { file.set(0x4008 as UInt16, at: page, 44) }
            #expect(try file.check().faults == [])
            file.set(0x4018 as UInt16, at: file.newestMeta, 44)
            try file.expect("says of the free list that it has the flags")
        }
    }

    @Test func `goes no further than it was told to`() throws {
        try withDamage { file in
            let root = try file.rootOfBuckets()
            for page in 2..<file.bytes.count / 4096 where page != root && file.number16(page, 10) == 2 {
                file.set(7 as UInt16, at: page, 10)
            }
            try file.write()
            let data = try StoreDirectory(path: file.path).dataFile()
            var counts: [Int] = []
            for limit in [Int.max, 3] {
                var walk = PageWalk(data.descriptor, try data.newestMeta(), pageCount: try data.pageCount())
                walk.faultLimit = limit
                try walk.checkAll(expecting: nil)
                counts.append(walk.report.count)
            }
            #expect(counts[0] > 5 && counts[1] == 4)
        }
    }

    @Test func `is made again when another file was copied over the one that was looked at`() throws {
        try withDamage { file in
            _ = try openStore(file.path).copy(to: file.path + "-copy") { _ in }
            let copy = try DamagedFile(path: file.path + "-copy")
            copy.set(UInt64(99), at: try copy.page { $0.isLeaf && $0.bucket == firstBucket.name }, 0)
            try writeFile(file.path + "/data.mdb", copy.bytes)
            #expect(code { try openStore(file.path) } == .damaged)
        }
    }

    @Test(arguments: [UInt64.random(in: 0...(.max))])
    func `answers for any byte of the file, and is right about those that LMDB would trip over`(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        try withDamage { file in
            let sound = file.bytes
            var found = 0
            for _ in 0..<400 {
                let place = Int.random(in: 0..<sound.count, using: &generator)
                file.bytes[place] ^= UInt8.random(in: 1...255, using: &generator)
                if ((try? file.check())?.ok ?? false) == false { found += 1 }
                file.bytes[place] = sound[place]
            }
            // Most bytes are values, which have checksums of their own a level above.
            #expect(found > 0)
        }
    }

    @Test func `is made by whoever opens a store first after its file was put there`() throws {
        try withDamage { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            file.set(UInt64(99), at: leaf, 0)
            try file.write()
            #expect(code { try openStore(file.path) } == .damaged)
            #expect(code { try openStore(file.path, .readOnly) } == .damaged)
        }
    }
}

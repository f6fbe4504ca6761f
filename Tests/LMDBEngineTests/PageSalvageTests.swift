import Glibc
@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

/// Method: as in PageCheckTests; what is read of a damaged file is compared with what the sound one had.
@Suite struct `What can be saved of a damaged file` {
    @Test func `is everything of a sound one, in the order of keys`() throws {
        try withDamage { file in
            let saved = try Saved(file)
            #expect(saved.entries == (try Saved.whole(file)))
            #expect(saved.salvage.lostPages == 0 && saved.salvage.lostNodes == 0)
            #expect(saved.salvage.freeListIsWhole && !saved.salvage.isOlder)
            #expect(saved.fromLostPages.isEmpty)
        }
    }

    @Test func `is all that hangs below a lost page, and nothing that was deleted`() throws {
        try withDamage { file in
            let whole = try Saved.whole(file)
            let branch = try file.page { $0.isBranch && $0.bucket == firstBucket.name }
            file.set(UInt16(0), at: branch, 10)
            let saved = try Saved(file)
            #expect(saved.salvage.lostPages == 1)
            #expect((saved.entries[firstBucket.name] ?? []).isEmpty)
            #expect(Set(saved.fromLostPages) == Set(whole[firstBucket.name] ?? []))
            #expect(saved.entries[secondBucket.name] == whole[secondBucket.name])
        }
    }

    @Test func `is all but what lay on a lost leaf`() throws {
        try withDamage { file in
            let whole = try Saved.whole(file)
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            for offset in 0..<4096 { file.set(UInt8(0), at: leaf, offset) }
            let saved = try Saved(file)
            let left = saved.entries[firstBucket.name] ?? []
            #expect(saved.salvage.lostPages == 1)
            #expect(left.count < 2600 && left.count > 2300)
            #expect(Set(left).isSubset(of: whole[firstBucket.name] ?? []))
        }
    }

    @Test func `is what a file that was cut off still has`() throws {
        try withDamage { file in
            let whole = try Saved.whole(file)
            let all = file.bytes
            for length in [all.count / 4, all.count / 2, all.count - 4096, all.count - 1] {
                file.bytes = Array(all.prefix(length))
                let saved = try Saved(file)
                for (bucket, entries) in saved.entries {
                    #expect(Set(entries).isSubset(of: whole[bucket] ?? []), "\(bucket) of \(length) bytes")
                }
            }
        }
    }

    /// A compact copy has one commit, and beside it the meta page that a file begins with, which leads nowhere.
    @Test func `is all but what lay on a lost page of a compact copy`() throws {
        try withDamagedCopy { file in
            let whole = try Saved.whole(file)
            let leaf = try file.page { $0.isLeaf && $0.bucket == firstBucket.name }
            for offset in 0..<4096 { file.set(UInt8(0), at: leaf, offset) }
            let saved = try Saved(file)
            let left = saved.entries[firstBucket.name] ?? []
            #expect(saved.salvage.lostPages == 1 && saved.salvage.transaction == 1 && !saved.salvage.isOlder)
            #expect(left.count < 2600 && left.count > 2300)
            #expect(Set(left).isSubset(of: whole[firstBucket.name] ?? []))
            #expect(saved.entries[secondBucket.name] == whole[secondBucket.name])
        }
    }

    @Test func `is everything of a compact copy without its meta page, which is not taken for whole`() throws {
        try withDamagedCopy { file in
            let whole = try Saved.whole(file)
            for offset in 0..<4096 { file.set(UInt8(0), at: 1, offset) }
            let saved = try Saved(file)
            #expect(saved.salvage.transaction == nil && saved.salvage.lacksMetaPage)
            #expect(saved.entries == whole)
        }
    }

    @Test func `is the newest commit though a page of its file is leaked`() throws {
        try withDamage { file in
            let whole = try Saved.whole(file)
            let list = try file.page { $0.isLeaf && $0.bucket == nil }
            let first = Int(file.number16(list, 16)) + 16
            file.set(file.number16(list, first) - 1, at: list, first)
            let saved = try Saved(file)
            #expect(!saved.salvage.isOlder && saved.entries == whole)
        }
    }

    @Test func `is told apart where one of the two meta pages is damaged`() throws {
        try withDamage { file in
            #expect(try !Saved(file).salvage.lacksMetaPage)
            let newest = file.newestMeta
            for offset in 0..<4096 { file.set(UInt8(0), at: newest, offset) }
            let saved = try Saved(file)
            #expect(saved.salvage.lacksMetaPage && saved.salvage.transaction != nil && !saved.salvage.isOlder)
        }
    }

    /// The entries of one leaf all lead to the same pages, which are nearly all that there are.
    @Test func `is read twice at most, however many entries lead to the same pages`() throws {
        try withDamagedCopy { file in
            let leaf = try file.page { $0.isLeaf && $0.bucket == secondBucket.name }
            var count = 0
            for index in 0..<(Int(file.number16(leaf, 12)) - 16) / 2 {
                let node = Int(file.number16(leaf, 16 + 2 * index))
                guard file.number16(leaf, node + 4) == 1 else { continue }
                count += 1
                file.set(UInt32(file.bytes.count - 4 * 4096), at: leaf, node)
                file.set(UInt64(2), at: leaf, node + 8 + Int(file.number16(leaf, node + 6)))
            }
            #expect(count > 10)
            let saved = try Saved(file)
            let size = (saved.entries[secondBucket.name] ?? []).reduce(0) { $0 + $1.value.count }
            #expect(size > 0 && size <= 2 * file.bytes.count)
            #expect(saved.salvage.lostNodes >= count - 2)
        }
    }

    @Test func `is not sure which pages are free where their list has fewer than it says`() throws {
        try withDamage { file in
            let list = try file.page { $0.isLeaf && $0.bucket == nil }
            let first = Int(file.number16(list, 16)) + 16
            file.set(UInt64(1 << 40), at: list, first)
            // With both it would be the commit before.
            let other = 1 - file.newestMeta
            for offset in 0..<4096 { file.set(UInt8(0), at: other, offset) }
            #expect(try !Saved(file).salvage.freeListIsWhole)
        }
    }

    @Test(arguments: [4096, 8192, 16384, 32768])
    func `is found without any meta page, whatever the size of its pages`(_ pageSize: Int) throws {
        try withTemporaryDirectory { directory throws in
            let record = CraftedFile.record(root: 3, entries: 1)
            let bucket = CraftedFile.leaf(2, pageSize, [(Array(firstBucket.name.utf8), 2, record)])
            let entry = CraftedFile.leaf(3, pageSize, [([1, 2], 0, [3, 4, 5])])
            let bytes = [UInt8](repeating: 0, count: 2 * pageSize) + bucket + entry
            try writeFile(directory + "/data.mdb", bytes)
            var salvage = try PageSalvage(directory: directory)
            var found: [Entry] = []
            try salvage.eachEntry { _, _, key, value in
                found.append(Entry(key.indices.map { key[$0] }, value.indices.map { value[$0] }))
            }
            #expect(salvage.transaction == nil && found == [Entry([1, 2], [3, 4, 5])])
        }
    }

    /// The kernel cannot read a page of memory that is not there, and says what it says of a disk that fails.
    @Test func `goes on behind what the disk cannot read`() throws {
        let memory = PageMemory(capacity: 4096)
        let failing = try FileDescriptor("/proc/self/mem", O_RDONLY)
        #expect(code { try memory.read(failing, at: 0, count: 16) } == .systemCall(EIO))
        #expect(try memory.readIfPossible(failing, at: 0, count: 16) == nil)
    }

    @Test func `is that of the commit before, when the newest one's pages are bad and its own are not`() throws {
        try withDamage { file in
            file.set(UInt64(999), at: try file.rootOfBuckets(), 0)
            let saved = try Saved(file)
            #expect(saved.salvage.isOlder)
            #expect(saved.salvage.lostPages == 0)
            #expect(!(saved.entries[firstBucket.name] ?? []).isEmpty)
        }
    }

    @Test func `is that of one of the newest commits when there is no meta page`() throws {
        try withDamage { file in
            let whole = try Saved.whole(file)
            for offset in 0..<8192 { file.bytes[offset] = 0 }
            let saved = try Saved(file)
            #expect(saved.salvage.transaction == nil && saved.salvage.lostPages == 0)
            #expect(Set(saved.entries.keys) == Set(whole.keys))
            #expect(Set(whole[firstBucket.name] ?? []).isSubset(of: saved.entries[firstBucket.name] ?? []))
        }
    }

    @Test func `is nothing where there is no store`() throws {
        try withTemporaryDirectory { directory throws in
            #expect(code { try PageSalvage(directory: directory + "/none") } == .notFound)
            try writeFile(directory + "/data.mdb", [UInt8](repeating: 7, count: 20_000))
            #expect(code { try PageSalvage(directory: directory) } == .notAStore)
        }
    }

    @Test(arguments: [UInt64.random(in: 0...(.max))])
    func `never is what was not there, whatever byte is damaged`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        try withDamage { file in
            let sound = file.bytes
            for _ in 0..<60 {
                let start = Int.random(in: 0..<sound.count / 512, using: &random) * 512
                for place in start..<start + 512 { file.bytes[place] = UInt8.random(in: 0...255, using: &random) }
                // What comes of it has to be judged by checksums, a level above; here it must only end.
                _ = try? Saved(file)
                file.bytes = sound
            }
        }
    }
}

/// As `withDamage`, with a compact copy of that file.
private func withDamagedCopy(_ body: (DamagedFile) throws -> Void) throws {
    try withDamage { file in
        let path = file.path + "-copy"
        _ = try openStore(file.path).copy(to: path) { _ in }
        try body(DamagedFile(path: path))
    }
}

/// What a salvage shows.
private struct Saved {
    var salvage: PageSalvage
    var entries: [String: [Entry]] = [:]
    var fromLostPages: [Entry] = []

    init(_ file: DamagedFile) throws {
        try file.write()
        salvage = try PageSalvage(directory: file.path)
        var (entries, lost): ([String: [Entry]], [Entry]) = ([:], [])
        try salvage.eachEntry { _, bucket, key, value in
            entries[bucket, default: []].append(
                Entry(key.indices.map { key[$0] }, value.indices.map { value[$0] }))
        }
        try salvage.eachLostPage(includingFree: false) { lost += $0.map { Entry($0.key, $0.value) } }
        (self.entries, fromLostPages) = (entries, lost)
    }

    /// What LMDB reads of the sound file.
    static func whole(_ file: DamagedFile) throws -> [String: [Entry]] {
        try file.write()
        let store = try openStore(file.path, .readOnly)
        return try store.read { transaction in
            var all: [String: [Entry]] = [:]
            for bucket in conformanceBuckets {
                let entries = try transaction.entries(bucket)
                if !entries.isEmpty { all[bucket.name] = entries }
            }
            return all
        }
    }
}

import Glibc
import LMDBEngine
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

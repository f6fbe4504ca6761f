import Glibc
@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Synchronization
import Testing

@Suite struct `A copy of a store` {
    @Test func `is a store with what was there at one moment, while others write`() throws {
        try withTemporaryStore { store throws in
            try fill(store, entries: 20_000)
            let flag = Flag()
            let writer = OSThread { try writePairs(store, until: flag) }
            try waitForCount(1, on: store.watch(changed), of: store)
            let copy = try store.copy(to: store.directory + "-copy") { transaction in
                [try transaction.count(), try transaction.count(in: secondBucket)]
            }
            flag.raise()
            try writer.join()
            #expect(copy.finding[0] == copy.finding[1] && copy.finding[0] > 0)
            let opened = try openStore(store.directory + "-copy")
            #expect(try opened.read { try $0.count() } == copy.finding[0])
            #expect(try opened.read { try $0.entries(firstBucket).count } == 20_001)
            try increment(opened, times: 1)
            #expect(try opened.read { try $0.count() } == copy.finding[0] + 1)
        }
    }

    @Test func `leaves out what is free, and says how far it is`() throws {
        try withTemporaryStore { store throws in
            try fill(store, entries: 20_000)
            try store.write { transaction in
                for entry in try transaction.entries(firstBucket).dropFirst(10) {
                    try transaction.delete(entry.key, in: firstBucket)
                }
            }
            var progress: [Environment.CopyProgress] = []
            let before = try entries(store)
            let copy = try store.copy(to: store.directory + "-copy") {
                progress.append($0)
            } look: {
                try $0.entries(firstBucket)
            }
            #expect(copy.finding == before)
            #expect(copy.bytes < 100_000)
            #expect(try store.information().usedSize > 1_000_000)
            #expect(progress.last?.done == copy.bytes)
            #expect(progress.allSatisfy { $0.done <= $0.total })
            #expect(
                try directoryListing(store.directory + "-copy") == ["bell", "data.mdb", "lock.mdb", "open.lock"])
        }
    }

    @Test func `is made only where nothing is`() throws {
        try withTemporaryStore { store throws in
            let parent = store.directory + "/.."
            let taken = parent + "/taken"
            try makeDirectory(taken)
            try writeFile(taken + "/file", [1])
            try writeFile(parent + "/plain", [1])
            try Environment.create(at: parent + "/other", buckets: conformanceBuckets) { _ in }
            for place in [taken, parent + "/other", store.directory] {
                let before = try DirectoryContents(place)
                #expect(code { try store.copy(to: place) { _ in } } == .occupied)
                #expect(try DirectoryContents(place) == before)
            }
            #expect(code { try store.copy(to: parent + "/plain") { _ in } } == .occupied)
            #expect(code { try store.copy(to: parent + "/none/copy") { _ in } } == .notFound)
            let names = try directoryListing(parent)
            #expect(names == ["other", "plain", "store", "taken"])
            try makeDirectory(parent + "/empty")
            _ = try store.copy(to: parent + "/empty/") { _ in }
            #expect(try openStore(parent + "/empty").read { try $0.count() } == 0)
        }
    }

    @Test func `is refused in words when pages are lost, and can be opened all the same`() throws {
        try withTemporaryStorePath { path throws in
            try loseFreePages(path)
            let store = try openStore(path)
            let error = #expect(throws: EnvironmentError.self) { try store.copy(to: path + "-copy") { _ in } }
            #expect(error?.code == .damaged)
            #expect(error?.message.contains("page leak") == true, "\(error?.message ?? "")")
            #expect(access(path + "-copy", F_OK) != 0)
            #expect(try store.read { try $0.entries(firstBucket).count } == 10)
        }
    }

    @Test func `leaves nothing behind when there is no room for it`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            await #expect(processExitsWith: .success) { [path = path as String] in
                try copyWithoutRoom(path)
            }
            #expect(try directoryListing(path + "/..") == ["store"])
        }
    }

    @Test func `lets no started program inherit a descriptor of it`() throws {
        try withTemporaryStore { store throws in
            try fill(store, entries: 2_000)
            let before = Set(openDescriptors())
            var inherited: [String] = []
            _ = try store.copy(to: store.directory + "-copy") { _ in
                for number in openDescriptors() where !before.contains(number) {
                    guard let target = linkTarget("/proc/self/fd/\(number)") else { continue }
                    guard target.hasPrefix(store.directory) || target.hasPrefix("pipe:") else { continue }
                    if fcntl(number, F_GETFD) & FD_CLOEXEC == 0 { inherited.append(target) }
                }
            } look: { _ in
            }
            #expect(inherited == [])
        }
    }
}

private func openDescriptors() -> [CInt] {
    ((try? directoryListing("/proc/self/fd")) ?? []).compactMap { CInt($0) }
}

/// Something that threads look at.
final class Flag: Sendable {
    private let state = Atomic(false)
    var isRaised: Bool { state.load(ordering: .sequentiallyConsistent) }
    func raise() { state.store(true, ordering: .sequentiallyConsistent) }
}

/// Counts in two buckets at once.
private func writePairs(_ store: Environment, until flag: Flag) throws {
    while !flag.isRaised {
        try store.write { transaction in
            let count = try transaction.count() + 1
            try transaction.setCount(count)
            try transaction.setCount(count, in: secondBucket)
            transaction.notify(changed)
        }
    }
}

func fill(_ store: Environment, entries: Int) throws {
    try store.write { transaction in
        for number in 0..<entries {
            let key = [2, UInt8(number / 65_536), UInt8(number / 256 % 256), UInt8(number % 256)]
            try transaction.put(key, [UInt8](repeating: UInt8(number % 251), count: 100), in: firstBucket)
        }
    }
}

func entries(_ store: Environment) throws -> [Entry] { try store.read { try $0.entries(firstBucket) } }

/// Makes a store with free pages, and has its data file forget them.
private func loseFreePages(_ path: String) throws {
    do {
        let store = try openStore(path)
        try fill(store, entries: 5_000)
        try store.write { transaction in
            for entry in try transaction.entries(firstBucket).dropFirst(10) {
                try transaction.delete(entry.key, in: firstBucket)
            }
        }
    }
    var bytes = try readFile(path + "/data.mdb")
    for page in 0..<2 {
        // Of the first tree of a meta page: its depth, its counts of pages and entries, and its root.
        let tree = page * 4096 + 16 + 24
        for place in tree + 6..<tree + 40 { bytes[place] = 0 }
        for place in tree + 40..<tree + 48 { bytes[place] = 0xff }
    }
    try writeFile(path + "/data.mdb", bytes)
}

/// Exit tests get a process of their own, which may have a limit.
private func copyWithoutRoom(_ path: String) throws {
    signal(SIGXFSZ, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    let store = try openStore(path)
    try fill(store, entries: 5_000)
    var limit = rlimit(rlim_cur: 200_000, rlim_max: 200_000)
    guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { throw Failure("setrlimit") }
    #expect(code { try store.copy(to: path + "-copy") { _ in } } == .diskFull)
    #expect(try entries(store).count == 5_000)
}

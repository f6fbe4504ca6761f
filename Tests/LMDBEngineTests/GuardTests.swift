import CLinux
import Glibc
@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

@Suite struct `The guard of a store` {
    @Test(
        .timeLimit(.minutes(20)),
        arguments: [
            ("pid-namespace: ", "1", EnvironmentError.Code.otherNamespace, "--pid=host"),
            ("boot: ", "another", .otherNamespace, "another machine"),
            ("libc: ", "musl", .otherBuild, "musl"),
            ("pointer-size: ", "4", .otherBuild, "4-byte"),
            ("liblmdb: ", "0.9.31", .otherBuild, "0.9.31"),
            ("format: ", "2", .otherBuild, "another program"),
        ])
    func `refuses who differs from those inside`(
        _ field: String, _ value: String, _ code: EnvironmentError.Code, _ words: String
    ) async throws {
        try await withTemporaryStorePathAsync { path async throws in
            async let holder: Void = holdInAnotherProcess(path)
            try await onOwnThread { () throws in
                try waitUntilHeld(path)
                try changeGuard(path, field, value)
                for access in [Environment.Access.readOnly, .readWrite] {
                    let error = #expect(throws: EnvironmentError.self) { try openStore(path, access) }
                    #expect(error?.code == code)
                    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
                }
                try letGo(path)
            }
            try await holder
            let store = try openStore(path)
            #expect(try guardText(path).hasPrefix(OpenGuard.current(dataFile: store.identity).text))
            withExtendedLifetime(store) {}
        }
    }

    @Test(.timeLimit(.minutes(20)))
    func `refuses who finds the lock file of another flavour of LMDB in use`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            async let holder: Void = holdInAnotherProcess(path)
            try await onOwnThread { () throws in
                try waitUntilHeld(path)
                // This process has no environment open, so that it may touch lock.mdb.
                let format = try replaceWord(1, of: path + "/lock.mdb", with: 0x0009_0002)
                let error = #expect(throws: EnvironmentError.self) { try openStore(path) }
                #expect(error?.code == .versionMismatch)
                #expect(error?.message.contains("another flavour of LMDB") == true)
                _ = try replaceWord(1, of: path + "/lock.mdb", with: format)
                #expect(try openStore(path).read { try $0.count() } == 0)
                try letGo(path)
            }
            try await holder
        }
    }

    @Test func `is written anew by who is alone, whatever was there`() throws {
        try withTemporaryStorePath { path throws in
            for text in ["", "nonsense", "pid-namespace: 1\nformat: 1\n"] {
                try writeFile(path + "/open.lock", Array(text.utf8))
                let store = try openStore(path)
                #expect(try guardText(path).hasPrefix(OpenGuard.current(dataFile: store.identity).text))
                withExtendedLifetime(store) {}
            }
            unlink(path + "/open.lock")
            #expect(try openStore(path).read { try $0.count() } == 0)
        }
    }

    /// A process that is killed has written a new text, and has not cut off yet what an older one has left behind it.
    @Test func `never says of a file that it was looked at because an older text did`() throws {
        try withTemporaryStorePath { path throws in
            _ = try openStore(path)
            let directory = StoreDirectory(path: path)
            let openLock = try OpenLock(directory, .readWrite)
            let ours = try OpenGuard.current(dataFile: directory.examined())
            let before = try guardText(path)
            #expect(openLock.checkedFile(of: ours) != nil)
            try openLock.note(ours)
            #expect(openLock.checkedFile(of: ours) == nil)
            let after = try guardText(path)
            try writeFile(path + "/open.lock", Array(after.utf8) + Array(before.utf8.dropFirst(after.utf8.count)))
            #expect(openLock.checkedFile(of: ours) == nil)
            #expect(before.utf8.count == after.utf8.count)
        }
    }

    @Test func `is free as soon as the store is closed`() throws {
        try withTemporaryStorePath { path throws in
            var store: Environment? = try openStore(path)
            // As long as somebody has it, its descriptor stays open.
            let theirs = store?.openLock
            let ours = try OpenLock(StoreDirectory(path: path), .readWrite)
            #expect(try !ours.takeAlone())
            store = nil
            #expect(try ours.takeAlone())
            withExtendedLifetime((store, theirs)) {}
        }
    }

    @Test func `knows who has a store open, though the kernel calls its device otherwise`() {
        let list = """
            1: POSIX  ADVISORY  READ 4711 00:2b:77 0 0
            2: POSIX  ADVISORY  READ 4712 00:2b:77 4711 4711
            3: FLOCK  ADVISORY  WRITE 4713 00:2b:77 0 EOF
            3: -> POSIX  ADVISORY  READ 4714 00:2b:77 0 0
            4: POSIX  ADVISORY  READ 4715 fe:01:77 0 0
            """
        #expect(StoreUser.holders(of: "00:2b:77", in: list).map(\.process) == [4711])
        #expect(StoreUser.holders(of: "00:31:77", in: list).map(\.process) == [4711, 4715])
        #expect(StoreUser.holders(of: "fe:02:77", in: list) == [])
        #expect(StoreUser.holders(of: "00:31:78", in: list) == [])
    }

    @Test func `reads back what it writes`() throws {
        let ours = try OpenGuard.current()
        #expect(OpenGuard(text: ours.text) == ours)
        #expect(ours.refusal(besideHolderOf: ours.text) == nil)
        #expect(ours.libc == "glibc")
    }

    @Test func `knows which versions of liblmdb it can work with`() {
        let unknown: [(CInt, CInt, CInt)] = [(1, 0, 0), (0, 9, 70), (0, 9, 90), (0, 9, 23), (0, 10, 0)]
        for (major, minor, patch) in unknown {
            #expect(LibraryVersion(major: major, minor: minor, patch: patch).refusal?.code == .otherBuild)
        }
        for patch in [24, 31, 33] as [CInt] {
            #expect(LibraryVersion(major: 0, minor: 9, patch: patch).refusal == nil)
        }
    }

    @Test(
        arguments: [
            (0x6969, "NFS"), (0xFF53_4D42, "SMB"), (0xFE53_4D42, "SMB"), (0x517B, "SMB"), (0x0102_1997, "9p"),
        ] as [(UInt32, String)])
    func `refuses a file system of another machine`(_ kind: UInt32, _ name: String) throws {
        let directory = StoreDirectory(path: "/store")
        let error = #expect(throws: EnvironmentError.self) {
            try directory.requireLocal(linux_file_system(kind: kind, is_read_only: false))
        }
        #expect(error?.code == .networkFileSystem)
        #expect(error?.message.contains("/store: a store on \(name)") == true)
        try directory.requireLocal(linux_file_system(kind: 0xEF53, is_read_only: false))
    }

    @Test(.enabled(if: readOnlyMount != nil, "nothing here is mounted read-only"))
    func `refuses a file system that is mounted read-only`() throws {
        let directory = StoreDirectory(path: try #require(readOnlyMount))
        #expect(code { try directory.requireLocalFileSystem() } == .readOnlyMount)
        #expect(code { try StoreDirectory(path: "/tmp").requireLocalFileSystem() } == nil)
    }
}

/// A directory that is mounted read-only, if there is one.
private var readOnlyMount: String? {
    let mounts = (try? readFile("/proc/self/mounts")).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let columns = mounts.split(separator: "\n").map { $0.split(separator: " ") }
    return columns.first { $0.count > 3 && $0[3].split(separator: ",").contains("ro") }.map { String($0[1]) }
}

/// Another process opens the store, says so, and keeps it until `letGo`.
func holdInAnotherProcess(_ path: String) async throws {
    await #expect(processExitsWith: .success) { [path = path as String] in try hold(path) }
}

/// Two fifos tell the processes of each other: the store itself cannot, as this process may not open it yet.
private func hold(_ path: String) throws {
    let store = try openStore(path)
    try writeFile(path + ".held", [1])
    _ = try readFile(path + ".let-go")
    withExtendedLifetime(store) {}
}

func waitUntilHeld(_ path: String) throws {
    guard mkfifo(path + ".held", 0o600) == 0, mkfifo(path + ".let-go", 0o600) == 0 else { throw Failure("mkfifo") }
    _ = try readFile(path + ".held")
}

func letGo(_ path: String) throws { try writeFile(path + ".let-go", [1]) }

/// Changes one 32-bit word of a file, and answers what it was.
private func replaceWord(_ index: Int, of path: String, with word: UInt32) throws -> UInt32 {
    let file = open(path, O_RDWR | O_CLOEXEC)
    defer { close(file) }
    var (before, after) = (0 as UInt32, word)
    guard pread(file, &before, 4, off_t(4 * index)) == 4, pwrite(file, &after, 4, off_t(4 * index)) == 4 else {
        throw Failure("\(path): errno \(errno)")
    }
    return before
}

private func guardText(_ path: String) throws -> String {
    String(decoding: try readFile(path + "/open.lock"), as: UTF8.self)
}

private func changeGuard(_ path: String, _ field: String, _ value: String) throws {
    let lines = try guardText(path).split(separator: "\n")
    let text = lines.map { $0.hasPrefix(field) ? field + value : String($0) }.joined(separator: "\n")
    try writeFile(path + "/open.lock", Array(text.utf8))
}

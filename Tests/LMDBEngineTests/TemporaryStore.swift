import Glibc
import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

/// Runs `body` with the path of a new directory, which is deleted afterwards.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = try makeTemporaryDirectory()
    defer { removeTree(path) }
    return try body(path)
}

/// Runs `body` with a new store that has the buckets of the conformance suite.
func withTemporaryStore<Result>(_ body: (Environment) throws -> Result) throws -> Result {
    try withTemporaryStorePath { try body(openStore($0)) }
}

/// Runs `body` with the path of a new store that nobody has open.
func withTemporaryStorePath<Result>(_ body: (String) throws -> Result) throws -> Result {
    try withTemporaryDirectory { directory in
        let path = directory + "/store"
        try Environment.create(at: path, buckets: conformanceBuckets) { _ in }
        return try body(path)
    }
}

/// Opens a store of these tests.
func openStore(_ path: String, _ access: Environment.Access = .readWrite) throws -> Environment {
    try Environment.open(at: path, buckets: conformanceBuckets, access: access)
}

/// Lets every user of the machine read the store at `path`, and enter themselves among its readers.
func admitStrangers(to path: String) {
    #expect(chmod(path, 0o755) == 0)
    for name in ["data.mdb", "bell", "open.lock"] { #expect(chmod("\(path)/\(name)", 0o644) == 0) }
    #expect(chmod("\(path)/lock.mdb", 0o666) == 0)
}

let firstBucket = conformanceBuckets[0]
let secondBucket = conformanceBuckets[1]

struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The code of the `EnvironmentError` that `body` throws; nil: it throws none.
func code<Result>(_ body: () throws -> Result) -> EnvironmentError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? EnvironmentError)?.code
    }
}

/// As `withTemporaryStorePath`, for tests that wait for other processes.
func withTemporaryStorePathAsync(_ body: (String) async throws -> Void) async throws {
    try await withTemporaryDirectoryAsync { directory in
        chmod(directory, 0o755)
        try Environment.create(at: directory + "/store", buckets: conformanceBuckets) { _ in }
        try await body(directory + "/store")
    }
}

/// As `withTemporaryDirectory`, for tests that wait for other processes.
func withTemporaryDirectoryAsync(_ body: (String) async throws -> Void) async throws {
    let path = try makeTemporaryDirectory()
    defer { removeTree(path) }
    try await body(path)
}

/// As `withTemporaryDirectoryAsync`, in memory where there is room for `bytes`, so that the disk need not take them.
func withRoomyDirectoryAsync(_ bytes: UInt, _ body: (String) async throws -> Void) async throws {
    var memory = statvfs()
    let hasRoom = statvfs("/dev/shm", &memory) == 0 && memory.f_bavail * memory.f_frsize > bytes
    let path = try makeTemporaryDirectory(in: hasRoom ? "/dev/shm" : "/tmp")
    defer { removeTree(path) }
    try await body(path)
}

private func makeTemporaryDirectory(in parent: String = "/tmp") throws -> String {
    var template = Array("\(parent)/lmdb-engine-XXXXXX".utf8CString)
    let path = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) }
    guard let path else { throw Failure("mkdtemp: errno \(errno)") }
    return path
}

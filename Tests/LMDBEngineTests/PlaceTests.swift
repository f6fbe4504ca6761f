import Glibc
@testable import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

@Suite struct `The place of a store` {
    @Test func `may be a link to an empty folder`() throws {
        try withTemporaryDirectory { directory throws in
            for name in ["made", "copied", "loaded"] {
                try makeDirectory("\(directory)/\(name)")
                #expect(symlink(name, "\(directory)/\(name)-link") == 0)
            }
            let made = directory + "/made-link"
            try Environment.create(at: made, buckets: conformanceBuckets) { try $0.setCount(3) }
            let copy = try openStore(made).copy(to: directory + "/copied-link/") { try $0.count() }
            try Environment.load(at: directory + "/loaded-link", buckets: conformanceBuckets) { _ in }
            #expect(copy.finding == 3)
            #expect(try openStore(directory + "/copied").read { try $0.count() } == 3)
            #expect(try openStore(directory + "/loaded").read { try $0.count() } == 0)
            let names = ["copied", "copied-link", "loaded", "loaded-link", "made", "made-link"]
            #expect(try directoryListing(directory) == names)
        }
    }

    @Test func `is not the folder that a process is in, and may be one inside it`() async throws {
        try await withTemporaryDirectoryAsync { directory async throws in
            try makeDirectory(directory + "/here")
            await #expect(processExitsWith: .success) { [directory = directory as String] () throws in
                try makeStoresHere(directory + "/here")
            }
        }
    }

    @Test func `is not what a file system is mounted on`() throws {
        let error = #expect(throws: EnvironmentError.self) { try StoreDirectory(path: "/proc").placeForNew() }
        #expect(error?.code == .occupied)
        #expect(error?.message.contains("/proc/signalbox.store") == true, "\(error?.message ?? "")")
    }

    @Test func `is not known where another file lies there and there are no descriptors`() async throws {
        try await withTemporaryStorePathAsync { path async throws in
            await #expect(processExitsWith: .success) { [path = path as String] () throws in
                try lookWithoutDescriptors(path)
            }
        }
    }
}

/// Exit tests get a process of their own, which may have a limit.
private func lookWithoutDescriptors(_ path: String) throws {
    let store = try openStore(path)
    _ = try store.copy(to: path + "-copy") { _ in }
    guard rename(path + "-copy/data.mdb", path + "/data.mdb") == 0 else { throw Failure("rename") }
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var none = rlimit(rlim_cur: 0, rlim_max: limit.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
    let found = Result { try store.isInPlaceAsFarAsKnown() }
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    #expect(try found.get() == nil)
    #expect(try store.isInPlaceAsFarAsKnown() == false)
    guard rename(path, path + "-moved") == 0 else { throw Failure("rename") }
    #expect(code { try store.isInPlaceAsFarAsKnown() } == .notFound)
}

/// Exit tests get a process of their own, which may go elsewhere.
private func makeStoresHere(_ path: String) throws {
    guard chdir(path) == 0 else { throw Failure("chdir") }
    for other in [".", "./", "../here"] {
        #expect(
            code { try Environment.create(at: other, buckets: conformanceBuckets) { _ in } } == .occupied)
    }
    #expect(try directoryListing("..") == ["here"])
    try Environment.create(at: "store", buckets: conformanceBuckets) { _ in }
    #expect(try openStore("store").read { try $0.count() } == 0)
}

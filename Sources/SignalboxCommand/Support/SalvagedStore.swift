import Glibc
import LMDBEngine
import OrderedStore
import Signalbox
import SignalboxCore
import SignalboxStore

/// What can be believed of a damaged store, as a store of its own in a temporary folder, which goes when this goes. The
/// damaged one is only read, by ordinary reads.
final class SalvagedStore {
    let store: Store
    let report: SalvageReport
    /// What was lost, one sentence each; none: nothing.
    let losses: [String]
    /// Those who have the damaged one open, in words; nil: nobody.
    let users: String?
    private let folder: String

    /// - Parameters:
    ///   - includingFree: take what lies on pages that are free or may be, too: some of it was deleted.
    ///   - progress: told now and then how many entries were read, and how great a part of the file, 0 to 1.
    init(of path: String, includingFree: Bool, progress: (_ entries: Int, _ share: Double) -> Void) throws {
        var salvage = try PageSalvage(directory: path)
        users = salvage.users
        folder = try Self.makeFolder()
        do {
            let engine = try Self.makeEngine(folder)
            var salvager = Salvager(into: engine)
            var count = 0
            try salvage.eachEntry { share, bucket, key, value in
                count += 1
                if count.isMultiple(of: 1024) { progress(count, share) }
                try salvager.take(bucket, key: key, record: value)
            }
            try salvage.eachLostPage(includingFree: includingFree) { try salvager.takeLostPage($0) }
            let losses = salvage.losses
            report = try salvager.finish(storeID: Store.newStoreID(), isWhole: losses.isEmpty)
            self.losses = losses + report.sentences
            store = try JobStore(engine: engine, live: nil)
        } catch let error as EnvironmentError where error.code == .diskFull {
            Self.remove(folder)
            throw Failure(
                .tryAgain,
                "\(printable(folder)): there is no room for what is saved, which is a second store until it is dumped; set "
                    + "TMPDIR to a folder with room for it")
        } catch {
            Self.remove(folder)
            throw error
        }
    }

    deinit { Self.remove(folder) }

    private static func makeFolder() throws -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/signalbox-salvage-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) }
        guard let made else {
            throw Failure(
                SystemStatus.status(of: errno),
                "\(quoted(parent)): no folder for the salvaged store can be made there (errno \(errno)); set TMPDIR to one "
                    + "with room for a second store")
        }
        return made
    }

    private static func makeEngine(_ folder: String) throws -> Environment {
        let path = folder + "/store"
        try Environment.create(at: path, buckets: Buckets.all) { _ in }
        return try Environment.open(at: path, buckets: Buckets.all, access: .readWrite, durability: .volatile)
    }

    private static func remove(_ folder: String) {
        for name in ["data.mdb", "lock.mdb", "open.lock", "bell"] { unlink("\(folder)/store/\(name)") }
        rmdir(folder + "/store")
        rmdir(folder)
    }
}

extension PageSalvage {
    /// What could not be read at all.
    fileprivate var losses: [String] {
        var losses: [String] = []
        if transaction == nil {
            losses.append("no meta page leads to what is stored: a list of buckets was looked for among all pages")
        } else if lacksMetaPage {
            losses.append(
                "one of the two meta pages is damaged: if it was the newer one, the newest transaction is lost")
        }
        if isOlder {
            losses.append("the newest transaction is lost: of the two that the file has, the older one is whole")
        }
        if lostPages > 0 { losses.append("\(lostPages) pages cannot be read") }
        if lostNodes > 0 { losses.append("\(lostNodes) entries lie where they cannot be read") }
        if !freeListIsWhole {
            losses.append("the free list is damaged: pages that no tree leads to were left out; --orphans takes them")
        }
        return losses
    }
}

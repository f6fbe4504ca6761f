import Glibc
import LMDBEngine
import Logging
import OrderedStore
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

/// Where the live environment of a boot lies: in `$SIGNALBOX_LIVE` or /run/signalbox when there is one, in a folder
/// named after the store, else inside the store's own folder; below that in a folder named after the boot and after a mark
/// that is drawn for the data file, so that a copy of the store, or a restored dump, never meets the original's.
enum LiveFolder {
    /// The store's live environment, created if this process may and it is not there yet; nil for a reader when
    /// nobody has opened the store for writing in this boot.
    ///
    /// Who opens it first in this boot settles what cannot be running, and tells of it.
    static func open(
        for store: Store, _ access: Store.Access, now: Now, logger: Logger
    ) throws -> LiveStore<Environment>? {
        let engine = store.engine
        let file = StoreFile(device: engine.dataFile.device, inode: engine.dataFile.inode)
        guard access != .read else {
            guard let address = try store.liveAddress(of: file, boot: now.bootID) else { return nil }
            return try? LiveStore(engine: opened(resolved(address.path, engine), .readOnly))
        }
        let mark = randomHexadecimal(digits: markLength - 1)
        let address = try store.settleLiveAddress(
            of: file, proposed: try proposal(for: store, "\(now.bootID)-\(mark)"), mark: mark, now: now)
        for dispatch in address.lost {
            logger.warning(
                "dispatch \(dispatch.id) did not run to its end elsewhere: it is \(dispatch.state.name) again")
        }
        let path = try resolved(address.path, engine)
        if Glibc.access(path, F_OK) != 0 {
            try makeFolders(above: path)
            removeOtherBoots(beside: path)
            try Environment.create(at: path, buckets: LiveBuckets.all) { _ in }
        }
        let live = try opened(path, .readWrite)
        admitReaders(of: engine.directory, to: path)
        return LiveStore(engine: live)
    }

    private static func opened(_ path: String, _ access: Environment.Access) throws -> Environment {
        try Environment.open(at: path, buckets: LiveBuckets.all, access: access, durability: .volatile)
    }

    /// Who may read the store may read what is live, though the folder is a new one at each boot: readers have to write
    /// into lock.mdb that they read, so that the right to do so is that of the store's own. Where that cannot be given,
    /// for this process does not own the file, such a reader does without what is live.
    private static func admitReaders(of store: String, to path: String) {
        let (model, copy) = ("\(store)/lock.mdb", "\(path)/lock.mdb")
        var (given, present) = (stat(), stat())
        guard stat(model, &given) == 0, stat(copy, &present) == 0 else { return }
        if given.st_mode != present.st_mode { chmod(copy, given.st_mode & 0o777) }
    }

    /// Inside the store it is named from there, so that a store that is moved or copied finds its own.
    private static func proposal(for store: Store, _ name: String) throws -> String {
        guard let shared = sharedFolder() else { return "live/\(name)" }
        let folder = shared.hasPrefix("/") ? shared : "\(try absolutePath("."))/\(shared)"
        return "\(folder)/\(try store.storeID())/\(name)"
    }

    private static func resolved(_ address: String, _ engine: Environment) throws -> String {
        address.hasPrefix("/") ? address : "\(try absolutePath(engine.directory))/\(address)"
    }

    private static func sharedFolder() -> String? {
        if let chosen = getenv("SIGNALBOX_LIVE").map({ String(cString: $0) }), !chosen.isEmpty { return chosen }
        return Glibc.access("/run/signalbox", W_OK) == 0 ? "/run/signalbox" : nil
    }

    private static func absolutePath(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else { throw LiveFolderError(path, "realpath") }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func makeFolders(above path: String) throws {
        let parts = path.split(separator: "/").dropLast()
        for count in 1...max(1, parts.count) {
            let folder = "/" + parts.prefix(count).joined(separator: "/")
            guard mkdir(folder, 0o750) == 0 || errno == EEXIST else { throw LiveFolderError(folder, "mkdir") }
        }
    }

    /// What other boots left is worth nothing, and is deleted unread. What begins with this boot's name is another
    /// process's folder in the making, or that of a copy of the store.
    private static func removeOtherBoots(beside path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let (parent, own) = (String(path[..<slash]), path[path.index(after: slash)...].prefix(bootLength))
        for name in names(inFolder: parent) ?? [] where !name.hasPrefix(own) && isBootName(name) {
            for file in names(inFolder: "\(parent)/\(name)") ?? [] { unlink("\(parent)/\(name)/\(file)") }
            rmdir("\(parent)/\(name)")
        }
    }

    /// A boot id and a mark, or what a killed creation left of them.
    private static func isBootName(_ name: String) -> Bool {
        let text = name.prefix(bootLength + markLength)
        return text.count == bootLength + markLength && text.allSatisfy { $0.isHexDigit || $0 == "-" }
            && (name.count == text.count || name.dropFirst(text.count).hasPrefix(".new-"))
    }

    private static let bootLength = 36
    /// With the hyphen before it.
    private static let markLength = 9
}

/// A folder for the live environment that cannot be had.
public struct LiveFolderError: Error, Hashable, CustomStringConvertible {
    public let description: String
    /// The kernel's errno.
    public let number: Int32

    init(_ path: String, _ call: String) {
        number = errno
        description =
            "\(path): cannot be made for the live data of this boot: \(String(cString: strerror(number))) (\(call)); "
            + "name another folder in SIGNALBOX_LIVE"
    }
}

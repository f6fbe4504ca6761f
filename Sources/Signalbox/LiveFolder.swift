import Glibc
import LMDBEngine
import OrderedStore
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

/// Where the live environment of a boot lies: in `$SIGNALBOX_LIVE` or /run/signalbox when there is one, in a folder
/// named after the store, else inside the store's own folder; below that in a folder named after the boot.
enum LiveFolder {
    /// The store's live environment, created if this process may and it is not there yet; nil for a reader when
    /// nobody has opened the store for writing in this boot.
    static func open(
        for engine: Environment, _ access: Store.Access, boot: BootID
    ) throws -> LiveStore<Environment>? {
        guard access != .read else {
            guard let address = try LiveAddress.read(engine, boot: boot) else { return nil }
            return try? LiveStore(engine: opened(resolved(address, engine), .readOnly))
        }
        let address = try LiveAddress.settle(engine, boot: boot, proposed: try proposal(for: engine, boot))
        let path = try resolved(address, engine)
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
    private static func proposal(for engine: Environment, _ boot: BootID) throws -> String {
        guard let shared = sharedFolder() else { return "live/\(boot)" }
        let folder = shared.hasPrefix("/") ? shared : "\(try absolutePath("."))/\(shared)"
        return "\(folder)/\(try LiveAddress.storeID(engine))/\(boot)"
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

    /// What other boots left is worth nothing, and is deleted unread. What begins with this boot's name may be another
    /// process's folder in the making.
    private static func removeOtherBoots(beside path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let (parent, own) = (String(path[..<slash]), String(path[path.index(after: slash)...]))
        for name in names(inFolder: parent) ?? [] where !name.hasPrefix(own) && isBootName(name) {
            for file in names(inFolder: "\(parent)/\(name)") ?? [] { unlink("\(parent)/\(name)/\(file)") }
            rmdir("\(parent)/\(name)")
        }
    }

    /// A boot id, or what a killed creation left of one.
    private static func isBootName(_ name: String) -> Bool {
        let text = name.prefix(36)
        return text.count == 36 && text.allSatisfy { $0.isHexDigit || $0 == "-" }
            && (name.count == 36 || name.dropFirst(36).hasPrefix(".new-"))
    }
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

import Glibc
public import SignalboxCore

/// Reads time zones from the machine's zone files, each once.
public final class ZoneFiles {
    let folder: String
    let localtime: String
    private var known: [String: Zone] = [:]

    public static let standardFolder = "/usr/share/zoneinfo"
    public static let standardLocaltime = "/etc/localtime"

    public init(folder: String = ZoneFiles.standardFolder, localtime: String = ZoneFiles.standardLocaltime) {
        self.folder = folder
        self.localtime = localtime
    }

    /// The machine's zone and those called `names`.
    /// - Throws: ``ZoneFileError`` for a name that has no file, or a file that is no zone file; ``SystemCallError``
    ///   when this process cannot read it, for lack of descriptors or of rights.
    public func table(_ names: some Sequence<String>) throws -> ZoneTable {
        var table = ZoneTable(machine: try machine())
        for name in names { table.named[name] = try zone(name) }
        return table
    }

    /// The zone called `name` in the IANA database, as in Europe/Berlin.
    public func zone(_ name: String) throws -> Zone {
        if let zone = known[name] { return zone }
        guard Zone.isWellFormed(name: name) else {
            throw ZoneFileError("\(quoted(name)) is no name of a zone; expected as in Europe/Berlin")
        }
        let zone = try read("\(folder)/\(name)", name: name)
        known[name] = zone
        return zone
    }

    /// The machine's own zone: what /etc/localtime says, or UTC where there is none.
    public func machine() throws -> Zone {
        if let zone = known[""] { return zone }
        let zone = access(localtime, F_OK) == 0 ? try read(localtime, name: "local") : .utc
        known[""] = zone
        return zone
    }

    private func read(_ path: String, name: String) throws -> Zone {
        do {
            return try Zone(name: name, tzif: try contents(of: opened(path)))
        } catch let error as SystemCallError where Self.missing.contains(error.number) {
            throw ZoneFileError(
                "there is no zone \(quoted(name)): \(path): \(error.reason); "
                    + "expected an IANA name as in Europe/Berlin (Debian's package tzdata has the files)")
        } catch let error as SystemCallError {
            // The zone may well be there: it is this process that cannot read it.
            throw error
        } catch { throw ZoneFileError("\(path) is no zone file: \(error)") }
    }

    /// What the kernel says of a path at which there is no file.
    private static let missing = [ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG]

    private func opened(_ path: String) throws(SystemCallError) -> Descriptor {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemCallError("open \(path)") }
        return Descriptor(owning: number)
    }

    private func contents(of file: Descriptor) throws -> [UInt8] {
        let limit = 1 << 20
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count <= limit, case .bytes(let count) = try file.read(into: &buffer) {
            bytes += buffer[..<count]
        }
        return bytes
    }
}

/// A zone that cannot be had.
public struct ZoneFileError: Error, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

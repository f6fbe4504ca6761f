import Logging
import SignalboxCore

/// The zones that a scheduler has needed so far, and those that cannot be had.
struct KnownZones {
    private var files: ZoneFiles
    private(set) var table: ZoneTable
    /// Zones that were asked for and could not be read.
    private(set) var unreadable: Set<String> = []

    init(_ files: ZoneFiles) throws {
        self.files = files
        table = ZoneTable(machine: try files.machine())
    }

    /// Reads `names`; false when each of them was asked for before and cannot be had.
    mutating func read(_ names: Set<String>, _ logger: Logger) -> Bool {
        let new = names.subtracting(unreadable)
        for name in new {
            do { table.named[name] = try files.zone(name) } catch {
                logger.error("\(error)")
                unreadable.insert(name)
            }
        }
        return !new.isEmpty
    }

    /// Forgets what was read, for the files may have changed. Where the machine's own zone is not to be had now, the
    /// one that is known stays.
    mutating func renew() {
        files = ZoneFiles(folder: files.folder, localtime: files.localtime)
        table = ZoneTable(machine: (try? files.machine()) ?? table.machine)
        unreadable = []
    }
}

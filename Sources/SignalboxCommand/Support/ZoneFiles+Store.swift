import Signalbox
import SignalboxCore
import SignalboxRuntime
import SignalboxStore

extension ZoneFiles {
    /// `table` and, where they can be had, the zones that the jobs of `store` go by: what they missed until they are
    /// changed or removed is worked out with these.
    func table(_ table: ZoneTable, andThoseOf store: Store) throws -> ZoneTable {
        var all = table
        for name in try store.zoneNames() where all.named[name] == nil { all.named[name] = try? zone(name) }
        return all
    }
}

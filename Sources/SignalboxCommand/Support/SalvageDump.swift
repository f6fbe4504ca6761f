import SignalboxCore
import SignalboxStore

/// `dump --salvage`: a dump of what can be believed of a damaged store, and on standard error what was lost.
struct SalvageDump {
    let store: StoreOptions
    /// Whether values that look secret are in it.
    let hasSecrets: Bool
    /// Take what lies on pages that are free or may be, too.
    let includesFree: Bool

    /// - Parameter sink: takes the bytes of the dump, in order.
    /// - Returns: whether nothing was lost.
    func write(to sink: @escaping (Span<UInt8>) throws -> Void) throws -> Bool {
        // The first half is reading, the second writing.
        var bar = ProgressBar(size: 1000)
        defer { bar.clear() }
        let salvaged = try store.find {
            try SalvagedStore(of: store.path, includingFree: includesFree) { entries, share in
                bar.show(lines: entries, bytes: Int(share * 500))
            }
        }
        let records = max(1, salvaged.report.records)
        let unwritable = try salvaged.store.dumpSalvaged(hasSecrets: hasSecrets) { lines in
            bar.show(lines: lines, bytes: 500 + lines * 500 / records)
        } to: {
            try sink($0)
        }
        bar.clear()
        let losses = salvaged.losses + unwritable
        if let users = salvaged.users {
            Terminal.writeError(
                "signalbox: in use by \(users): what was written meanwhile may look damaged; end that, then salvage again\n"
            )
        }
        for loss in losses { Terminal.writeError("signalbox: lost: \(loss)\n") }
        let fromLostPages = salvaged.report.fromLostPages
        let found = fromLostPages > 0 ? ", \(fromLostPages) of them on pages that no tree leads to any more" : ""
        let rest = losses.isEmpty ? "nothing is missing" : "what is lost is named above"
        Terminal.writeError("signalbox: \(salvaged.report.records) records were saved\(found); \(rest)\n")
        return losses.isEmpty
    }
}

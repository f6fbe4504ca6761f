internal import OrderedStore
internal import SignalboxCore

/// What `verify --repair` did.
public struct RepairReport: Sendable, Encodable {
    /// One sentence for each fault that was mended, at most ``VerifyReport/limit``.
    public var mended: [String] = []
    /// What was found afterwards: that which no other record can make up for.
    public var left = VerifyReport()

    public var ok: Bool { left.ok }

    private enum CodingKeys: String, CodingKey { case ok, mended, records, faults }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(ok, forKey: .ok)
        try fields.encode(mended, forKey: .mended)
        try fields.encode(left.records, forKey: .records)
        try fields.encode(left.faults, forKey: .faults)
    }
}

extension JobStore {
    /// Verifies the store, and makes indexes and counters say what the records say, all in one transaction: whoever
    /// works on the store meanwhile waits for its end, and sees all of it or nothing.
    ///
    /// Nothing is written when nothing can be mended.
    /// - Throws: ``StoreError`` with `damaged` when a record cannot be read which no other makes up for: what the others
    ///   say is then not the whole, and to go by it would throw away more. Nothing was changed then.
    public func repair() throws -> RepairReport {
        // A sound store is not written to, and nobody has to wait.
        let report = try verify()
        guard !report.ok else { return RepairReport(left: report) }
        return try engine.write { transaction in
            _ = try transaction.header()
            return try transaction.repair()
        }
    }
}

extension WriteTransaction where Self: ~Copyable {
    fileprivate mutating func repair() throws -> RepairReport {
        var report = RepairReport()
        // What one look mends another may uncover; where one would undo what the other did, that is left.
        var seen: Set<[String]> = []
        while true {
            let check = try checked()
            if let first = check.unreadable.first { throw StoreError.cannotRepair(first, check.unreadable.count) }
            let isMendable = !check.remedies.isEmpty || check.soundState != check.state
            guard isMendable, seen.insert(check.report.faults).inserted || check.remedies.count == Remedy.limit else {
                report.left = check.report
                report.mended.removeAll { check.report.faults.contains($0) }
                return report
            }
            report.note(check.report.faults)
            try mend(check)
        }
    }

    private mutating func mend(_ check: borrowing Check) throws {
        for remedy in check.remedies {
            switch remedy {
            case .put(let bucket, let key, let value): try put(key.span, value.span, in: bucket)
            case .delete(let bucket, let key): try delete(key.span, in: bucket)
            }
        }
        var state = check.soundState
        // What readers have built from the sequence before no longer stands.
        state.sequence += 1
        try keep(state, StoreState.key, in: Buckets.meta)
        // Whoever waits has gone by what was wrong.
        notify(InterestSet(rawValue: .max))
    }
}

extension RepairReport {
    fileprivate mutating func note(_ faults: [String]) {
        for fault in faults where mended.count < VerifyReport.limit && !mended.contains(fault) { mended.append(fault) }
    }
}

extension StoreError {
    fileprivate static func cannotRepair(_ first: String, _ count: Int) -> StoreError {
        let others = count == 1 ? "" : "; and \(count - 1) more, which `signalbox verify` lists"
        return StoreError(
            .damaged,
            "\(first)\(others). No other record makes up for it, so nothing was repaired: save what can be read with "
                + "`signalbox dump --salvage FILE`, and go on with a restored dump or backup")
    }
}

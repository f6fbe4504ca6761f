// What `verify` compares of unique keys: who holds a key and who must, both ways; which windows end when.

internal import OrderedStore
internal import SignalboxCore

extension ReadTransaction where Self: ~Copyable {
    /// Whether a dispatch holds its key for as long as it must, and no longer.
    func checkHolding(of unique: UniqueKey?, by record: DispatchRecord, _ check: inout Check) throws {
        let (id, state) = (record.dispatch.id, record.dispatch.state)
        guard let unique else {
            guard record.holdsUniqueKey || record.hasLostUniqueKey else { return }
            return check.report.fault("dispatch \(id) holds a unique key that its request does not name")
        }
        let mustHold = unique.scope == .active && !state.isTerminal && !record.hasLostUniqueKey
        if record.holdsUniqueKey != mustHold {
            check.report.fault(
                "dispatch \(id) is \(state.name) and \(record.holdsUniqueKey ? "holds" : "does not hold") "
                    + "its unique key \(quoted(unique.text))")
        }
        let holder = try uniqueEntry(of: unique.text)?.holder
        if record.holdsUniqueKey, holder != id {
            check.report.fault("the unique key \(quoted(unique.text)) of dispatch \(id) is held by another")
        }
        // What is made again of it holds the key then.
        if unique.scope == .forever, !record.hasLostUniqueKey, (holder ?? DispatchID(0)) < id {
            check.report.fault("the unique key \(quoted(unique.text)) of dispatch \(id) is to be held for ever")
        }
        if record.hasLostUniqueKey, holder == id || !state.isTerminal && state != .inProgress {
            check.report.fault("dispatch \(id) is \(state.name), and another has taken its unique key")
        }
    }

    /// Whether what a dispatch is BLOCKED by is still to be waited for.
    func checkBlocker(of dispatch: Dispatch, _ request: Request, _ check: inout Check) throws {
        guard dispatch.state == .blocked, let other = dispatch.blocker else { return }
        let blocker = try dispatchRecord(other)
        guard let blocker, !blocker.dispatch.state.isTerminal else {
            // Until somebody makes it again.
            let isParked = dispatch.reason == .dependency && request.onParentFail == .wait
            if isParked, try standing(of: other) == .failed(other) { return }
            return check.report.fault("dispatch \(dispatch.id) is BLOCKED by \(other), which has ended")
        }
        if dispatch.reason == .uniqueKey, !blocker.hasLostUniqueKey {
            check.report.fault("dispatch \(dispatch.id) is BLOCKED by \(other), whose unique key nobody has taken")
        }
    }

    func checkUniqueKeys(_ check: inout Check) throws {
        try each(UniqueEntry.self, Buckets.unique, &check) { key, entry, check in
            var reader = KeyReader(key)
            if let text = reader.text(), let end = entry.endKey(of: text) {
                try expect(end, Buckets.uniqueEnds, &check)
            }
            guard !entry.isHolderPruned else { return try checkOutliving(key, entry, &check) }
            guard let holder = try? dispatchRecord(entry.holder), let unique = try request(of: entry.holder).unique,
                uniqueKeyBytes(unique.text) == key
            else {
                return check.report.fault(
                    "unique has \(hexadecimal(key)), and dispatch \(entry.holder) does not name that key")
            }
            if unique.scope == .active, !holder.holdsUniqueKey {
                check.report.fault(
                    "unique has \(hexadecimal(key)), and dispatch \(entry.holder) does not hold that key")
            }
            try checkWindow(of: entry, unique, &check)
        }
    }

    /// A key whose holder was pruned.
    private func checkOutliving(_ key: [UInt8], _ entry: UniqueEntry, _ check: inout Check) throws {
        if try entry.holder.number >= check.state.nextDispatch
            || contains(.dispatch(entry.holder), in: Buckets.dispatches)
        {
            check.report.fault(
                "unique has \(hexadecimal(key)), and dispatch \(entry.holder), which it says was pruned, was not")
        }
    }

    private func checkWindow(of entry: UniqueEntry, _ unique: UniqueKey, _ check: inout Check) throws {
        guard case .window = unique.scope else {
            guard entry.until != nil else { return }
            return check.report.fault("the unique key \(quoted(unique.text)) has a window, and is not held for one")
        }
        if entry.until == nil {
            check.report.fault("the unique key \(quoted(unique.text)) is held for a window that has no end")
        }
    }
}

// What `verify` compares of unique keys: who holds a key and who must, both ways; which windows end when.
//
// Where exactly one dispatch can hold a key by what the dispatches say, `--repair` gives it the key: one that has not
// ended and says that it holds it, or of those that hold it for ever the newest. And who has ended, or lost the key to
// another, lets go one that is held until the end. All else is named and left:
// - two that say they hold one key: which of them was first, only the lost record knew;
// - a key held for a window: its window may have begun anew with a newer request, and one that has passed is dropped,
//   so that nobody can tell whether a missing one is missing;
// - a key whose holder is not there, and was not pruned: nobody knows for how long it was held;
// - what a dispatch says itself: that is what all this goes by.

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
            if mustHold { check.claims.claim(unique.text, by: id) }
        }
        // What is made again of it holds the key then.
        if unique.scope == .forever, !record.hasLostUniqueKey, (holder ?? DispatchID(0)) < id {
            check.report.fault("the unique key \(quoted(unique.text)) of dispatch \(id) is to be held for ever")
            check.claims.claimForEver(unique.text, by: id)
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
                let isOver = holder.dispatch.state.isTerminal || holder.hasLostUniqueKey
                check.fault(
                    "unique has \(hexadecimal(key)), and dispatch \(entry.holder) does not hold that key",
                    isOver ? .delete(Buckets.unique, key: key) : nil)
            }
            try checkWindow(of: entry, unique, &check)
        }
        // After all others: who has a right to a key gets it, whoever lets it go.
        for (text, holder) in check.claims.undisputed where try mayTake(text, holder) {
            check.mend(.put(Buckets.unique, holder, of: text))
        }
    }

    /// Whether nobody else can hold a key that `holder` claims.
    private func mayTake(_ text: String, _ holder: DispatchID) throws -> Bool {
        guard let entry = try uniqueEntry(of: text) else { return true }
        guard !entry.isHolderPruned, let other = (try? dispatchRecord(entry.holder)) ?? nil,
            let unique = (try? request(of: entry.holder))?.unique, unique.text == text
        else { return false }
        switch unique.scope {
        case .active: return !other.holdsUniqueKey || other.dispatch.state.isTerminal
        case .window: return false
        case .forever: return entry.holder < holder
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
            return check.fault(
                "the unique key \(quoted(unique.text)) has a window, and is not held for one",
                .put(Buckets.unique, entry.holder, of: unique.text))
        }
        if entry.until == nil {
            check.report.fault("the unique key \(quoted(unique.text)) is held for a window that has no end")
        }
    }
}

/// Who claims which unique key that the bucket of keys says is another's, or nobody's.
struct UniqueClaims {
    private var living: [String: [DispatchID]] = [:]
    private var forEver: [String: DispatchID] = [:]

    mutating func claim(_ text: String, by id: DispatchID) { living[text, default: []].append(id) }
    /// Of several the newest holds it.
    mutating func claimForEver(_ text: String, by id: DispatchID) { forEver[text] = max(id, forEver[text] ?? id) }

    /// Keys that only one can hold.
    var undisputed: [(String, DispatchID)] {
        let one = living.filter { $0.value.count == 1 && forEver[$0.key] == nil }.map { ($0.key, $0.value[0]) }
        return one + forEver.filter { living[$0.key] == nil }.map { ($0.key, $0.value) }
    }
}

extension Remedy {
    /// The key is held until the end, or for ever.
    fileprivate static func put(_ bucket: Bucket, _ holder: DispatchID, of text: String) -> Remedy {
        let key = uniqueKeyBytes(text)
        var writer = RecordWriter()
        UniqueEntry(holder: holder).write(under: key.span, to: &writer)
        return .put(bucket, key: key, value: copied(writer.span))
    }
}

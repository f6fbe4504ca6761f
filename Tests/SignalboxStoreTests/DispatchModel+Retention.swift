import SignalboxCore

// Retention as the model has it: with a look at everything, where the store keeps count.
extension Model {
    /// Those that retention counts, by how they ended, oldest first.
    var counted: [DispatchState: [DispatchID]] {
        let counted = entries.filter { $0.value.state.isTerminal && !$0.value.isPinned && !$0.value.isSetAside }
        return Dictionary(grouping: counted.keys) { entries[$0]!.state }.mapValues { ids in
            ids.sorted { (entries[$0]!.finished!, $0) < (entries[$1]!.finished!, $1) }
        }
    }

    /// What waits, or is still to come after it, would be judged otherwise without it: it is waited for, or stands in for
    /// one that is, or for one that is still there.
    func isNeeded(_ id: DispatchID) -> Bool {
        let awaited = entries.values.filter { !$0.state.isTerminal }.flatMap(\.after)
        if awaited.contains(where: { $0 == id || original(of: $0) == id }) { return true }
        let first = original(of: id)
        guard first != id, newest(of: id) == id else { return false }
        return awaited.contains { $0 == first || original(of: $0) == first }
            || ids.contains { $0 != id && original(of: $0) == first }
    }

    /// The end of an operation, before which so many were counted: what nothing needs any more is counted again, and of
    /// that of which there are more than before the oldest go, as far as there are too many.
    mutating func pruneAlong(since before: [DispatchState: [DispatchID]]) {
        countAgain()
        let now = counted
        let rises = DispatchState.allCases.map { (now[$0]?.count ?? 0) - (before[$0]?.count ?? 0) }
        var room = max(8, 2 * rises.filter { $0 > 0 }.reduce(0, +))
        for (state, rise) in zip(DispatchState.allCases, rises) where rise > 0 {
            guard let count = keep.limit(of: state).count, let total = now[state]?.count else { continue }
            let excess = (counted[state] ?? []).prefix(min(max(total - count, 0), room))
            excess.forEach { letGo(of: $0) }
            room -= excess.count
        }
    }

    /// Walks over everything, until nothing goes any more: whatever is too much, or too old.
    mutating func prune(now: Instant) {
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for (state, ids) in counted {
                let limit = keep.limit(of: state)
                for (place, id) in ids.enumerated() {
                    let isTooMuch = limit.count.map { ids.count - place > $0 } ?? false
                    let isTooOld = limit.age.map { entries[id]!.finished! + $0 < now } ?? false
                    guard isTooMuch || isTooOld else { break }
                    letGo(of: id)
                    hasChanged = true
                }
            }
        }
    }

    private mutating func letGo(of id: DispatchID) {
        guard !isNeeded(id) else { return change(id) { $0.isSetAside = true } }
        entries[id] = nil
        ids.removeAll { $0 == id }
        pruned += 1
        countAgain()
    }

    private mutating func countAgain() {
        for id in ids where entries[id]!.isSetAside && !isNeeded(id) { change(id) { $0.isSetAside = false } }
    }
}

// Unique keys: who holds one is read and written in the transaction that makes a dispatch, and there is one writer, so
// that of any number of processes that enqueue the same key at once each meets what the one before has made.

internal import OrderedStore
internal import SignalboxCore

extension JobWriter where Transaction: ~Copyable {
    /// T1 for a request with a unique key.
    mutating func enqueue(_ item: Enqueuing, under unique: UniqueKey) throws -> Enqueued {
        guard let holding = try holding(of: unique.text) else {
            return Enqueued(id: try make(item), deduplicated: false)
        }
        guard let holder = holding.record else {
            guard unique.onConflict != .reject else { throw StoreError.keyIsHeld(unique, byPruned: holding.id) }
            return Enqueued(id: holding.id, deduplicated: true)
        }
        let isOnSameTerms = try holder.hasSameTerms(as: item, transaction.request(of: holder.dispatch.id))
        switch unique.onConflict.decision(meeting: holder.dispatch, onSameTerms: isOnSameTerms) {
        case .existing: return Enqueued(id: holder.dispatch.id, deduplicated: true)
        case .refuse: throw StoreError.keyIsHeld(unique, by: holder.dispatch)
        // Where it stands among the ready ones depends on its handler.
        case .renew where item.request.command.handler != holder.dispatch.handler:
            return try replace(holder, with: item, unique)
        case .renew: return try renew(holder, with: item, unique)
        case .replace: return try replace(holder, with: item, unique)
        case .follow(let stopping):
            try takeKey(from: holder, stopping: stopping)
            return Enqueued(id: try make(item, behind: holder.dispatch.id), deduplicated: false)
        }
    }

    /// The dispatch that holds a unique key, and its record unless that was pruned; nil when none does, or its window has
    /// passed.
    mutating func holding(of key: String) throws -> (id: DispatchID, record: DispatchRecord?)? {
        guard let entry = try transaction.uniqueEntry(of: key) else { return nil }
        if let until = entry.until, try until <= clock().steady(at: now.boot) { return nil }
        guard !entry.isHolderPruned else { return (entry.holder, nil) }
        return (entry.holder, try transaction.indexed(entry.holder, by: Buckets.unique))
    }

    /// A record goes, and the key that it holds for a window or for ever stays held.
    mutating func outlive(_ record: DispatchRecord) throws {
        guard let unique = try transaction.request(of: record.dispatch.id).unique,
            var entry = try transaction.uniqueEntry(of: unique.text), entry.holder == record.dispatch.id
        else { return }
        entry.isHolderPruned = true
        try put(entry, uniqueKeyBytes(unique.text).span, in: Buckets.unique)
    }

    /// Gives one that waits the newest request. It keeps its number, and so what comes after it; `debounce` lets it wait
    /// anew.
    private mutating func renew(
        _ holder: DispatchRecord, with item: Enqueuing, _ unique: UniqueKey
    ) throws -> Enqueued {
        try admit(item.request)
        try put(item.request, .dispatch(holder.dispatch.id), in: Buckets.requests)
        try take(unique, for: holder.dispatch.id)
        if unique.onConflict == .debounce, let delay = item.delay {
            try postpone(holder, until: try clock().steady(at: now.boot) + delay)
        }
        notify(.anyChange)
        return Enqueued(id: holder.dispatch.id, deduplicated: true)
    }

    /// Cancels one that waits. If it waited for another that ran under the key, the new one does.
    private mutating func replace(
        _ holder: DispatchRecord, with item: Enqueuing, _ unique: UniqueKey
    ) throws -> Enqueued {
        var lost = holder
        lost.hasLostUniqueKey = true
        try apply(.cancel(.replaced), to: lost)
        let predecessor = try runningPredecessor(of: holder.dispatch)
        if let predecessor {
            try takeKey(
                from: try transaction.indexed(predecessor, by: Buckets.blocked),
                stopping: unique.onConflict == .replace)
        }
        let id = try make(item, behind: predecessor)
        return Enqueued(id: id, deduplicated: false, replaced: holder.dispatch.id)
    }

    /// One that runs holds the key no more, and is not tried again.
    private mutating func takeKey(from holder: DispatchRecord, stopping: Bool) throws {
        var lost = holder
        (lost.holdsUniqueKey, lost.hasLostUniqueKey) = (false, true)
        if stopping, !lost.dispatch.cancelRequested { return _ = try apply(.cancel(.replaced), to: lost) }
        try put(lost, .dispatch(lost.dispatch.id), in: Buckets.dispatches)
    }

    /// The one that `dispatch` has to wait for, because that ran under its unique key first; nil when there is none.
    func runningPredecessor(of dispatch: Dispatch) throws -> DispatchID? {
        guard let other = dispatch.predecessor, let found = try transaction.dispatchRecord(other)?.dispatch,
            !found.state.isTerminal
        else { return nil }
        return other
    }

    // MARK: Holding

    /// Writes down that a dispatch holds the key from now on.
    mutating func take(_ unique: UniqueKey, for id: DispatchID) throws {
        var until: Instant?
        if case .window(let length) = unique.scope {
            let steady = try clock().steady(at: now.boot)
            until = steady + length
            try dropPassedWindows(through: steady)
        }
        try keep(UniqueEntry(holder: id, until: until), of: unique.text)
    }

    private mutating func keep(_ entry: UniqueEntry, of text: String) throws {
        if let passed = try transaction.uniqueEntry(of: text)?.until {
            try transaction.delete(uniqueEndBytes(passed, text).span, in: Buckets.uniqueEnds)
        }
        if let until = entry.until {
            try transaction.put(uniqueEndBytes(until, text).span, Span(), in: Buckets.uniqueEnds)
        }
        try put(entry, uniqueKeyBytes(text).span, in: Buckets.unique)
    }

    /// With each window that begins some go that have passed, so that none has to be looked for otherwise, and no
    /// transaction has much to do.
    private mutating func dropPassedWindows(through steady: Instant) throws {
        let passed = KeyRange(from: [], to: Key().with(steady + .microseconds(1)).bytes)
        for key in try transaction.keys(Buckets.uniqueEnds, passed, limit: UniqueWindows.droppedAtOnce) {
            let held = Array(key.dropFirst(8))
            try transaction.delete(held.span, in: Buckets.unique)
            try transaction.delete(key.span, in: Buckets.uniqueEnds)
        }
    }

    // MARK: Letting go

    /// What ends lets its key go, where that is held until the end. If it has waited for another that runs under the
    /// key, that one holds it again.
    mutating func releaseUniqueKey(of ended: DispatchRecord) throws {
        let id = ended.dispatch.id
        guard let unique = try transaction.request(of: id).unique,
            let entry = try transaction.uniqueEntry(of: unique.text), entry.holder == id
        else { return }
        if let other = try runningPredecessor(of: ended.dispatch) { return try giveBack(unique.text, to: other) }
        guard ended.holdsUniqueKey else { return }
        try transaction.delete(uniqueKeyBytes(unique.text).span, in: Buckets.unique)
    }

    private mutating func giveBack(_ text: String, to id: DispatchID) throws {
        var record = try transaction.indexed(id, by: Buckets.blocked)
        guard let unique = try transaction.request(of: id).unique else { return }
        var until: Instant?
        if case .window(let length) = unique.scope {
            until = try clock().time(on: .steady, ofWall: record.dispatch.enqueuedAt) + length
        }
        (record.holdsUniqueKey, record.hasLostUniqueKey) = (unique.scope == .active, false)
        try put(record, .dispatch(id), in: Buckets.dispatches)
        try keep(UniqueEntry(holder: id, until: until), of: text)
    }

    /// T12. One whose key a newer one has taken while it ran ends instead of being tried again: of those with a key only
    /// one waits, and that is the newest.
    mutating func makeWay(_ dispatch: Dispatch) throws -> Dispatch {
        guard !dispatch.state.isTerminal, dispatch.state != .inProgress else { return dispatch }
        return try apply(.cancel(.replaced), to: try transaction.indexed(dispatch.id, by: Buckets.byState))
    }
}

/// Windows of unique keys that have passed.
enum UniqueWindows {
    /// More than one, so that they become fewer with every window that begins.
    static let droppedAtOnce = 4
}

extension DispatchRecord {
    /// Whether a request differs from that of this dispatch only in what it runs and when.
    fileprivate func hasSameTerms(as item: Enqueuing, _ request: Request) -> Bool {
        dispatch.queue == item.queue && dispatch.priority == item.priority && dispatch.maxAttempts == item.maxAttempts
            && request.after == item.request.after && request.onParentFail == item.request.onParentFail
            && request.unique?.scope == item.request.unique?.scope
            && request.concurrency == item.request.concurrency && request.rate == item.request.rate
    }
}

extension StoreError {
    static func keyIsHeld(_ unique: UniqueKey, by holder: Dispatch) -> StoreError {
        StoreError(
            .refused,
            "the unique key \(quoted(unique.text)) is held by dispatch \(holder.id), which is \(holder.state.name)")
    }

    static func keyIsHeld(_ unique: UniqueKey, byPruned holder: DispatchID) -> StoreError {
        StoreError(
            .refused,
            "the unique key \(quoted(unique.text)) is held by dispatch \(holder), which has ended and was pruned")
    }
}

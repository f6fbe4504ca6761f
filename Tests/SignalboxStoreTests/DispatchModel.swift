import SignalboxCore
import SignalboxStore

/// A store of dispatches as a dictionary: what ``Caller`` compares with. Steady time is wall time here, for nobody sets
/// the clock.
struct Model {
    struct Entry {
        var queue: QueueName
        var priority: UInt8
        var due: Instant
        var maxAttempts: Int
        var enqueuedAt: Instant
        var unique: UniqueKey?
        var after: [DispatchID] = []
        var onParentFail: ParentFailure
        var retryLimit: Duration?
        var concurrency: ConcurrencyLimit?
        var parent: DispatchID?
        var state = DispatchState.pending
        var blocker: DispatchID?
        /// The ``blocker`` runs under the same key.
        var waitsForKey = false
        /// A newer one has taken the key.
        var hasLostKey = false
        var attempt = 0
        var crashes = 0
        var lastStart: Instant?
        var owner: WorkerID?
        var token: Token?
        var isToStop = false
        /// When it ended.
        var finished: Instant?
        /// The first of those that were made again one of the other, ending with this.
        var original: DispatchID?
        var isPinned = false
        /// Too much of its kind ended after it, and what waits needs it.
        var isSetAside = false

        func agrees(with dispatch: Dispatch) -> Bool {
            dispatch.queue == queue && dispatch.priority == priority && dispatch.dueAt == due
                && dispatch.maxAttempts == maxAttempts && dispatch.parent == parent
                && (dispatch.state == state || state == .pending && dispatch.heldBy != nil)
                && dispatch.blocker == blocker && dispatch.attempt == attempt && dispatch.crashes == crashes
                && dispatch.claim?.worker == owner && dispatch.claim?.token == token
                && dispatch.cancelRequested == isToStop
        }
    }

    enum Enqueuement {
        case made(Entry, replaced: DispatchID?)
        case held(DispatchID)
        case refused
    }

    /// How one stands that others come after.
    private enum Standing { case met, waiting(DispatchID), failed(DispatchID) }

    var entries: [DispatchID: Entry] = [:]
    /// Oldest first.
    var ids: [DispatchID] = []
    /// What is kept of them.
    var keep = Retention.forever
    /// How many went.
    var pruned = 0
    private var keys: [String: (holder: DispatchID, until: Instant?)] = [:]

    var running: [(key: DispatchID, value: Entry)] {
        entries.filter { $0.value.state == .inProgress }.sorted { $0.key < $1.key }
    }

    /// Of every state, also of those that none is in.
    var counts: [DispatchState: Int] {
        var counts = Dictionary(uniqueKeysWithValues: DispatchState.allCases.map { ($0, 0) })
        for entry in entries.values { counts[entry.state]? += 1 }
        return counts
    }

    mutating func change(_ id: DispatchID, _ change: (inout Entry) -> Void) {
        guard entries[id] != nil else { return }
        change(&entries[id]!)
    }
}

// MARK: New ones

extension Model {
    mutating func enqueue(_ item: Enqueuing, now: Instant) -> Enqueuement {
        guard let unique = item.request.unique, let holder = holder(of: unique, now) else {
            return .made(new(item, now), replaced: nil)
        }
        if unique.onConflict == .reject { return .refused }
        guard let held = entries[holder] else { return .held(holder) }
        if unique.onConflict == .existing || held.state.isTerminal { return .held(holder) }
        let isStopped = unique.onConflict == .replace
        if held.state == .inProgress {
            takeKey(from: holder, isStopped)
            return .made(new(item, behind: holder, now), replaced: nil)
        }
        let isSame =
            held.queue == item.queue && held.priority == item.priority && held.maxAttempts == item.maxAttempts
            && held.after == item.request.after && held.onParentFail == item.request.onParentFail
            && held.unique?.scope == unique.scope && held.concurrency == item.request.concurrency
        if isSame, !isStopped, held.attempt == 0 {
            renew(holder, item, unique, now)
            return .held(holder)
        }
        let ahead = predecessor(of: holder)
        change(holder) { $0.hasLostKey = true }
        end(holder, .cancelled, now)
        if let ahead { takeKey(from: ahead, isStopped) }
        return .made(new(item, behind: ahead, now), replaced: holder)
    }

    private func new(_ item: Enqueuing, behind ahead: DispatchID? = nil, _ now: Instant) -> Entry {
        var entry = Entry(
            queue: item.queue, priority: item.priority, due: now, maxAttempts: item.maxAttempts, enqueuedAt: now,
            unique: item.request.unique, after: item.request.after, onParentFail: item.request.onParentFail,
            retryLimit: item.request.retry.limit, concurrency: item.request.concurrency)
        entry.blocker = ahead
        entry.waitsForKey = ahead != nil
        if let due = item.delay.map({ now + $0 }) ?? item.due {
            (entry.state, entry.due) = (.scheduled, due)
        } else if ahead != nil {
            entry.state = .blocked
        }
        return entry
    }

    /// What is new and free to begin looks at what it comes after.
    mutating func insert(_ entry: Entry, as id: DispatchID, now: Instant) {
        let before = entry.parent.map(newest)
        entries[id] = entry
        ids.append(id)
        if let unique = entry.unique { keys[unique.text] = (id, until(unique, from: now)) }
        if entry.state == .pending { release(id, now) }
        guard let before, entries[before]?.state.isTerminal ?? true else { return }
        for waiter in ids where entries[waiter]?.state == .blocked && entries[waiter]?.blocker == before {
            change(waiter) { $0.blocker = id }
        }
    }

    /// Nil: it cannot be made again.
    func copy(of id: DispatchID, now: Instant) -> Entry? {
        guard let entry = entries[id], entry.state.isTerminal else { return nil }
        if let unique = entry.unique, let holder = holder(of: unique, now), holder != id { return nil }
        return Entry(
            queue: entry.queue, priority: entry.priority, due: now, maxAttempts: entry.maxAttempts, enqueuedAt: now,
            unique: entry.unique,
            after: entry.after.filter { if case .waiting = standing(of: $0) { true } else { false } },
            onParentFail: entry.onParentFail, retryLimit: entry.retryLimit, concurrency: entry.concurrency, parent: id,
            original: original(of: id))
    }
}

// MARK: Keys

extension Model {
    private func holder(of unique: UniqueKey, _ now: Instant) -> DispatchID? {
        guard let held = keys[unique.text], held.until.map({ $0 > now }) ?? true else { return nil }
        return held.holder
    }

    private func until(_ unique: UniqueKey, from start: Instant) -> Instant? { unique.scope.window.map { start + $0 } }

    private func predecessor(of id: DispatchID) -> DispatchID? {
        guard let entry = entries[id], entry.waitsForKey, let ahead = entry.blocker,
            entry.state == .scheduled || entry.state == .blocked
        else { return nil }
        return entries[ahead]?.state.isTerminal ?? true ? nil : ahead
    }

    private mutating func takeKey(from id: DispatchID, _ isStopped: Bool) {
        change(id) { entry in
            entry.hasLostKey = true
            if isStopped { entry.isToStop = true }
        }
    }

    private mutating func renew(_ id: DispatchID, _ item: Enqueuing, _ unique: UniqueKey, _ now: Instant) {
        keys[unique.text] = (id, until(unique, from: now))
        change(id) { entry in
            entry.unique = unique
            entry.retryLimit = item.request.retry.limit
            guard unique.onConflict == .debounce, let delay = item.delay else { return }
            (entry.state, entry.due) = (.scheduled, now + delay)
            if !entry.waitsForKey { entry.blocker = nil }
        }
    }

    private mutating func letGo(_ id: DispatchID, _ entry: Entry, ahead: DispatchID?) {
        guard let unique = entry.unique, keys[unique.text]?.holder == id else { return }
        if let ahead, let first = entries[ahead], let key = first.unique {
            change(ahead) { $0.hasLostKey = false }
            keys[unique.text] = (ahead, until(key, from: first.enqueuedAt))
        } else if unique.scope == .active, !entry.hasLostKey {
            keys[unique.text] = nil
        }
    }
}

// MARK: What comes after others

extension Model {
    func original(of id: DispatchID) -> DispatchID { entries[id]?.original ?? id }

    func newest(of id: DispatchID) -> DispatchID {
        let first = original(of: id)
        return ids.last { entries[$0]?.parent != nil && original(of: $0) == first } ?? id
    }

    private func standing(of id: DispatchID) -> Standing {
        if let entry = entries[id] {
            if entry.state == .success { return .met }
            if !entry.state.isTerminal { return .waiting(id) }
        }
        let newest = newest(of: id)
        guard newest != id, let other = entries[newest] else { return .failed(id) }
        return other.state == .success ? .met : other.state.isTerminal ? .failed(newest) : .waiting(newest)
    }

    /// The first that is in its way; nil when there is none.
    private func obstacle(of entry: Entry) -> (id: DispatchID, isFinal: Bool)? {
        for id in entry.after {
            switch standing(of: id) {
            case .met: continue
            case .waiting(let other): return (other, false)
            case .failed(let other):
                if entry.onParentFail != .run { return (other, entry.onParentFail == .cancel) }
            }
        }
        return nil
    }

    /// What waited for something, or for its time, waits for the next, or for a worker, or no more.
    private mutating func release(_ id: DispatchID, _ now: Instant) {
        guard let entry = entries[id], !entry.state.isTerminal else { return }
        if let ahead = predecessor(of: id), entry.state == .scheduled {
            return change(id) { ($0.state, $0.blocker) = (.blocked, ahead) }
        }
        change(id) { $0.waitsForKey = false }
        guard entry.attempt == 0, let obstacle = obstacle(of: entry) else {
            return change(id) { ($0.state, $0.blocker) = (.pending, nil) }
        }
        if obstacle.isFinal { return end(id, .cancelled, now) }
        change(id) { ($0.state, $0.blocker) = (.blocked, obstacle.id) }
    }
}

// MARK: Attempts

extension Model {
    /// What may not be tried any more fails instead, and makes room for the next; so does what finds no place.
    mutating func claimable(in queue: QueueName, _ limit: Int, now: Instant) -> [DispatchID] {
        var places = running.reduce(into: [String: Int]()) { $0[$1.value.concurrency?.key ?? "", default: 0] += 1 }
        var (claimable, refused): ([DispatchID], Set<DispatchID>) = ([], [])
        while claimable.count < limit {
            let looked = (claimable.count, refused.count)
            let next = ready(in: queue).filter { !claimable.contains($0) && !refused.contains($0) }
            for id in next.prefix(limit - claimable.count) {
                guard let entry = entries[id] else { continue }
                if let place = entry.concurrency, places[place.key, default: 0] >= place.max {
                    refused.insert(id)
                } else if !mayBeTried(entry, at: now) {
                    end(id, .failed, now)
                    refused.insert(id)
                } else {
                    if let place = entry.concurrency { places[place.key, default: 0] += 1 }
                    claimable.append(id)
                }
            }
            if looked.1 == refused.count { break }
        }
        return claimable
    }

    /// In the order of claims.
    private func ready(in queue: QueueName) -> [DispatchID] {
        entries.filter { $0.value.state == .pending && $0.value.queue == queue }.sorted {
            ($0.value.priority, $0.value.due, $0.key) < ($1.value.priority, $1.value.due, $1.key)
        }.map(\.key)
    }

    private func mayBeTried(_ entry: Entry, at time: Instant) -> Bool {
        guard entry.attempt > 0, let limit = entry.retryLimit, let start = entry.lastStart else { return true }
        return time <= start + limit
    }

    mutating func claim(_ id: DispatchID, _ worker: WorkerID, _ token: Token?, now: Instant) {
        change(id) { entry in
            if entry.attempt == 0 { entry.lastStart = now }
            entry.state = .inProgress
            entry.attempt += 1
            (entry.owner, entry.token) = (worker, token)
        }
    }

    mutating func finish(_ id: DispatchID, _ ending: AttemptResult.Ending, now: Instant) {
        guard let entry = entries[id] else { return }
        change(id) { ($0.owner, $0.token) = (nil, nil) }
        switch ending {
        case .ended(.exited(0)): end(id, .success, now)
        case .ended(.exited(1)) where entry.attempt < entry.maxAttempts:
            // 15 s, 30 s, 60 s.
            let due = now + .seconds(15 << (entry.attempt - 1))
            if !mayBeTried(entry, at: due) { return end(id, .failed, now) }
            again(id, now) { ($0.state, $0.due) = (.scheduled, due) }
        case .ended: end(id, .failed, now)
        case .notBegun:
            again(id, now) { entry in
                entry.state = .pending
                entry.attempt -= 1
            }
        case .snoozed(_, let wait):
            again(id, now) { entry in
                (entry.state, entry.due) = (.scheduled, now + wait)
                entry.attempt -= 1
            }
        case .timedOut, .idle, .unresponsive, .cancelled, .drained: end(id, .cancelled, now)
        }
    }

    /// What was to stop, and what a newer one follows, is not started again.
    private mutating func again(_ id: DispatchID, _ now: Instant, _ wait: (inout Entry) -> Void) {
        guard let entry = entries[id] else { return }
        if entry.isToStop { return end(id, .cancelled, now) }
        change(id, wait)
        if entry.hasLostKey { end(id, .cancelled, now) }
    }

    mutating func cancel(_ id: DispatchID, now: Instant) {
        switch entries[id]?.state {
        case .inProgress?: change(id) { $0.isToStop = true }
        case .scheduled?, .blocked?, .pending?: end(id, .cancelled, now)
        case .success?, .failed?, .cancelled?, .skipped?, nil: break
        }
    }

    /// Returns what it had.
    mutating func crash(_ worker: WorkerID, now: Instant) -> [DispatchID] {
        let lost = running.filter { $0.value.owner == worker }.map(\.key)
        for id in lost {
            change(id) { entry in
                entry.crashes += 1
                (entry.owner, entry.token) = (nil, nil)
            }
            guard let entry = entries[id] else { continue }
            if entry.crashes == 3, !entry.isToStop {
                end(id, .failed, now)
            } else {
                again(id, now) { ($0.state, $0.due) = (.pending, now) }
            }
        }
        return lost
    }

    mutating func promote(now: Instant) {
        let due = entries.filter { $0.value.state == .scheduled && $0.value.due <= now }
        for (id, _) in due.sorted(by: { ($0.value.due, $0.key) < ($1.value.due, $1.key) }) { release(id, now) }
    }

    private mutating func end(_ id: DispatchID, _ state: DispatchState, _ now: Instant) {
        guard let entry = entries[id] else { return }
        let ahead = predecessor(of: id)
        change(id) { entry in
            entry.state = state
            entry.finished = now
            entry.blocker = nil
            entry.waitsForKey = false
        }
        letGo(id, entry, ahead: ahead)
        for waiter in ids where entries[waiter]?.state == .blocked && entries[waiter]?.blocker == id {
            release(waiter, now)
        }
    }
}

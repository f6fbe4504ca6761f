// Concurrency keys and rate keys. Who meets a full one when it is about to be claimed goes into the key's list and is
// BLOCKED: it leaves the ready ones at once, so that no worker meets it twice for nothing. As soon as there is room
// again, the first of each lane of the list are offered: PENDING, and still in the list until one is claimed. So a place
// that is free always has takers among the ready ones of every queue in which somebody waits for it, and a queue that
// nobody serves keeps no other waiting.
//
// That is the invariant: with room for n, the first n of each lane are PENDING.

internal import OrderedStore
internal import SignalboxCore

extension JobWriter where Transaction: ~Copyable {
    // MARK: At a claim

    /// Whether the keys of a PENDING dispatch have room for it; if not, it is BLOCKED in the list of the first that has
    /// none.
    mutating func hasRoom(for record: DispatchRecord, _ request: Request) throws -> Bool {
        let id = record.dispatch.id
        if let limit = request.concurrency, try !hasPlace(limit, for: id) {
            try apply(.meetLimit(.concurrency), to: record)
            return false
        }
        if let limit = request.rate, try !isOpen(limit, for: id) {
            try apply(.meetLimit(.rate), to: record)
            return false
        }
        return true
    }

    private mutating func hasPlace(_ limit: ConcurrencyLimit, for id: DispatchID) throws -> Bool {
        guard var found = try transaction.concurrencyRecord(limit.key) else { return true }
        guard id > found.decidedBy else { return found.room > 0 }
        let isRaised = limit.max > found.max
        (found.max, found.decidedBy) = (limit.max, id)
        try put(found, .limit(.concurrency, limit.key), in: Buckets.limits)
        if isRaised { try offerPlaces(limit.key) }
        return found.room > 0
    }

    private mutating func isOpen(_ limit: RateLimit, for id: DispatchID) throws -> Bool {
        guard var found = try transaction.rateRecord(limit.key) else { return true }
        let time = try clock().steady(at: now.boot)
        guard id > found.decidedBy else { return found.window.room(at: time) > 0 }
        let isChanged = limit.rate != found.window.rate
        (found.window.rate, found.decidedBy) = (limit.rate, id)
        try put(found, .limit(.rate, limit.key), in: Buckets.limits)
        if isChanged { try offerStarts(limit.key) }
        return found.window.room(at: time) > 0
    }

    // MARK: In every transition of a dispatch that has a key

    /// Moves a dispatch in the lists, and counts it, as it went from `before` to `after`.
    mutating func moveLimits(from before: Dispatch, to after: Dispatch) throws {
        let work = try transaction.request(of: after.id).work
        let (was, becomes) = (before.heldBy, after.heldBy)
        if was != becomes {
            if let list = before.heldList(work) { try transaction.delete(list.key(of: before).span, in: Buckets.held) }
            if let list = after.heldList(work) {
                try transaction.put(list.key(of: after).span, Span(), in: Buckets.held)
            }
        }
        let begins = before.state != .inProgress && after.state == .inProgress
        let ends = before.state == .inProgress && after.state != .inProgress
        if let limit = work.concurrency {
            if begins || ends { try countPlace(limit, begins ? 1 : -1, of: after.id) }
            let leaves = was == .concurrency && becomes != .concurrency && !begins
            if ends || leaves { try offerPlaces(limit.key) }
        }
        if let limit = work.rate {
            if begins { try countStart(limit, of: after.id) }
            let moves = was != becomes && (was == .rate || becomes == .rate)
            if begins || moves { try offerStarts(limit.key) }
        }
    }

    private mutating func countPlace(_ limit: ConcurrencyLimit, _ step: Int, of id: DispatchID) throws {
        var found = try transaction.concurrencyRecord(limit.key) ?? ConcurrencyRecord(max: limit.max, decidedBy: id)
        found.running += step
        guard found.running >= 0 else {
            throw StoreError(.damaged, "the counter of the concurrency key \(quoted(limit.key)) would fall below zero")
        }
        try put(found, .limit(.concurrency, limit.key), in: Buckets.limits)
    }

    private mutating func countStart(_ limit: RateLimit, of id: DispatchID) throws {
        let time = try clock().steady(at: now.boot)
        var found: RateRecord
        if let known = try transaction.rateRecord(limit.key) {
            found = known
        } else {
            try dropOldRates(after: limit.key, at: time)
            found = RateRecord(window: RateWindow(rate: limit.rate), decidedBy: id)
        }
        found.window.take(at: time)
        try put(found, .limit(.rate, limit.key), in: Buckets.limits)
    }

    /// With each record that is made, some are looked at, and those go that nothing needs any more: the next ones in the
    /// order of keys, around the end.
    private mutating func dropOldRates(after key: String, at time: Instant) throws {
        let (all, start) = (KeyRange(prefix: [LimitKind.rate.rawValue]), Key.limit(.rate, key).bytes)
        let most = 4
        var keys = try transaction.keys(Buckets.limits, KeyRange(from: start, to: all.upper), limit: most)
        keys += try transaction.keys(Buckets.limits, KeyRange(from: all.lower, to: start), limit: most - keys.count)
        for key in keys {
            guard let found = try transaction.fetch(RateRecord.self, key.span, in: Buckets.limits) else { continue }
            if found.opening == nil, found.window.isUnused(at: time), try !isAnyHeld(HeldList(ofLimit: key)) {
                try transaction.delete(key.span, in: Buckets.limits)
            }
        }
    }

    // MARK: Offers

    /// Offers the free places of a key to those that wait for one; forgets a key that nobody uses.
    private mutating func offerPlaces(_ key: String) throws {
        guard let found = try transaction.concurrencyRecord(key) else { return }
        let list = HeldList(.concurrency, key)
        guard try found.running > 0 || isAnyHeld(list) else {
            return try delete(.limit(.concurrency, key), in: Buckets.limits)
        }
        try offer(found.room, in: list)
    }

    /// Offers the starts that a key allows now to those that wait for one, and sees to it that the next are offered when
    /// it allows more.
    private mutating func offerStarts(_ key: String) throws {
        guard let before = try transaction.rateRecord(key) else { return }
        let time = try clock().steady(at: now.boot)
        let list = HeldList(.rate, key)
        try offer(before.window.room(at: time), in: list)
        var found = before
        found.window.forget(at: time)
        found.opening = try isAnyHeld(list) ? found.window.nextOpening(after: time) : nil
        guard found != before else { return }
        if let opening = before.opening { try delete(.opening(opening, key), in: Buckets.limits) }
        if let opening = found.opening {
            try mark(.opening(opening, key), in: Buckets.limits)
            notify([.schedule, .anyChange])
        }
        try put(found, .limit(.rate, key), in: Buckets.limits)
    }

    /// Offers what the rate keys allow whose time has come.
    mutating func openRates() throws {
        guard state.count(.blocked) > 0, try transaction.nextOpening() != nil else { return }
        let time = try clock().steady(at: now.boot)
        for key in try transaction.openings(through: time, limit: Self.promotionsPerPass) { try offerStarts(key) }
    }

    /// Makes the first `count` of each lane PENDING.
    private mutating func offer(_ count: Int, in list: HeldList) throws {
        guard count > 0 else { return }
        var range = KeyRange(prefix: list.prefix)
        while let first = try transaction.keys(Buckets.held, range, limit: 1).first {
            let lane = HeldList.lane(ofKey: first)
            for id in try transaction.ids(Buckets.held, lane, limit: count) {
                let record = try transaction.indexed(id, by: Buckets.held)
                if record.dispatch.state == .blocked { try apply(.unblock(next: nil), to: record) }
            }
            guard let next = lane.upper else { return }
            range.lower = next
        }
    }

    private func isAnyHeld(_ list: HeldList) throws -> Bool {
        try !transaction.keys(Buckets.held, KeyRange(prefix: list.prefix), limit: 1).isEmpty
    }
}

// What is kept up so that retention finds what has to go without looking for it: those that have ended, oldest first, and
// how many they are; and who is waited for, and so has to stay.

internal import OrderedStore
internal import SignalboxCore

extension JobWriter where Transaction: ~Copyable {
    /// A dispatch that has just ended, or that stays only as long as others do from now on.
    mutating func countAsEnded(_ record: DispatchRecord) throws {
        try mark(.ended(record), in: Buckets.ended)
        count(KeptSubject(record.dispatch).counter, record.dispatch.state, by: 1)
    }

    /// It stays, whatever becomes of others.
    mutating func countNoMore(_ record: DispatchRecord) throws {
        try delete(.ended(record), in: Buckets.ended)
        count(KeptSubject(record.dispatch).counter, record.dispatch.state, by: -1)
    }

    /// Writes down that `waiting` comes after these.
    mutating func keepAwaiting(_ ids: [DispatchID], by waiting: DispatchID) throws {
        for id in try transaction.awaitedWith(ids) { try mark(.awaited(id, by: waiting), in: Buckets.awaited) }
    }

    /// One that came after others has ended: as far as it is concerned, they may go.
    mutating func awaitNoMore(_ waiting: DispatchID) throws {
        let ids = try transaction.request(of: waiting).after
        for id in try transaction.awaitedWith(ids) {
            try delete(.awaited(id, by: waiting), in: Buckets.awaited)
            try release(id)
            try release(try transaction.standIn(of: id))
        }
    }

    /// Of what is started again and again, as what looks for something every minute and snoozes, the newest starts are
    /// kept with what they printed.
    mutating func dropOldAttempts(of dispatch: Dispatch) throws {
        let oldest = dispatch.startNumber - Attempt.keptOfDispatch
        guard oldest > 0 else { return }
        let key = Key.attempt(dispatch.id, oldest)
        try delete(key, in: Buckets.attempts)
        _ = try clear(Buckets.outputs, KeyRange(prefix: key.bytes))
    }

    /// Lets retention count again what it has set aside, if nothing needs that any more.
    mutating func release(_ id: DispatchID) throws {
        guard var record = try transaction.dispatchRecord(id), record.isSetAside, try !transaction.isNeeded(record)
        else { return }
        record.isSetAside = false
        try put(record, .dispatch(id), in: Buckets.dispatches)
        if record.isCountedAsEnded { try countAsEnded(record) }
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// `ids`, and the first ones of those among them that were made again.
    func awaitedWith(_ ids: [DispatchID]) throws -> Set<DispatchID> {
        var all = Set(ids)
        for id in ids { all.insert(try original(of: id)) }
        return all
    }

    /// Whether what waits, or what is still to come after it, would be judged otherwise if this one were not there: it
    /// comes after this one, or after one that this one stands in for.
    func isNeeded(_ record: DispatchRecord) throws -> Bool {
        let id = record.dispatch.id
        if try isAwaited(id) { return true }
        guard record.chain != id, try standIn(of: id) == id else { return false }
        return try isAwaited(record.chain) || standsInForAny(id, record.chain)
    }

    /// Whether there is still one that `newest` was made again of.
    private func standsInForAny(_ newest: DispatchID, _ chain: DispatchID) throws -> Bool {
        if try contains(.dispatch(chain), in: Buckets.dispatches) { return true }
        let copies = KeyRange(prefix: Key.dispatch(chain).bytes)
        return try ids(Buckets.standIns, copies, limit: 1).first != newest
    }

    private func isAwaited(_ id: DispatchID) throws -> Bool {
        try !keys(Buckets.awaited, KeyRange(prefix: Key.dispatch(id).bytes), limit: 1).isEmpty
    }
}

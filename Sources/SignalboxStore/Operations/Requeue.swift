internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// T15. Makes a new dispatch of what an ended one ran; that one is never changed.
    ///
    /// The new one has all its attempts before it, stands in for the old one where others come after that, and comes
    /// after what that came after as far as it is still to wait for: what has failed does not hold it up.
    /// - Throws: `notFound`; `refused` while it has not ended, or when its unique key is held by another; `full`.
    public func requeue(_ id: DispatchID, now: Now) throws -> DispatchID {
        try write(now) { writer in
            guard let ended = try writer.transaction.dispatchRecord(id)?.dispatch else {
                throw StoreError.noDispatch(id)
            }
            guard ended.state.isTerminal else {
                throw StoreError(
                    .refused, "the dispatch \(id) is \(ended.state.name); only one that has ended can be made again")
            }
            return try writer.insertCopy(of: ended)
        }
    }
}

extension JobWriter where Transaction: ~Copyable {
    fileprivate mutating func insertCopy(of ended: Dispatch) throws -> DispatchID {
        var request = try transaction.request(of: ended.id)
        request.after = try request.after.filter {
            if case .waiting = try transaction.standing(of: $0) { true } else { false }
        }
        if let unique = request.unique, let holding = try holding(of: unique.text), holding.id != ended.id {
            guard let holder = holding.record?.dispatch else {
                throw StoreError.keyIsHeld(unique, byPruned: holding.id)
            }
            throw StoreError.keyIsHeld(unique, by: holder)
        }
        try admit(request)
        let origin = DispatchOrigin(
            job: ended.job, queue: ended.queue, priority: ended.priority, maxAttempts: ended.maxAttempts,
            parent: ended.id)
        var birth = DispatchBirth.pending
        if case .waiting(let other) = try transaction.dependency(of: request) {
            birth = .blocked(by: other, .dependency)
        }
        let copy = Dispatch(id: newDispatchID(), origin: origin, birth: birth, now: now)
        let original = try transaction.original(of: ended.id)
        try insert(copy, request: request, madeAgainOf: original)
        try stand(copy.id, inFor: ended, original)
        return copy.id
    }

    /// What waits for a success of the ended one, or of the newest that was made of it, waits for `copy`.
    private mutating func stand(_ copy: DispatchID, inFor ended: Dispatch, _ original: DispatchID) throws {
        let newest = try transaction.standIn(of: ended.id)
        try mark(.standIn(copy, for: original), in: Buckets.standIns)
        guard try transaction.dispatchRecord(newest)?.dispatch.state.isTerminal ?? true else { return }
        for id in try transaction.ids(Buckets.blocked, KeyRange(prefix: Key.dispatch(newest).bytes), limit: .max) {
            try apply(.unblock(next: copy), to: try transaction.indexed(id, by: Buckets.blocked))
        }
        try release(newest)
    }
}

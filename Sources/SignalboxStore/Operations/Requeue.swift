internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// T15. Makes a new dispatch of what an ended one ran; that one is never changed.
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
        request.after = []
        if let key = request.uniqueKey, let holder = try transaction.holder(of: key) {
            throw StoreError(.refused, "the unique key \(quoted(key)) is held by dispatch \(holder)")
        }
        try admit(request)
        let origin = DispatchOrigin(
            job: ended.job, queue: ended.queue, priority: ended.priority, maxAttempts: ended.maxAttempts,
            parent: ended.id)
        let copy = Dispatch(id: newDispatchID(), origin: origin, birth: .pending, now: now)
        try insert(copy, request: request)
        return copy.id
    }
}

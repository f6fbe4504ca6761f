internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// T12 for what waits, at once; for what runs, the request to its worker to stop it (T13). Asking again, or for
    /// what has ended, changes nothing.
    /// - Parameter atOnce: what runs gets no time to end in good order; that may also be asked for later.
    /// - Returns: the dispatch as it stands now.
    public func cancel(_ id: DispatchID, atOnce: Bool = false, now: Now) throws -> Dispatch {
        try write(now) { writer in
            guard let record = try writer.transaction.dispatchRecord(id) else { throw StoreError.noDispatch(id) }
            let dispatch = record.dispatch
            let isNew = !dispatch.cancelRequested || atOnce && !dispatch.cancelAtOnce
            guard !dispatch.state.isTerminal, isNew else { return dispatch }
            return try writer.apply(.cancel(.requested, atOnce: atOnce), to: record)
        }
    }
}

// What `verify` compares of retention: who is waited for, and that nothing is passed over that nobody needs. The index of
// those that have ended, and of those that were made again, is compared with all others.

internal import OrderedStore
internal import SignalboxCore

extension ReadTransaction where Self: ~Copyable {
    func checkRetention(of record: DispatchRecord, _ request: Request, _ check: inout Check) throws {
        let dispatch = record.dispatch
        for id in try awaited(by: record, { request }) {
            try expect(Key.awaited(id, by: dispatch.id).bytes, Buckets.awaited, &check)
        }
        if !dispatch.state.isTerminal {
            for id in request.after where try !contains(.dispatch(id), in: Buckets.dispatches) {
                check.report.fault("dispatch \(dispatch.id) waits for \(id), which has no record")
            }
        }
        if record.isSetAside, try !dispatch.state.isTerminal || !isNeeded(record) {
            check.report.fault("dispatch \(dispatch.id) is set aside for what waits for it, and nothing does")
        }
        if record.original != nil, !dispatch.isMadeAgain {
            check.report.fault("dispatch \(dispatch.id) names one that it was made again of, and has no parent")
        }
        if dispatch.isMadeAgain, record.original == nil {
            check.report.fault("dispatch \(dispatch.id) was made again, and does not name the first of those it is of")
        }
    }

    /// Whether the entry of `dispatch.awaited` is one that must be there.
    func isAwaiting(_ key: [UInt8]) throws -> Bool {
        guard let waiting = try? dispatchID(atEndOf: key, in: Buckets.awaited),
            let state = try? dispatchRecord(waiting)?.dispatch.state, !state.isTerminal,
            let request = try? request(of: waiting)
        else { return false }
        return try awaitedWith(request.after).contains { Key.awaited($0, by: waiting).bytes == key }
    }

    /// Whether the entry of `dispatch.due-times` is one that must be there.
    func isDueTime(_ key: [UInt8]) throws -> Bool { occurrenceKey(ofDueTime: key) != nil }

    /// The key of the occurrence that an entry of `dispatch.due-times` stands for; nil when there is none.
    func occurrenceKey(ofDueTime key: [UInt8]) -> Key? {
        var reader = KeyReader(key)
        guard let number = reader.number(), let revision = reader.shortNumber(), let epoch = reader.shortNumber(),
            let time = reader.instant(), reader.isAtEnd,
            let job = (try? dispatchRecord(DispatchID(number)))??.dispatch.job
        else { return nil }
        let occurrence = Key.occurrence(job, revision: revision, epoch: epoch, time)
        let entry = (try? fetch(Counter.self, occurrence, in: Buckets.occurrences)) ?? nil
        return entry?.value == number ? occurrence : nil
    }
}

// What a dispatch has left must be there in one piece: its starts are numbered, and so are the parts of what each of them
// printed. Only what ends a row may be missing unseen: nothing says how much a command has printed.

internal import OrderedStore
internal import SignalboxCore

extension Dispatch {
    /// The numbers of the starts whose attempts are there: the newest of those that have ended.
    var keptStarts: Range<Int> {
        let newest = state == .inProgress ? startNumber - 1 : startNumber
        guard newest > 0 else { return 0..<0 }
        // What was given back, and cancelled because somebody had asked for that, may not have begun.
        let mayHaveBegun = state == .cancelled && ending == nil
        return max(1, newest - Attempt.keptOfDispatch + 1)..<(mayHaveBegun ? newest : newest + 1)
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// Shows the starts of which there must be an attempt, and is none.
    /// - Parameter started: how many dispatches must have any; nil: that is not known.
    func eachMissingStart(of started: Int?, _ body: (Dispatch, Range<Int>) throws -> Void) throws {
        var found = 0
        var row: (id: DispatchID, dispatch: Dispatch?, next: Int)?
        func end() throws {
            guard let dispatch = row?.dispatch, let next = row?.next, next < dispatch.keptStarts.upperBound else {
                return
            }
            try body(dispatch, next..<dispatch.keptStarts.upperBound)
        }
        try scan(Buckets.attempts, .all, .ascending) { key, _ in
            guard key.count == 12 else { return .next }
            let id = DispatchID(key.number64(at: 0).byteSwapped)
            if row?.id != id {
                try end()
                let dispatch = (try? dispatchRecord(id))??.dispatch
                row = (id, dispatch, dispatch?.keptStarts.lowerBound ?? 0)
                if dispatch?.keptStarts.isEmpty == false { found += 1 }
            }
            let number = Int(key.number32(at: 8).byteSwapped)
            guard let dispatch = row?.dispatch, let next = row?.next, number >= next else { return .next }
            if number > next, dispatch.keptStarts.contains(next) {
                try body(dispatch, next..<min(number, dispatch.keptStarts.upperBound))
            }
            row?.next = number + 1
            return .next
        }
        try end()
        if found != started { try eachWithoutAttempts(body) }
    }

    /// Those of which no attempt is there at all.
    private func eachWithoutAttempts(_ body: (Dispatch, Range<Int>) throws -> Void) throws {
        try scan(Buckets.dispatches, .all, .ascending) { key, value in
            guard let dispatch = try? DispatchRecord(record: value, key: key).dispatch, !dispatch.keptStarts.isEmpty,
                try keys(Buckets.attempts, KeyRange(prefix: Key.dispatch(dispatch.id).bytes), limit: 1).isEmpty
            else { return .next }
            try body(dispatch, dispatch.keptStarts)
            return .next
        }
    }

    /// Shows the numbers of parts that are missing in front of others of the same output.
    func eachMissingChunk(_ body: (DispatchID, _ attempt: Int, Range<UInt32>) throws -> Void) throws {
        var row: (id: UInt64, attempt: UInt32, next: UInt32)?
        try scan(Buckets.outputs, .all, .ascending) { key, _ in
            guard key.count == 16 else { return .next }
            let (id, attempt) = (key.number64(at: 0).byteSwapped, key.number32(at: 8).byteSwapped)
            let chunk = key.number32(at: 12).byteSwapped
            let isSameRow = row.map { $0.id == id && $0.attempt == attempt } ?? false
            let next = isSameRow ? row?.next ?? 0 : 0
            if chunk > next { try body(DispatchID(id), Int(attempt), next..<chunk) }
            row = (id, attempt, chunk &+ 1)
            return .next
        }
    }
}

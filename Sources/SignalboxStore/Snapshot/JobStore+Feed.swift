internal import OrderedStore
internal import SignalboxCore

extension JobStore {
    /// The frames behind the number `since`, oldest first.
    /// - Parameters:
    ///   - since: the newest number that the reader knows; 0: from the oldest frame that is kept.
    ///   - limit: at most so many frames.
    ///   - changes: no further frame once there are so many changes; the first is shown whole, however long.
    public func feed(since: UInt64, limit: Int, changes: Int = 10_000) throws -> FeedPart {
        try engine.read { try $0.feed(since: since, limit: limit, changes: changes) }
    }
}

extension ReadTransaction where Self: ~Copyable {
    func feed(since: UInt64, limit: Int, changes: Int) throws -> FeedPart {
        let state = try storeState()
        let isKept = since == 0 || (since >= state.firstEvent - 1 && since <= state.sequence)
        var part = FeedPart(
            frames: [], newest: state.sequence, next: state.sequence, hasGap: !isKept, hasMore: false)
        guard since < state.sequence else { return part }
        var left = changes
        let range = KeyRange(from: Key.sequence(since + 1).bytes, to: nil)
        try records(EventRecord.self, Buckets.events, range) { key, event in
            guard part.frames.count < limit, left > 0 else {
                part.hasMore = true
                return .stop
            }
            let frame = FeedFrame(sequence: try sequence(of: key), at: event.at, changes: event.changes)
            part.frames.append(frame)
            left -= frame.changes.count
            return .next
        }
        if part.hasMore { part.next = part.frames.last?.sequence ?? since }
        return part
    }

    private func sequence(of key: [UInt8]) throws -> UInt64 {
        var reader = KeyReader(key)
        guard let number = reader.number(), reader.isAtEnd else {
            throw StoreError(.damaged, "the key \(hexadecimal(key)) in events has another shape")
        }
        return number
    }
}

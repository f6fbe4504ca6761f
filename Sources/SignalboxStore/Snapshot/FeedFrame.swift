// The feed as everybody sees it: `signalbox watch`, `/live` and `/api/v1/events` show the same frames.

public import SignalboxCore

/// What one transaction did to dispatches: all of its transitions, in their order.
public struct FeedFrame: Hashable, Sendable {
    /// The transaction's number in the store's commit sequence. Frames come in its order, with gaps where transactions
    /// moved no dispatch.
    public var sequence: UInt64
    /// When it was, by the wall clock.
    public var at: Instant
    public var changes: [DispatchChange]

    public init(sequence: UInt64, at: Instant, changes: [DispatchChange]) {
        self.sequence = sequence
        self.at = at
        self.changes = changes
    }
}

extension FeedFrame: Encodable {
    private enum CodingKeys: String, CodingKey { case seq, txn, changes }
    private enum ChangeKeys: String, CodingKey { case id, job, queue, from, to, attempt, at }

    /// `{seq, txn, changes: [{id, job, queue, from, to, attempt, at}]}`. One transaction is one frame, so that `seq`, by which
    /// the feed is resumed, and `txn`, the transaction, are the same number.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(sequence, forKey: .seq)
        try fields.encode(sequence, forKey: .txn)
        var list = fields.nestedUnkeyedContainer(forKey: .changes)
        for change in changes {
            var item = list.nestedContainer(keyedBy: ChangeKeys.self)
            try item.encode(change.id.number, forKey: .id)
            try item.encode(change.job?.text, forKey: .job)
            try item.encode(change.queue.text, forKey: .queue)
            try item.encode(change.from?.name, forKey: .from)
            try item.encode(change.to.name, forKey: .to)
            try item.encode(change.attempt, forKey: .attempt)
            try item.encode(at.description, forKey: .at)
        }
    }
}

/// A part of the feed, in the order of the commits, and how it joins what the reader has.
public struct FeedPart: Hashable, Sendable {
    public var frames: [FeedFrame]
    /// The store's sequence when the part was read.
    public var newest: UInt64
    /// Where to go on: everything up to this number has been shown.
    public var next: UInt64
    /// Whether frames behind the place asked for are no longer kept, or the store has never been as far: then the
    /// reader has missed something, and must look at everything again.
    public var hasGap: Bool
    /// Whether there are more frames behind these.
    public var hasMore: Bool

    public init(frames: [FeedFrame], newest: UInt64, next: UInt64, hasGap: Bool, hasMore: Bool) {
        self.frames = frames
        self.newest = newest
        self.next = next
        self.hasGap = hasGap
        self.hasMore = hasMore
    }
}

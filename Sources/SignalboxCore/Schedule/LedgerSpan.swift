/// A stretch of a job's time in which every due time of its schedule is accounted for exactly once: what `verify
/// --schedule` checks. A new one begins where the schedule is defined, and where the wall clock was set back and the
/// schedule begins again.
public struct LedgerSpan: Hashable, Sendable {
    /// The due times after this one are accounted for,
    public var after: Instant
    /// up to this one; nil in the newest: up to ``JobProgress/cursor``.
    public var through: Instant?
    /// The job's revision and the store's clock epoch when it began: occurrences in it have these or later ones.
    public var revision: UInt32
    public var epoch: UInt32
    /// Where an `every` schedule counts from in it.
    public var anchor: Instant

    public init(after: Instant, through: Instant? = nil, revision: UInt32, epoch: UInt32, anchor: Instant) {
        self.after = after
        self.through = through
        self.revision = revision
        self.epoch = epoch
        self.anchor = anchor
    }

    /// So many are remembered for a job; of what lies before the oldest nothing can be said.
    public static let limit = 8
}

/// A due time whose record was pruned, or the last of those that one stood for.
public struct ForgottenTime: Hashable, Sendable {
    /// The job's revision and the store's clock epoch when it was dealt with.
    public var revision: UInt32
    public var epoch: UInt32
    /// On the schedule's own clock.
    public var through: Instant

    public init(revision: UInt32, epoch: UInt32, through: Instant) {
        self.revision = revision
        self.epoch = epoch
        self.through = through
    }
}

extension JobProgress {
    /// Nothing can be said any more of the due times up to one whose record is gone.
    public mutating func forget(_ time: ForgottenTime) {
        guard let index = spans.lastIndex(where: { $0.revision <= time.revision && $0.epoch <= time.epoch }) else {
            return
        }
        spans[index].after = max(spans[index].after, min(time.through, spans[index].through ?? cursor))
    }

    /// The schedule is followed from `instant` on, and what was before has nothing to do with it.
    public mutating func begin(at instant: Instant, epoch: UInt32) {
        cursor = instant
        anchor = instant
        nextDue = nil
        pause?.since = instant
        pausedTimes = []
        spans = [LedgerSpan(after: instant, revision: revision, epoch: epoch, anchor: instant)]
    }

    /// The wall clock was set back, and the cursor with it: due times come again, in a later epoch.
    public mutating func restart(at instant: Instant, epoch: UInt32) {
        let newest = spans.count - 1
        if spans[newest].epoch < epoch {
            spans[newest].through = cursor
            spans.append(LedgerSpan(after: instant, revision: revision, epoch: epoch, anchor: anchor))
            spans.removeFirst(max(0, spans.count - LedgerSpan.limit))
        } else {
            spans[newest].after = min(spans[newest].after, instant)
        }
        cutPauses(at: instant)
        cursor = instant
    }

    /// Nothing can be said any more of due times up to `instant`.
    public mutating func forgetSpans(through instant: Instant) {
        spans = [spans[spans.count - 1]]
        spans[0].after = max(spans[0].after, instant)
    }
}

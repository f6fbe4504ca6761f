/// A job as the store keeps it: the definition, and how far its schedule has been dealt with.
public struct Job: Hashable, Sendable {
    public var definition: JobDefinition
    public var progress: JobProgress

    public init(definition: JobDefinition, progress: JobProgress) {
        self.definition = definition
        self.progress = progress
    }

    public var name: JobName { definition.name }
}

/// The part of a job that changes with every run; kept apart from the definition, which does not.
public struct JobProgress: Hashable, Sendable {
    /// Raised by every change of the definition; part of an occurrence's key.
    public var revision: UInt32
    /// Every due time up to here is accounted for: run, waiting or skipped. Moved only together with what it accounts
    /// for. This and the next two are times on the schedule's own clock (``Schedule/clock``).
    public var cursor: Instant
    /// Where an `every` schedule counts from: when the job, or this schedule of it, was added.
    public var anchor: Instant
    /// The next due time, as the index of due jobs holds it; nil when nothing will fall due by the clock.
    public var nextDue: Instant?
    /// The ``Zone/fingerprint`` of the zone that ``nextDue`` was worked out with; 0 where none took part.
    public var zoneFingerprint: UInt64
    /// It was defined by a clock that could not be trusted: it begins when calendar times are next planned, and what its
    /// schedule names before is none of its due times.
    public var isUndated = false
    /// The boot a `@boot` job last ran in.
    public var lastBoot: BootID?
    /// While there is one, due times after its beginning are skipped with the reason ``DispatchReason/paused``.
    public var pause: JobPause?
    /// The pauses that have ended and reach beyond the cursor, in order of time.
    public var pausedTimes: [PausedTime]
    /// Where the due times can be recounted, oldest first; never empty.
    public var spans: [LedgerSpan]
    /// The newest dispatch that ended as SUCCESS or FAILED.
    public var lastRun: LastRun?

    public init(revision: UInt32, cursor: Instant, anchor: Instant) {
        self.revision = revision
        self.cursor = cursor
        self.anchor = anchor
        zoneFingerprint = 0
        pausedTimes = []
        spans = [LedgerSpan(after: cursor, revision: revision, epoch: 0, anchor: anchor)]
    }

    public var paused: Bool { pause != nil }
}

/// That a job is paused: since when, by whom, and what for.
public struct JobPause: Hashable, Sendable {
    public var at: Instant
    /// The due times after this one are skipped: ``at`` on the schedule's own clock, or where those begin that are not
    /// accounted for otherwise.
    public var since: Instant
    /// A person and a machine, as in "ann@gateway".
    public var by: String
    /// In the words of who paused it; nil when nothing was said.
    public var reason: String?

    /// - Parameter since: nil: the schedule's clock is the wall's.
    public init(at: Instant, since: Instant? = nil, by: String, reason: String? = nil) {
        self.at = at
        self.since = since ?? at
        self.by = by
        self.reason = reason
    }

    /// The longest reason, in bytes of UTF-8.
    public static let reasonLimit = 1000
}

/// How a job's newest finished run ended.
public struct LastRun: Hashable, Sendable {
    public var dispatch: DispatchID
    public var state: DispatchState
    public var finishedAt: Instant

    public init(dispatch: DispatchID, state: DispatchState, finishedAt: Instant) {
        self.dispatch = dispatch
        self.state = state
        self.finishedAt = finishedAt
    }
}

/// One occurrence of a job, or one request: the part of it that changes. What it runs is its ``Request``.
public struct Dispatch: Hashable, Sendable {
    public let id: DispatchID
    /// The job it is a run of; nil for a request that was enqueued by itself.
    public let job: JobName?
    public let queue: QueueName
    /// The handler that it is for; nil when it is a command.
    public internal(set) var handler: HandlerName?
    /// 0 is claimed first, 255 last.
    public let priority: UInt8
    /// Starts allowed before a failure is final.
    public let maxAttempts: Int
    public let enqueuedAt: Instant
    /// The nominal due time of a scheduled occurrence; nil for a request.
    public let scheduledFor: Instant?
    /// The dispatch that this one was made from again (`requeue`).
    public let parent: DispatchID?

    public internal(set) var state: DispatchState
    public internal(set) var reason: DispatchReason
    /// Starts so far. Counted at the claim, in its transaction, so that a crash counts too.
    public internal(set) var attempt: Int
    /// Workers that died while they had it.
    public internal(set) var crashes: Int
    /// Times it asked to be started later instead of having failed; those starts are not in ``attempt``.
    public internal(set) var snoozes: Int
    /// When it may be claimed, or could have been, on the clock ``dueClock``.
    public internal(set) var dueAt: Instant
    /// The wall's, unless it is SCHEDULED for a length of time and not for a time of day: then steady time. Whoever
    /// keeps dispatches moves ``dueAt`` from one to the other (``due(at:on:)``): events speak of wall time.
    public internal(set) var dueClock = DueClock.wall
    /// Until when it may be started for the first time (`start_by`), in steady time; nil where that does not matter. See
    /// ``isTooLate(at:)``.
    public internal(set) var startDeadline: Instant?
    /// Until when it may be started again (`retry_for`), in steady time: set with its first start; nil where that does
    /// not matter. See ``mayBeRetried(at:)``.
    public internal(set) var retryDeadline: Instant?
    /// The beginning of the newest attempt; nil before the first.
    public internal(set) var started: Moment?
    /// When it became terminal; nil until then.
    public internal(set) var finished: Moment?
    /// Who answers for it; set exactly while IN_PROGRESS.
    public internal(set) var claim: Claim?
    /// What it waits for while BLOCKED, or met when it was SKIPPED for an overlap; while SCHEDULED its ``predecessor``.
    /// Nil otherwise.
    public internal(set) var blocker: DispatchID?
    /// How the newest attempt ended; nil before that, and when its worker died.
    public internal(set) var ending: Ending?
    /// Somebody asked for it to stop while it ran.
    public internal(set) var cancelRequested: Bool
    /// And without giving it time to end in good order.
    public internal(set) var cancelAtOnce = false
    /// Further occurrences this record stands for: coalesced while it waited, or skipped together with it.
    public internal(set) var coalesced: Int
    /// The nominal due time of the newest of those; nil when there are none.
    public internal(set) var lastScheduledFor: Instant?
    /// Why its schedule named just this instant; `regular` for what no schedule named.
    public let occurrence: Occurrence.Reason

    /// A dispatch as a store found it, every field given.
    public init(
        id: DispatchID, job: JobName?, queue: QueueName, priority: UInt8, maxAttempts: Int, enqueuedAt: Instant,
        scheduledFor: Instant?, parent: DispatchID?, state: DispatchState, reason: DispatchReason, attempt: Int,
        crashes: Int, dueAt: Instant, started: Moment?, finished: Moment?, claim: Claim?, blocker: DispatchID?,
        ending: Ending?, cancelRequested: Bool, coalesced: Int, lastScheduledFor: Instant?, dueClock: DueClock = .wall,
        occurrence: Occurrence.Reason = .regular, startDeadline: Instant? = nil, snoozes: Int = 0,
        cancelAtOnce: Bool = false, retryDeadline: Instant? = nil, handler: HandlerName? = nil
    ) {
        self.id = id
        self.job = job
        self.queue = queue
        self.handler = handler
        self.priority = priority
        self.maxAttempts = maxAttempts
        self.enqueuedAt = enqueuedAt
        self.scheduledFor = scheduledFor
        self.parent = parent
        self.state = state
        self.reason = reason
        self.attempt = attempt
        self.crashes = crashes
        self.snoozes = snoozes
        self.dueAt = dueAt
        self.started = started
        self.finished = finished
        self.claim = claim
        self.blocker = blocker
        self.ending = ending
        self.cancelRequested = cancelRequested
        self.cancelAtOnce = cancelAtOnce
        self.coalesced = coalesced
        self.lastScheduledFor = lastScheduledFor
        self.dueClock = dueClock
        self.occurrence = occurrence
        self.startDeadline = startDeadline
        self.retryDeadline = retryDeadline
    }

    /// Which start of it the newest is, 1 for the first, whether or not it counts as an attempt: what an attempt leaves
    /// is kept by this number, so that a snooze, which takes the attempt back, overwrites nothing.
    public var startNumber: Int { attempt + snoozes }

    /// The same, for what `command` names.
    public func running(_ command: Command) -> Dispatch {
        var named = self
        named.handler = command.handler
        return named
    }

    /// The same, with its due time moved to another clock's.
    public func due(at time: Instant, on clock: DueClock) -> Dispatch {
        var moved = self
        moved.dueAt = time
        moved.dueClock = clock
        return moved
    }
}

/// Who answers for a running dispatch, and the proof of it.
public struct Claim: Hashable, Sendable {
    public let worker: WorkerID
    public let token: Token

    public init(worker: WorkerID, token: Token) {
        self.worker = worker
        self.token = token
    }
}

/// How an attempt ended, as far as the record keeps it: the ``Attempt`` keeps the rest.
public enum Ending: Hashable, Sendable {
    case exited(UInt8)
    case signalled(UInt8)
    case notStarted
    case returned
    case threw
    case handlerDied

    public init(_ outcome: Outcome) {
        switch outcome {
        case .exited(let code): self = .exited(code)
        case .signalled(let signal): self = .signalled(signal)
        case .notStarted: self = .notStarted
        case .returned: self = .returned
        case .threw: self = .threw
        case .handlerDied: self = .handlerDied
        }
    }
}

/// A time read on both clocks: the wall's for people, the boot's for comparing within one boot.
public struct Moment: Hashable, Sendable {
    public let wall: Instant
    public let boot: BootInstant

    public init(wall: Instant, boot: BootInstant) {
        self.wall = wall
        self.boot = boot
    }

    public init(_ now: Now) { self.init(wall: now.wall, boot: now.boot) }
}

extension Dispatch {
    /// A new dispatch in its first state (T1, T2).
    public init(id: DispatchID, origin: DispatchOrigin, birth: DispatchBirth, now: Now) {
        self.id = id
        job = origin.job
        queue = origin.queue
        priority = origin.priority
        maxAttempts = origin.maxAttempts
        scheduledFor = origin.scheduledFor
        parent = origin.parent
        occurrence = origin.occurrence
        startDeadline = origin.startDeadline
        enqueuedAt = now.wall
        attempt = 0
        crashes = 0
        snoozes = 0
        cancelRequested = false
        coalesced = 0
        dueAt = now.wall
        reason = .none
        switch birth {
        case .pending: state = .pending
        case .scheduled(let due, let clock, let other):
            state = .scheduled
            reason = .delayed
            dueAt = due
            dueClock = clock
            blocker = other
        case .blocked(let other, let why):
            state = .blocked
            reason = why
            blocker = other
        case .skipped(let why, let met, let further, let last):
            state = .skipped
            blocker = met
            reason = why
            coalesced = further
            lastScheduledFor = last
            finished = Moment(now)
        }
    }
}

/// What a dispatch is of, and how it is to be treated: all that never changes.
public struct DispatchOrigin: Hashable, Sendable {
    public var job: JobName?
    public var queue: QueueName
    public var priority: UInt8
    public var maxAttempts: Int
    public var scheduledFor: Instant?
    public var occurrence: Occurrence.Reason
    /// In steady time.
    public var startDeadline: Instant?
    public var parent: DispatchID?

    public init(
        job: JobName? = nil, queue: QueueName = .standard, priority: UInt8 = JobDefinition.standardPriority,
        maxAttempts: Int, scheduledFor: Instant? = nil, occurrence: Occurrence.Reason = .regular,
        startDeadline: Instant? = nil, parent: DispatchID? = nil
    ) {
        self.job = job
        self.queue = queue
        self.priority = priority
        self.maxAttempts = maxAttempts
        self.scheduledFor = scheduledFor
        self.occurrence = occurrence
        self.startDeadline = startDeadline
        self.parent = parent
    }
}

/// The states a dispatch can begin in.
public enum DispatchBirth: Hashable, Sendable {
    case pending
    /// `due` is a wall time; `clock` says whether it stands for a time of day or for a length of time from now. `behind`
    /// is its ``Dispatch/predecessor``.
    case scheduled(due: Instant, clock: DueClock = .wall, behind: DispatchID? = nil)
    case blocked(by: DispatchID, DispatchReason)
    /// A record of `1 + further` occurrences that were not run, because of `met` if that was an overlap; `last` is the
    /// newest of them when there is more than one.
    case skipped(DispatchReason, met: DispatchID? = nil, further: Int = 0, last: Instant? = nil)
}

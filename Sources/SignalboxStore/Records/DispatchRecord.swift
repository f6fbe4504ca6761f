internal import SignalboxCore

/// A dispatch as it is kept: everything that changes has a fixed width, so that a transition overwrites in place.
struct DispatchRecord: Record {
    static let layout: UInt8 = 4

    var dispatch: Dispatch
    /// Its request has a unique key, which is released when it ends: it is the holder, and its scope is to be active.
    var holdsUniqueKey: Bool
    /// A newer one has taken its unique key: it is not tried again.
    var hasLostUniqueKey = false
    /// Its request names dispatches it comes after.
    var hasDependencies: Bool
    /// Its request names a concurrency key or a rate key.
    var isLimited = false
    /// When it ended, in steady time: in this order what has ended goes, however the wall clock was set. Means nothing
    /// before.
    var ended = Instant.epoch
    /// Somebody asked for it to stay: retention passes it over.
    var isPinned = false
    /// Retention has met it and passed it over, because something waits that needs it: see ``Buckets/awaited``.
    var isSetAside = false
    /// The first of those that were made again one of the other, this one being the newest of them or between; nil when
    /// it was not made again.
    var original: DispatchID?

    /// The bytes between layout and names.
    private static let fixedWidth = 132
    /// Where in the record the state's number stands: behind the layout and the flags.
    static let stateOffset = 5

    struct Flags: OptionSet {
        let rawValue: UInt32
        static let started = Flags(rawValue: 1 << 0)
        static let finished = Flags(rawValue: 1 << 1)
        static let claimed = Flags(rawValue: 1 << 2)
        static let blocked = Flags(rawValue: 1 << 3)
        static let ofJob = Flags(rawValue: 1 << 4)
        static let scheduledFor = Flags(rawValue: 1 << 5)
        static let lastScheduledFor = Flags(rawValue: 1 << 6)
        static let parent = Flags(rawValue: 1 << 7)
        static let cancelRequested = Flags(rawValue: 1 << 8)
        static let uniqueKey = Flags(rawValue: 1 << 9)
        static let dependencies = Flags(rawValue: 1 << 10)
        static let startDeadline = Flags(rawValue: 1 << 11)
        static let limited = Flags(rawValue: 1 << 12)
        static let steady = Flags(rawValue: 1 << 13)
        static let daylightGap = Flags(rawValue: 1 << 14)
        static let fold = Flags(rawValue: 1 << 15)
        static let lostUniqueKey = Flags(rawValue: 1 << 16)
        static let retryDeadline = Flags(rawValue: 1 << 17)
        static let cancelAtOnce = Flags(rawValue: 1 << 18)
        static let pinned = Flags(rawValue: 1 << 19)
        static let setAside = Flags(rawValue: 1 << 20)
        static let original = Flags(rawValue: 1 << 21)
        /// Every bit that means something.
        static let all = Flags(rawValue: 1 << 22 - 1)
    }

    private var flags: Flags {
        var flags: Flags = []
        func mark(_ flag: Flags, _ condition: Bool) { if condition { flags.insert(flag) } }
        mark(.started, dispatch.started != nil)
        mark(.finished, dispatch.finished != nil)
        mark(.claimed, dispatch.claim != nil)
        mark(.blocked, dispatch.blocker != nil)
        mark(.ofJob, dispatch.job != nil)
        mark(.scheduledFor, dispatch.scheduledFor != nil)
        mark(.lastScheduledFor, dispatch.lastScheduledFor != nil)
        mark(.parent, dispatch.parent != nil)
        mark(.cancelRequested, dispatch.cancelRequested)
        mark(.uniqueKey, holdsUniqueKey)
        mark(.dependencies, hasDependencies)
        mark(.limited, isLimited)
        mark(.startDeadline, dispatch.startDeadline != nil)
        mark(.steady, dispatch.dueClock == .steady)
        mark(.daylightGap, dispatch.occurrence == .daylightGap)
        mark(.fold, dispatch.occurrence == .fold)
        mark(.lostUniqueKey, hasLostUniqueKey)
        mark(.retryDeadline, dispatch.retryDeadline != nil)
        mark(.cancelAtOnce, dispatch.cancelAtOnce)
        mark(.pinned, isPinned)
        mark(.setAside, isSetAside)
        mark(.original, original != nil)
        return flags
    }

    func write(to writer: inout RecordWriter) {
        let none = Moment(wall: .epoch, boot: BootInstant(nanoseconds: 0))
        writer.put(flags.rawValue)
        writer.put(dispatch.state.rawValue)
        writer.put(dispatch.reason.rawValue)
        writer.put(dispatch.priority)
        let (kind, value) = dispatch.ending.code
        writer.put(kind)
        writer.put(value)
        writer.put(UInt8(clamping: dispatch.crashes))
        writer.put(UInt16(clamping: dispatch.attempt))
        writer.put(UInt16(clamping: dispatch.maxAttempts))
        writer.put(UInt32(clamping: dispatch.coalesced))
        writer.put(dispatch.enqueuedAt)
        writer.put(dispatch.scheduledFor ?? .epoch)
        writer.put(dispatch.lastScheduledFor ?? .epoch)
        writer.put(dispatch.dueAt)
        writer.put(dispatch.started ?? none)
        writer.put(dispatch.finished ?? none)
        writer.put(dispatch.claim?.worker.number ?? 0)
        writer.put(dispatch.claim?.token.number ?? 0)
        writer.put(dispatch.blocker?.number ?? 0)
        writer.put(dispatch.parent?.number ?? 0)
        writer.put(dispatch.id.number)
        writer.put(UInt16(clamping: dispatch.snoozes))
        writer.put(ended)
        if dispatch.job == nil { writer.put(UInt32(0)) } else { writer.put(dispatch.job?.text ?? "") }
        writer.put(dispatch.queue.text)
        if let deadline = dispatch.startDeadline { writer.put(deadline) }
        if let deadline = dispatch.retryDeadline { writer.put(deadline) }
        if let original { writer.put(original.number) }
        if let handler = dispatch.handler { writer.put(handler.text) }
    }

    static func read(from reader: inout RecordReader) throws -> DispatchRecord {
        let fixed = try reader.part(Self.fixedWidth)
        let flags = Flags(rawValue: fixed.number32(at: 0))
        guard let state = DispatchState(rawValue: fixed[4]), let reason = DispatchReason(rawValue: fixed[5]) else {
            throw RecordFault.shape
        }
        let ending = try Ending?(kind: fixed[7], value: fixed[8])
        let claim = Claim(worker: WorkerID(fixed.number64(at: 82)), token: Token(fixed.number64(at: 90)))
        let job = try reader.jobName()
        guard (job != nil) == flags.contains(.ofJob) else { throw RecordFault.shape }
        let queue = try reader.queueName()
        let startDeadline = flags.contains(.startDeadline) ? try reader.instant() : nil
        let retryDeadline = flags.contains(.retryDeadline) ? try reader.instant() : nil
        let original = flags.contains(.original) ? DispatchID(try reader.number64()) : nil
        let handler = reader.isAtEnd ? nil : try HandlerName(try reader.text())
        let dispatch = Dispatch(
            id: DispatchID(fixed.number64(at: 114)), job: job, queue: queue, priority: fixed[6],
            maxAttempts: Int(fixed.number16(at: 12)), enqueuedAt: fixed.instant(at: 18),
            scheduledFor: flags.contains(.scheduledFor) ? fixed.instant(at: 26) : nil,
            parent: flags.contains(.parent) ? DispatchID(fixed.number64(at: 106)) : nil, state: state, reason: reason,
            attempt: Int(fixed.number16(at: 10)), crashes: Int(fixed[9]), dueAt: fixed.instant(at: 42),
            started: flags.contains(.started) ? fixed.moment(at: 50) : nil,
            finished: flags.contains(.finished) ? fixed.moment(at: 66) : nil,
            claim: flags.contains(.claimed) ? claim : nil,
            blocker: flags.contains(.blocked) ? DispatchID(fixed.number64(at: 98)) : nil, ending: ending,
            cancelRequested: flags.contains(.cancelRequested), coalesced: Int(fixed.number32(at: 14)),
            lastScheduledFor: flags.contains(.lastScheduledFor) ? fixed.instant(at: 34) : nil,
            dueClock: flags.contains(.steady) ? .steady : .wall,
            occurrence: flags.contains(.daylightGap) ? .daylightGap : flags.contains(.fold) ? .fold : .regular,
            startDeadline: startDeadline, snoozes: Int(fixed.number16(at: 122)),
            cancelAtOnce: flags.contains(.cancelAtOnce), retryDeadline: retryDeadline, handler: handler)
        return DispatchRecord(
            dispatch: dispatch, holdsUniqueKey: flags.contains(.uniqueKey),
            hasLostUniqueKey: flags.contains(.lostUniqueKey), hasDependencies: flags.contains(.dependencies),
            isLimited: flags.contains(.limited), ended: fixed.instant(at: 124), isPinned: flags.contains(.pinned),
            isSetAside: flags.contains(.setAside), original: original)
    }
}

extension Optional<Ending> {
    /// Two bytes: the kind (0 none, 1 exited, 2 signalled, 3 not started, 4 returned, 5 threw, 6 handler died) and its number.
    fileprivate var code: (kind: UInt8, value: UInt8) {
        switch self {
        case nil: (0, 0)
        case .exited(let code): (1, code)
        case .signalled(let signal): (2, signal)
        case .notStarted: (3, 0)
        case .returned: (4, 0)
        case .threw: (5, 0)
        case .handlerDied: (6, 0)
        }
    }

    fileprivate init(kind: UInt8, value: UInt8) throws {
        switch kind {
        case 0: self = nil
        case 1: self = .exited(value)
        case 2: self = .signalled(value)
        case 3: self = .notStarted
        case 4: self = .returned
        case 5: self = .threw
        case 6: self = .handlerDied
        default: throw RecordFault.shape
        }
    }
}

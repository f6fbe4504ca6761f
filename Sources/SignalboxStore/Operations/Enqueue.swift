internal import OrderedStore
public import SignalboxCore

/// A request to run something once, outside any job.
public struct Enqueuing: Hashable, Sendable {
    public var request: Request
    public var queue: QueueName
    public var priority: UInt8
    public var maxAttempts: Int
    /// Not before this time of day; nil means now.
    public var due: Instant?
    /// Not before so much time has passed, however the wall clock is set meanwhile; nil or zero means now. Of two that
    /// are given, this one counts.
    public var delay: Duration?

    public init(
        request: Request, queue: QueueName = .standard, priority: UInt8 = JobDefinition.standardPriority,
        maxAttempts: Int = Enqueuing.standardAttempts, due: Instant? = nil, delay: Duration? = nil
    ) {
        self.request = request
        self.queue = queue
        self.priority = priority
        self.maxAttempts = maxAttempts
        self.due = due
        self.delay = delay
    }

    /// Starts allowed for what is enqueued and says nothing else.
    public static let standardAttempts = 5
    /// How long an attempt of it may run when nothing else is said.
    public static let standardTimeout: Duration = .seconds(3600)
}

/// What an enqueue came to.
public struct Enqueued: Hashable, Sendable {
    public var id: DispatchID
    /// True when nothing was made, because this one holds the unique key. It may have been given the newer request.
    public var deduplicated: Bool
    /// The dispatch that held the unique key, waited, and was cancelled for this one; nil when there was none.
    public var replaced: DispatchID?
}

extension JobStore {
    /// Makes a dispatch of a request. When this returns, it is kept, and every process sees it.
    /// - Throws: `notFound` for a dispatch to come after that does not exist; `invalid` for a request past its limits;
    ///   `refused` when another holds its unique key and it is to be rejected then; `full`.
    public func enqueue(_ item: Enqueuing, now: Now) throws -> Enqueued {
        try item.check()
        return try write(now) { writer in try writer.enqueue(item) }
    }

    /// Makes a dispatch of each request, all in one transaction: when this returns, all are kept. An item can come only
    /// after dispatches that were there before.
    /// - Returns: what each item came to, in their order.
    /// - Throws: ``RefusedItem`` for the first that cannot be made; then none was.
    public func enqueue(_ items: [Enqueuing], now: Now) throws -> [Enqueued] {
        for index in items.indices {
            do { try items[index].check() } catch { throw refusing(index, error) }
        }
        guard !items.isEmpty else { return [] }
        return try write(now) { writer in try writer.enqueue(items) }
    }
}

/// Why a call that enqueues several items enqueued none of them.
public struct RefusedItem: Error, Hashable, CustomStringConvertible {
    /// The place of the item in the call, counted from 0.
    public let index: Int
    public let cause: StoreError

    /// The place as people count, from 1, and the cause.
    public var description: String { "item \(index + 1): \(cause); none was enqueued" }
}

/// Says which item it was that the store refused; other errors concern none in particular.
private func refusing(_ index: Int, _ error: any Error) -> any Error {
    guard let cause = error as? StoreError, cause.code != .damaged, cause.code != .full else { return error }
    return RefusedItem(index: index, cause: cause)
}

extension JobWriter where Transaction: ~Copyable {
    fileprivate mutating func enqueue(_ items: [Enqueuing]) throws -> [Enqueued] {
        var enqueued: [Enqueued] = []
        enqueued.reserveCapacity(items.count)
        let items = items.span
        for index in items.indices {
            do { enqueued.append(try enqueue(items[index])) } catch { throw refusing(index, error) }
        }
        return enqueued
    }

    mutating func enqueue(_ item: Enqueuing) throws -> Enqueued {
        guard let unique = item.request.unique else { return Enqueued(id: try make(item), deduplicated: false) }
        return try enqueue(item, under: unique)
    }

    /// - Parameter other: what runs under its unique key and has to end first.
    mutating func make(_ item: Enqueuing, behind other: DispatchID? = nil) throws -> DispatchID {
        try admit(item.request)
        let origin = DispatchOrigin(queue: item.queue, priority: item.priority, maxAttempts: item.maxAttempts)
        let start = try start(of: item, behind: other)
        let dispatch = Dispatch(id: newDispatchID(), origin: origin, birth: start.birth, now: now)
        try insert(dispatch, request: item.request)
        if start.isInVain {
            try apply(.cancel(.parentFailed), to: try transaction.indexed(dispatch.id, by: Buckets.blocked))
        }
        return dispatch.id
    }

    /// The state it begins in, and whether it ends at once, because what it comes after has not succeeded.
    private func start(
        of item: Enqueuing, behind other: DispatchID?
    ) throws -> (birth: DispatchBirth, isInVain: Bool) {
        for id in item.request.after where try transaction.dispatchRecord(id) == nil { throw StoreError.noDispatch(id) }
        if let delay = item.delay, delay > .zero {
            return (.scheduled(due: now.wall + delay, clock: .steady, behind: other), false)
        }
        if item.delay == nil, let due = item.due, due > now.wall { return (.scheduled(due: due, behind: other), false) }
        if let other { return (.blocked(by: other, .uniqueKey), false) }
        switch try transaction.dependency(of: item.request) {
        case .met: return (.pending, false)
        case .waiting(let parent): return (.blocked(by: parent, .dependency), false)
        case .failed(let parent): return (.blocked(by: parent, .dependency), true)
        }
    }
}

extension Enqueuing {
    /// Refuses what could never be done.
    fileprivate func check() throws {
        try request.checkSize()
        guard request.unique?.onConflict == .debounce, (delay ?? .zero) <= .zero else { return }
        throw StoreError(
            .invalid, "debounce lets the one that waits wait anew, and no delay says for how long: give one, as in 10s")
    }
}

extension Request {
    /// The most bytes of standard input that are kept with a dispatch.
    public static let inputLimit = 1 << 20
    /// The most bytes of arguments and environment together: 128 KiB less what every command gets besides.
    public static let argumentLimit = 120 << 10
    /// The most bytes of a unique key.
    public static let uniqueKeyLimit = 500

    /// Refuses what could never be started, or would bloat the store.
    func checkSize() throws {
        if let key = unique?.text.utf8, !(1...Self.uniqueKeyLimit).contains(key.count) || key.contains(0) {
            throw StoreError(
                .invalid,
                "the unique key has \(key.count) bytes; 1 to \(Self.uniqueKeyLimit) are possible, none of "
                    + "them zero: use a hash of it")
        }
        if let fault = work.fault { throw StoreError(.invalid, fault) }
        guard work.input.count <= Self.inputLimit else {
            throw StoreError(
                .invalid,
                "the payload has \(work.input.count) bytes; at most \(Self.inputLimit) are kept with a dispatch: "
                    + "put it into a file and pass the file's name")
        }
        guard argumentSize <= Self.argumentLimit else {
            throw StoreError(
                .invalid,
                "arguments and environment have \(argumentSize) bytes; at most \(Self.argumentLimit) can be passed: "
                    + "give the rest on standard input (stdin in a file, --payload here)")
        }
    }

    /// The bytes of arguments and environment together.
    var argumentSize: Int {
        var size = 0
        switch work.command {
        case .program(let arguments): for argument in arguments { size += argument.utf8.count + 1 }
        case .shell(let line): size = line.utf8.count + 1
        case .handler: break
        }
        for (name, value) in work.environment { size += name.utf8.count + value.utf8.count + 2 }
        return size
    }
}

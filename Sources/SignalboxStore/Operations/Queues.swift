internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// Pauses a queue: nothing of it is claimed until it is resumed. What runs goes on, and what is enqueued waits. A
    /// queue of which nothing is known yet can be paused too.
    /// - Parameters:
    ///   - by: a person and a machine.
    ///   - reason: what for, at most ``JobPause/reasonLimit`` bytes; nil when nothing was said.
    /// - Returns: the pause before, which stays as it is; nil when there was none.
    /// - Throws: `invalid` for a reason that is too long.
    public func pause(queue: QueueName, by: String, reason: String?, now: Now) throws -> QueuePause? {
        try JobPause.checkReason(reason)
        return try write(now) { writer in
            var record = try writer.transaction.queueRecord(queue) ?? QueueRecord()
            if let pause = record.pause { return pause }
            record.pause = QueuePause(at: now.wall, by: by, reason: reason)
            try writer.keep(record, of: queue)
            return nil
        }
    }

    /// Ends a queue's pause, and wakes the workers that serve it.
    /// - Returns: the pause that it ended; nil when there was none.
    public func resume(queue: QueueName, now: Now) throws -> QueuePause? {
        try write(now) { writer in
            guard var record = try writer.transaction.queueRecord(queue), let pause = record.pause else { return nil }
            record.pause = nil
            try writer.keep(record, of: queue)
            return pause
        }
    }

    /// Sets how often something of a queue may be started; nil: as often as workers have time for. Starts that have been
    /// count against the new rate as far as the former one remembers them.
    /// - Returns: the rate before.
    @discardableResult
    public func setRate(_ rate: Rate?, of queue: QueueName, now: Now) throws -> Rate? {
        try write(now) { writer in try writer.setRate(rate, of: queue) }
    }
}

extension JobPause {
    /// - Throws: `invalid` for a reason that is too long to be kept.
    static func checkReason(_ reason: String?) throws {
        guard let reason, reason.utf8.count > reasonLimit else { return }
        throw StoreError(.invalid, "the reason has \(reason.utf8.count) bytes; at most \(reasonLimit) are kept")
    }
}

extension JobWriter where Transaction: ~Copyable {
    mutating func setRate(_ rate: Rate?, of queue: QueueName) throws -> Rate? {
        var record = try transaction.queueRecord(queue) ?? QueueRecord()
        let before = record.window?.rate
        guard rate != before else { return before }
        record.window = rate.map { RateWindow(rate: $0, starts: record.window?.starts ?? []) }
        try keep(record, of: queue)
        return before
    }

    /// Writes what is set for a queue, where people set it: workers that wait look again.
    fileprivate mutating func keep(_ record: QueueRecord, of queue: QueueName) throws {
        if record.isEmpty {
            try delete(.name(queue.text), in: Buckets.queues)
        } else {
            try put(record, .name(queue.text), in: Buckets.queues)
        }
        notify([.ready(queue), .anyChange])
    }
}

// MARK: What a worker may take

/// What a worker may take of one queue in a transaction.
struct QueueGate {
    let queue: QueueName
    /// How many starts its rate still allows; without a rate any number.
    private(set) var room = Int.max
    /// What is set for the queue, with the starts of this transaction; nil when nothing is.
    private(set) var record: QueueRecord?
    private(set) var isUsed = false
    private var now = Instant.epoch

    init(queue: QueueName) { self.queue = queue }

    /// - Parameter now: in steady time.
    init(queue: QueueName, record: QueueRecord, now: Instant) {
        self.queue = queue
        self.record = record
        self.now = now
        room = record.pause != nil ? 0 : record.window?.room(at: now) ?? .max
    }

    mutating func take() {
        guard record?.window != nil else { return }
        record?.window?.take(at: now)
        room -= 1
        isUsed = true
    }
}

extension JobWriter where Transaction: ~Copyable {
    /// One for each of the queues of which something may be claimed now.
    mutating func gates(of queues: [QueueName]) throws -> [QueueGate] {
        var gates: [QueueGate] = []
        for (index, queue) in queues.enumerated() where !queues[..<index].contains(queue) {
            guard let record = try transaction.queueRecord(queue) else {
                gates.append(QueueGate(queue: queue))
                continue
            }
            let gate = QueueGate(queue: queue, record: record, now: try clock().steady(at: now.boot))
            if gate.room > 0 { gates.append(gate) }
        }
        return gates
    }

    /// Writes down the starts of this transaction, for whoever claims next.
    mutating func keep(_ gates: [QueueGate]) throws {
        for gate in gates where gate.isUsed {
            if let record = gate.record { try put(record, .name(gate.queue.text), in: Buckets.queues) }
        }
    }
}

extension ReadTransaction where Self: ~Copyable {
    /// Whether anything of the queue and of these kinds can be claimed now; if only its rate forbids that, when it will allow it.
    func outlook(of queue: QueueName, _ kinds: ServedKinds, at now: Now) throws -> NextTimes {
        var next = NextTimes()
        let hasReady = try kinds.ready(of: queue).contains {
            try !keys(Buckets.ready, KeyRange(prefix: $0.bytes), limit: 1).isEmpty
        }
        guard hasReady else { return next }
        guard let record = try queueRecord(queue) else {
            next.isDue = true
            return next
        }
        let clock = try clock(at: now)
        let gate = QueueGate(queue: queue, record: record, now: clock.steady(at: now.boot))
        next.isDue = gate.room > 0
        guard !next.isDue, record.pause == nil else { return next }
        next.add(record.window?.nextOpening(after: clock.steady(at: now.boot)), on: .steady, clock, at: now)
        return next
    }
}

internal import SignalboxCore

/// Builds a key: integers are big-endian, so that byte order is their order; texts end in a zero byte, so that no key
/// of one name begins another's.
///
/// It stands in the value itself, for a dispatch's life needs some twenty, and none should ask for memory of its own.
struct Key {
    /// Names have at most 128 bytes; the most that one key has is two of them and 19 bytes more.
    static let capacity = 280

    private var storage = InlineArray<280, UInt8>(repeating: 0)
    private var count = 0

    @inline(__always)
    init() {}

    /// The key that `parts` puts together.
    @inline(__always)
    init(_ parts: (inout Key) -> Void) { parts(&self) }

    var bytes: [UInt8] { copied(span) }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        @inline(__always)
        borrowing get { storage.span.extracting(first: count) }
    }

    @inline(__always)
    mutating func put(_ number: UInt64) {
        requireRoom(8)
        for index in 0..<8 {
            storage[count &+ index] = UInt8(truncatingIfNeeded: number &>> UInt64(56 &- 8 &* index))
        }
        count &+= 8
    }
    @inline(__always)
    mutating func put(_ number: UInt32) {
        requireRoom(4)
        for index in 0..<4 {
            storage[count &+ index] = UInt8(truncatingIfNeeded: number &>> UInt32(24 &- 8 &* index))
        }
        count &+= 4
    }
    @inline(__always)
    mutating func put(_ number: UInt8) {
        requireRoom(1)
        storage[count] = number
        count &+= 1
    }
    /// Times before 1970 sort before those after: the sign bit is turned.
    @inline(__always)
    mutating func put(_ instant: Instant) { put(UInt64(bitPattern: instant.microseconds) ^ (1 << 63)) }
    mutating func put(_ text: String) {
        let bytes = text.utf8.span
        requireRoom(bytes.count &+ 1)
        for index in bytes.indices { storage[count &+ index] = bytes[index] }
        count &+= bytes.count &+ 1
    }

    /// What is longer is a mistake of ours.
    @inline(__always)
    private func requireRoom(_ size: Int) {
        precondition(size >= 0 && count >= 0 && count <= Self.capacity &- size, "a key of more than 280 bytes")
    }
}

/// Takes a key apart again; nil when the bytes have another shape.
struct KeyReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func byte() -> UInt8? {
        guard offset < bytes.count else { return nil }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func number() -> UInt64? { integer(8) }
    mutating func shortNumber() -> UInt32? { integer(4).map { UInt32($0) } }

    mutating func instant() -> Instant? {
        number().map { Instant(microseconds: Int64(bitPattern: $0 ^ (1 << 63))) }
    }

    mutating func text() -> String? {
        guard let end = bytes[offset...].firstIndex(of: 0) else { return nil }
        defer { offset = end + 1 }
        return String(validating: bytes[offset..<end], as: UTF8.self)
    }

    var isAtEnd: Bool { offset == bytes.count }

    private mutating func integer(_ width: Int) -> UInt64? {
        guard offset + width <= bytes.count else { return nil }
        defer { offset += width }
        return bytes[offset..<offset + width].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Parts one after the other, where a copy more does not matter.
extension Key {
    consuming func with(_ text: String) -> Key {
        put(text)
        return self
    }
    consuming func with(_ number: UInt64) -> Key {
        put(number)
        return self
    }
    consuming func with(_ instant: Instant) -> Key {
        put(instant)
        return self
    }
    consuming func with(_ id: DispatchID) -> Key { with(id.number) }
    consuming func with(_ number: UInt8) -> Key {
        put(number)
        return self
    }
    consuming func with(_ state: DispatchState) -> Key { with(state.rawValue) }
    consuming func with(_ clock: DueClock) -> Key { with(clock.rawValue) }
}

/// The keys of each bucket, in one place.
extension Key {
    @inline(__always)
    static func name(_ text: String) -> Key { Key { $0.put(text) } }
    @inline(__always)
    static func dispatch(_ id: DispatchID) -> Key { Key { $0.put(id.number) } }
    static func worker(_ id: WorkerID) -> Key { Key { $0.put(id.number) } }
    @inline(__always)
    static func sequence(_ number: UInt64) -> Key { Key { $0.put(number) } }
    static func jobDue(_ due: Instant, _ job: JobDefinition) -> Key {
        Key {
            $0.put(job.schedule.clock.rawValue)
            $0.put(due)
            $0.put(job.name.text)
        }
    }
    @inline(__always)
    static func attempt(_ id: DispatchID, _ number: Int) -> Key {
        Key {
            $0.put(id.number)
            $0.put(UInt32(number))
        }
    }
    static func output(_ id: DispatchID, _ attempt: Int, _ chunk: UInt32) -> Key {
        Key {
            $0.put(id.number)
            $0.put(UInt32(attempt))
            $0.put(chunk)
        }
    }
    /// That of a dispatch which waits or runs, in ``waitingBucket(of:)``.
    @inline(__always)
    static func waiting(_ dispatch: Dispatch) -> Key {
        Key {
            switch dispatch.state {
            case .pending: $0.put(placeOf: dispatch)
            case .scheduled:
                $0.put(dispatch.dueClock.rawValue)
                $0.put(dispatch.dueAt)
            case .blocked: $0.put(dispatch.blocker?.number ?? 0)
            case .inProgress: $0.put(dispatch.claim?.worker.number ?? 0)
            case .success, .failed, .cancelled, .skipped: break
            }
            $0.put(dispatch.id.number)
        }
    }
    /// That of a dispatch as it would have it, or has, in `dispatch.ready`.
    static func ready(_ dispatch: Dispatch) -> Key {
        Key {
            $0.put(placeOf: dispatch)
            $0.put(dispatch.id.number)
        }
    }
    /// Where it stands in the order of claims, among those of its queue and handler.
    @inline(__always)
    private mutating func put(placeOf dispatch: Dispatch) {
        put(dispatch.queue.text)
        put(dispatch.handler?.text ?? "")
        put(dispatch.priority)
        put(dispatch.dueAt)
    }
    /// The beginning of the keys of a queue's PENDING ones for a handler; nil: of its commands.
    static func ready(_ queue: QueueName, _ handler: HandlerName?) -> Key {
        Key {
            $0.put(queue.text)
            $0.put(handler?.text ?? "")
        }
    }
    @inline(__always)
    static func state(_ state: DispatchState, _ id: DispatchID) -> Key {
        Key {
            $0.put(state.rawValue)
            $0.put(id.number)
        }
    }
    static func job(_ job: JobName, _ id: DispatchID) -> Key {
        Key {
            $0.put(job.text)
            $0.put(id.number)
        }
    }
    static func occurrence(_ job: JobName, revision: UInt32, epoch: UInt32, _ time: Instant) -> Key {
        Key {
            $0.put(job.text)
            $0.put(revision)
            $0.put(epoch)
            $0.put(time)
        }
    }
    static func counter(_ subject: CounterSubject, _ state: DispatchState) -> Key {
        Key {
            $0.put(subject.kind)
            $0.put(subject.text)
            $0.put(state.rawValue)
        }
    }
    static func history(_ hour: UTCHour, _ subject: HistorySubject) -> Key {
        Key {
            $0.put(hour.start)
            $0.put(subject.kind)
            $0.put(subject.text)
        }
    }
}

extension Key {
    static func totals(_ subject: HistorySubject) -> Key {
        Key {
            $0.put(subject.kind)
            $0.put(subject.text)
        }
    }
}

/// What hourly history and totals are kept of.
enum HistorySubject: Hashable {
    case job(JobName)
    /// The whole store. It sorts behind all jobs, so that of an hour which is dropped piece by piece it goes last.
    case all

    var kind: UInt8 {
        switch self {
        case .job: 2
        case .all: 3
        }
    }
    var text: String {
        switch self {
        case .job(let name): name.text
        case .all: ""
        }
    }
}

/// The key of a unique key, which may be longer than all others: see ``Request/uniqueKeyLimit``.
func uniqueKeyBytes(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }
/// The key of a unique key whose window ends at `until`, in steady time.
func uniqueEndBytes(_ until: Instant, _ text: String) -> [UInt8] { Key().with(until).bytes + uniqueKeyBytes(text) }

/// What dispatches are counted by.
enum CounterSubject: Hashable {
    case queue(QueueName)
    case job(JobName)
    /// Only those that have ended and that retention counts: enqueued by themselves in a queue, or of a job.
    case endedInQueue(QueueName)
    case endedOfJob(JobName)

    var kind: UInt8 {
        switch self {
        case .queue: 1
        case .job: 2
        case .endedInQueue: 3
        case .endedOfJob: 4
        }
    }
    var text: String {
        switch self {
        case .queue(let name), .endedInQueue(let name): name.text
        case .job(let name), .endedOfJob(let name): name.text
        }
    }
}

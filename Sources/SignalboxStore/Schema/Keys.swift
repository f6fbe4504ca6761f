internal import SignalboxCore

/// Builds a key: integers are big-endian, so that byte order is their order; texts end in a zero byte, so that no key
/// of one name begins another's.
struct Key: Hashable {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int = 32) { bytes.reserveCapacity(capacity) }

    consuming func with(_ number: UInt64) -> Key {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
        return self
    }
    consuming func with(_ number: UInt32) -> Key {
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
        return self
    }
    consuming func with(_ number: UInt8) -> Key {
        bytes.append(number)
        return self
    }
    consuming func with(_ text: String) -> Key {
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
        return self
    }
    /// Times before 1970 sort before those after: the sign bit is turned.
    consuming func with(_ instant: Instant) -> Key { with(UInt64(bitPattern: instant.microseconds) ^ (1 << 63)) }
    consuming func with(_ id: DispatchID) -> Key { with(id.number) }
    consuming func with(_ id: WorkerID) -> Key { with(id.number) }
    consuming func with(_ state: DispatchState) -> Key { with(state.rawValue) }
    consuming func with(_ clock: DueClock) -> Key { with(clock.rawValue) }
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

/// The keys of each bucket, in one place.
extension Key {
    static func name(_ text: String) -> Key { Key().with(text) }
    static func dispatch(_ id: DispatchID) -> Key { Key(reserving: 8).with(id) }
    static func worker(_ id: WorkerID) -> Key { Key(reserving: 8).with(id) }
    static func sequence(_ number: UInt64) -> Key { Key(reserving: 8).with(number) }
    static func jobDue(_ due: Instant, _ job: JobDefinition) -> Key {
        Key().with(job.schedule.clock).with(due).with(job.name.text)
    }
    static func attempt(_ id: DispatchID, _ number: Int) -> Key { Key(reserving: 12).with(id).with(UInt32(number)) }
    static func output(_ id: DispatchID, _ attempt: Int, _ chunk: UInt32) -> Key {
        Key(reserving: 16).with(id).with(UInt32(attempt)).with(chunk)
    }
    static func ready(_ dispatch: Dispatch) -> Key {
        Key(reserving: 48).with(dispatch.queue.text).with(dispatch.priority).with(dispatch.dueAt).with(dispatch.id)
    }
    static func scheduled(_ dispatch: Dispatch) -> Key {
        Key(reserving: 17).with(dispatch.dueClock).with(dispatch.dueAt).with(dispatch.id)
    }
    static func blocked(by blocker: DispatchID, _ id: DispatchID) -> Key { Key(reserving: 16).with(blocker).with(id) }
    static func running(_ worker: WorkerID, _ id: DispatchID) -> Key { Key(reserving: 16).with(worker).with(id) }
    static func state(_ state: DispatchState, _ id: DispatchID) -> Key { Key(reserving: 9).with(state).with(id) }
    static func job(_ job: JobName, _ id: DispatchID) -> Key { Key(reserving: 48).with(job.text).with(id) }
    static func occurrence(_ job: JobName, revision: UInt32, epoch: UInt32, _ time: Instant) -> Key {
        Key(reserving: 64).with(job.text).with(revision).with(epoch).with(time)
    }
    static func unique(_ key: String) -> Key { Key().with(key) }
    static func counter(_ subject: CounterSubject, _ state: DispatchState) -> Key {
        Key(reserving: 48).with(subject.kind).with(subject.text).with(state)
    }
    static func history(_ hour: UTCHour, _ subject: HistorySubject) -> Key {
        Key(reserving: 48).with(hour.start).with(subject.kind).with(subject.text)
    }
}

/// What hourly history is kept of.
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

/// What dispatches are counted by.
enum CounterSubject: Hashable {
    case queue(QueueName)
    case job(JobName)

    var kind: UInt8 {
        switch self {
        case .queue: 1
        case .job: 2
        }
    }
    var text: String {
        switch self {
        case .queue(let name): name.text
        case .job(let name): name.text
        }
    }
}

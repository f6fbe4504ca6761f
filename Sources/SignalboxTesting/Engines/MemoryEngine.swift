// The store in memory: the same seam as on disk, without one. Nothing survives the process, and no other process sees
// it; in exchange it starts in no time and behaves the same on every run. For tests and simulations.

import Glibc
public import OrderedStore

/// Ordered buckets in memory.
public final class MemoryEngine: OrderedStore {
    public let buckets: [Bucket]
    private let monitor: Monitor<State>

    struct State: Sendable {
        var maps: [PersistentMap]
        var writer: pthread_t?
        /// How often each subject was touched, by its bit.
        var touches = [UInt64](repeating: 0, count: 32)
        var cancelled: Set<ObjectIdentifier> = []
        var room = Room.unlimited
    }

    /// - Parameter buckets: all that will be used, indexes counting from 0.
    public init(buckets: [Bucket]) {
        precondition(buckets.map(\.index) == Array(buckets.indices), "the indexes of the buckets must count from 0")
        self.buckets = buckets
        monitor = Monitor(State(maps: buckets.map { _ in PersistentMap() }))
    }

    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func read<Result>(_ body: (borrowing Reading) throws -> Result) throws -> Result {
        let (maps, room) = monitor.withLock { ($0.maps, $0.room) }
        return try body(Reading(maps: maps, room: room))
    }

    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func write<Result>(_ body: (inout Writing) throws -> Result) throws -> Result {
        let (maps, room) = becomeWriter()
        var transaction = Writing(maps: maps, room: room)
        do {
            let result = try body(&transaction)
            guard room.used <= room.limit else {
                throw MemoryEngineError(code: .full, message: "full: more is in use than may be")
            }
            let (maps, interests) = (transaction.maps, transaction.interests)
            monitor.withLock { state in
                state.maps = maps
                state.writer = nil
                for bit in interests.bits { state.touches[bit] += 1 }
            }
            return result
        } catch {
            monitor.withLock { $0.writer = nil }
            throw error
        }
    }

    public func watch(_ interests: InterestSet) throws -> Watch { Watch(monitor, interests) }

    /// What the store says from now on of the room it has; memory itself has no limit.
    public func setRoom(_ room: Room) { monitor.withLock { $0.room = room } }

    private func becomeWriter() -> ([PersistentMap], Room) {
        let found: ([PersistentMap], Room)? = monitor.waiting { state in
            precondition(
                state.writer != pthread_self(), "a write inside a write: use the transaction you already have")
            if state.writer != nil { return nil }
            state.writer = pthread_self()
            return (state.maps, state.room)
        }
        return found ?? ([], .unlimited)
    }
}

extension InterestSet {
    var bits: [Int] { (0..<32).filter { rawValue & 1 << UInt32($0) != 0 } }
}

/// What a memory store refuses: a key of no bytes or of more than 511, and to commit when it uses more than it may.
public struct MemoryEngineError: RoomError, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable { case keySize, full }
    public let code: Code
    public let message: String
    public var description: String { message }
    public var isLackOfRoom: Bool { code == .full }
}

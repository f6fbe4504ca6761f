import SignalboxCore

/// A worker's wait for room in a store that is full: when it tries again to write. Only a write that succeeded ends it.
struct RoomWait {
    /// How long to wait after the next failure; nil: the last write found room.
    private var nextDistance: Duration?
    /// When to try again; nil: at once.
    private(set) var retryAt: BootInstant?

    static let firstDistance: Duration = .seconds(1)
    static let longestDistance: Duration = .seconds(10)

    /// - Returns: whether this begins the wait.
    mutating func noteFailure(at now: BootInstant) -> Bool {
        let isFirst = nextDistance == nil
        let distance = nextDistance ?? Self.firstDistance
        retryAt = now + distance
        nextDistance = min(distance * 2, Self.longestDistance)
        return isFirst
    }

    /// - Returns: whether this ends a wait.
    mutating func noteSuccess() -> Bool {
        defer { self = RoomWait() }
        return nextDistance != nil
    }

    func mustWait(at now: BootInstant) -> Bool { retryAt.map { now < $0 } ?? false }
}

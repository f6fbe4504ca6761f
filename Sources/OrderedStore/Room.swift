/// How much room a store has, for those who stop filling it before it is full: a store that is quite full cannot even
/// delete.
public struct Room: Hashable, Sendable {
    /// The bytes in use.
    public var used: Int
    /// The most bytes that the store may ever use; less what is kept for finishing.
    public var limit: Int
    /// The bytes that it occupies on the disk, those not in use included; less what is kept for finishing.
    public var held: Int
    /// The bytes that the disk has left for it.
    public var freeOnDisk: Int
    /// What is kept for finishing: the bytes that may be used beyond all that.
    public var kept: Int

    public init(used: Int, limit: Int, held: Int, freeOnDisk: Int, kept: Int = 0) {
        self.kept = kept
        self.used = used
        self.limit = limit
        self.held = held
        self.freeOnDisk = freeOnDisk
    }

    /// What a store has that knows no limit.
    public static let unlimited = Room(used: 0, limit: .max, held: 0, freeOnDisk: .max)

    /// The most bytes that can be in use, by the store's own limit or by the disk's; no fewer than are.
    public var capacity: Int { max(used, most) }

    /// The bytes that can still be used; negative: so many of those that are kept are in use.
    public var left: Int { most - used }

    private var most: Int {
        let (onDisk, overflow) = held.addingReportingOverflow(freeOnDisk)
        return overflow ? limit : min(limit, onDisk)
    }
}

/// An error of an engine that may be one of room.
public protocol RoomError: Error {
    /// Whether the store or its disk was full: nothing has happened, and the same may succeed when there is room again.
    var isLackOfRoom: Bool { get }
}

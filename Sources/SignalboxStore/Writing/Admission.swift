// Who adds to the store asks first whether there is room: see StoreLevel. What finishes, cancels or deletes never asks.

public import OrderedStore
public import SignalboxCore

extension Room {
    public var level: StoreLevel { StoreLevel(used: used, capacity: capacity) }
}

/// What one transaction knows of the store's room: looked at once, and less by what it has let in since.
struct Admission {
    private var room: Room?

    /// The bytes of indexes, counters and event that come with a dispatch or job, roughly: a queue of 200,000 small
    /// requests takes 460 each in all.
    private static let overhead = 400

    mutating func level(in transaction: borrowing some ReadTransaction & ~Copyable) throws -> StoreLevel {
        try present(transaction).level
    }

    /// Lets in what needs so many bytes, or refuses.
    mutating func admit(_ size: Int, in transaction: borrowing some ReadTransaction & ~Copyable) throws {
        var room = try present(transaction)
        room.used += size + Self.overhead
        guard room.level < .closedToClients else { throw StoreError.full(room) }
        self.room = room
    }

    private mutating func present(_ transaction: borrowing some ReadTransaction & ~Copyable) throws -> Room {
        let room = try self.room ?? transaction.room()
        self.room = room
        return room
    }
}

extension JobWriter where Transaction: ~Copyable {
    /// Refuses what a client would add when the store is to be kept for what is there already.
    /// - Throws: ``StoreError`` with `full`.
    mutating func admit(_ request: Request) throws {
        try admission.admit(request.work.input.count + request.argumentSize, in: transaction)
    }

    /// Whether due times are to become records of why not, because the room that is left is for finishing.
    mutating func isFinishingOnly() throws -> Bool { try admission.level(in: transaction) == .finishingOnly }
}

extension StoreError {
    /// `room` as it would be with what was asked for.
    fileprivate static func full(_ room: Room) -> StoreError {
        let percent = Int(StoreLevel.percent(used: room.used, capacity: room.capacity))
        return StoreError(
            .full,
            "the store would be \(percent) % full, with \(room.used) of \(room.capacity) bytes in use, and from "
                + "\(StoreLevel.closedToClients.threshold) % on it takes nothing new, so that what runs can be "
                + "finished: make room in it, or on its disk, and try again; `signalbox stat` says more")
    }
}

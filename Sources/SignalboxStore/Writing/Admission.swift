// Who adds to the store asks first whether there is room: see StoreLevel. Who begins an attempt asks whether there is room
// for what it may print. So what finishes, cancels or deletes never has to ask.

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

    /// The bytes that an attempt may come to take by what it prints: as much as is kept of it, in pages that are no more
    /// than half full where they lie between others.
    static let output = 512 << 10

    /// - Parameter running: how many attempts run, each of which may need ``output``.
    mutating func level(
        _ running: Int, in transaction: borrowing some ReadTransaction & ~Copyable
    ) throws -> StoreLevel {
        try present(running, transaction).level
    }

    /// Lets in what needs so many bytes, or refuses.
    mutating func admit(
        _ size: Int, _ running: Int, in transaction: borrowing some ReadTransaction & ~Copyable
    ) throws {
        var room = try present(running, transaction)
        room.used += size + Self.overhead
        guard room.level < .closedToClients else { throw StoreError.full(room) }
        self.room = room
    }

    private mutating func present(
        _ running: Int, _ transaction: borrowing some ReadTransaction & ~Copyable
    ) throws -> Room {
        if let room { return room }
        var room = try transaction.room()
        room.used += running * Self.output
        self.room = room
        return room
    }
}

extension Room {
    /// How many attempts may begin beside those that run: what all of them may print has to fit. One alone may use what
    /// is kept for finishing, but for a half, which is for clearing up.
    func startable(besides running: Int) -> Int {
        let beside = left / Admission.output - running
        if beside > 0 { return beside }
        return running == 0 && left + kept / 2 >= Admission.output ? 1 : 0
    }
}

extension JobWriter where Transaction: ~Copyable {
    /// Refuses what a client would add when the store is to be kept for what is there already.
    /// - Throws: ``StoreError`` with `full`.
    mutating func admit(_ request: Request) throws {
        let size = request.work.input.count + request.argumentSize
        try admission.admit(size, running, in: transaction)
    }

    /// Whether due times are to become records of why not, because the room that is left is for finishing.
    mutating func isFinishingOnly() throws -> Bool {
        try admission.level(running, in: transaction) == .finishingOnly
    }
}

extension JobWriter where Transaction: ~Copyable {
    /// How many attempts may begin now.
    func startable() throws -> Int { try transaction.room().startable(besides: running) }

    private var running: Int { Int(state.count(.inProgress)) }
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

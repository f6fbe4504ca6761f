internal import OrderedStore
public import SignalboxCore

/// How full the store is, for people and programs that look at it.
public struct StoreFilling: Hashable, Sendable {
    /// The part of its room that is in use, in percent.
    public var usedPercent: Double
    public var level: StoreLevel

    public init(usedPercent: Double, level: StoreLevel) {
        self.usedPercent = usedPercent
        self.level = level
    }

    init(_ room: Room) {
        self.init(usedPercent: StoreLevel.percent(used: room.used, capacity: room.capacity), level: room.level)
    }

    /// What somebody should know of it, to follow "the store"; nil: nothing.
    public var concern: String? { level.sentence.map { "is \(Int(usedPercent)) % full: \($0)" } }
}

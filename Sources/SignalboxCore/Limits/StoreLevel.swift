/// How full a store is, and so what it still takes.
///
/// A store without any room left cannot even delete. So it stops taking new work before that, first from people and
/// then from schedules, and keeps the last of its room for finishing what runs and for clearing up.
public enum StoreLevel: UInt8, Hashable, Comparable, Sendable, CaseIterable {
    /// It takes everything.
    case normal
    /// It takes everything; somebody should see to it.
    case warning
    /// It takes nothing new from people and programs: no dispatch, no job.
    case closedToClients
    /// Due times become SKIPPED records too; only what there is goes on to its end.
    case finishingOnly

    /// The part of the room, in percent, from which on this is the level.
    public var threshold: Int {
        switch self {
        case .normal: 0
        case .warning: 80
        case .closedToClients: 90
        case .finishingOnly: 95
        }
    }

    /// - Parameters:
    ///   - used: the bytes in use.
    ///   - capacity: the most bytes that can be in use, by the store's own limit or by the disk's.
    public init(used: Int, capacity: Int) {
        let filled = Self.percent(used: used, capacity: capacity)
        self = Self.allCases.last { filled >= Double($0.threshold) } ?? .normal
    }

    /// How much of the room is in use.
    public static func percent(used: Int, capacity: Int) -> Double {
        capacity > 0 ? Double(used) / Double(capacity) * 100 : 100
    }

    /// The word that `stat` shows and JSON has.
    public var word: String {
        switch self {
        case .normal: "normal"
        case .warning: "warning"
        case .closedToClients: "closed_to_clients"
        case .finishingOnly: "finishing_only"
        }
    }

    /// What it means for who looks after the store; nil: nothing.
    public var sentence: String? {
        switch self {
        case .normal: nil
        case .warning:
            "from \(Self.closedToClients.threshold) % on it takes no new work: make room in it, or on its disk"
        case .closedToClients:
            "it takes no new jobs and dispatches, and from \(Self.finishingOnly.threshold) % on due times are skipped: "
                + "make room in it, or on its disk"
        case .finishingOnly:
            "it takes no new jobs and dispatches, and due times are skipped; what runs can be finished: "
                + "make room in it, or on its disk"
        }
    }

    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

public import SignalboxCore

/// A queue as lists, pages and JSON show it.
public struct QueueView: Sendable, Encodable {
    public var name: QueueName
    /// Dispatches of it in each state that occurs.
    public var dispatches: [DispatchState: Int]
    /// Workers that serve it and take new work.
    public var workers = 0
    /// Since when the one that has waited longest for a worker could have been claimed; nil when none is PENDING.
    public var oldestWaiting: Instant?
    /// Nil unless it is paused.
    public var pause: QueuePause?
    /// How often something of it may be started; nil: as often as workers have time for.
    public var rate: Rate?
    /// When its rate allows the next start; nil when it does now, or has none.
    public var opensAt: Instant?

    public init(name: QueueName, dispatches: [DispatchState: Int] = [:]) {
        self.name = name
        self.dispatches = dispatches
    }

    public func count(_ state: DispatchState) -> Int { dispatches[state] ?? 0 }

    private enum CodingKeys: String, CodingKey {
        case name, dispatches, workers, oldest_waiting_at, paused, paused_at, paused_by, pause_reason, rate, opens_at
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name.text, forKey: .name)
        let counts = DispatchState.allCases.map { ($0.name, count($0)) }
        try fields.encode(Dictionary(uniqueKeysWithValues: counts), forKey: .dispatches)
        try fields.encode(workers, forKey: .workers)
        try fields.encode(oldestWaiting?.description, forKey: .oldest_waiting_at)
        try fields.encode(pause != nil, forKey: .paused)
        try fields.encode(pause?.at.description, forKey: .paused_at)
        try fields.encode(pause?.by, forKey: .paused_by)
        try fields.encode(pause?.reason, forKey: .pause_reason)
        try fields.encode(rate?.text, forKey: .rate)
        try fields.encode(opensAt?.description, forKey: .opens_at)
    }
}

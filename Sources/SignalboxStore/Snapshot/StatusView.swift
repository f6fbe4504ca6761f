public import SignalboxCore

/// The whole system in a few numbers, all from one snapshot and none from a scan of dispatches.
public struct StatusView: Sendable, Encodable {
    public var jobs: Int
    /// Workers that are online or draining.
    public var workers: Int
    public var queues: [QueueView]
    /// What waits although workers may be there, for none of them has its handler.
    public var unserved: [UnservedHandler] = []
    /// Dispatches in each state; every state is there.
    public var dispatches: [DispatchState: Int]
    /// The store's commit sequence: rises with every transaction that changed something a reader can see.
    public var sequence: UInt64
    /// Dispatches that retention has taken away since the store was made.
    public var pruned: UInt64 = 0
    public var storeID: String
    public var formatVersion: UInt32
    public var filling: StoreFilling
    /// The runs of the whole store; only where they were asked for.
    public var last24Hours: RunHistory?
    /// What keeps calendar jobs waiting for a clock they can trust; nil when nothing does.
    public var clockHold: ClockHold?

    public var stamp: StoreStamp { StoreStamp(storeID: storeID, sequence: sequence) }

    public func count(_ state: DispatchState) -> Int { dispatches[state] ?? 0 }

    private enum CodingKeys: String, CodingKey {
        case jobs, workers, queues, no_worker, dispatches, pruned, seq, store, clock, last_24h
    }
    private enum StoreKeys: String, CodingKey { case id, format, used_percent, level }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(jobs, forKey: .jobs)
        try fields.encode(workers, forKey: .workers)
        try fields.encode(queues, forKey: .queues)
        try fields.encode(unserved, forKey: .no_worker)
        let counts = DispatchState.allCases.map { ($0.name, count($0)) }
        try fields.encode(Dictionary(uniqueKeysWithValues: counts), forKey: .dispatches)
        try fields.encode(pruned, forKey: .pruned)
        try fields.encode(sequence, forKey: .seq)
        try fields.encodeIfPresent(last24Hours, forKey: .last_24h)
        try fields.encode(clockHold, forKey: .clock)
        var store = fields.nestedContainer(keyedBy: StoreKeys.self, forKey: .store)
        try store.encode(storeID, forKey: .id)
        try store.encode(formatVersion, forKey: .format)
        try store.encode((filling.usedPercent * 10).rounded() / 10, forKey: .used_percent)
        try store.encode(filling.level.word, forKey: .level)
    }
}

public import OrderedStore
internal import SignalboxCore

extension JobStore {
    /// How much room the durable store has.
    public func room() throws -> Room { try engine.read { try $0.room() } }

    /// Clears away what killed processes have left in both environments, and answers in sentences what people should
    /// know of. For a process that is awake anyway, twice a minute at most.
    public func tidyUp() throws -> [String] {
        let concerns = try engine.tidyUp() + (live?.engine.tidyUp() ?? [])
        let room = try room()
        guard let sentence = room.level.sentence else { return concerns }
        let percent = Int(StoreLevel.percent(used: room.used, capacity: room.capacity))
        return concerns + ["the store is \(percent) % full: \(sentence)"]
    }
}

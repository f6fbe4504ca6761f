public import OrderedStore

extension JobStore {
    /// How much room the durable store has.
    public func room() throws -> Room { try engine.room() }

    /// Clears away what killed processes have left in both environments, and answers in sentences what people should
    /// know of. For a process that is awake anyway, twice a minute at most.
    public func tidyUp() throws -> [String] {
        let concerns = try engine.tidyUp() + (live?.engine.tidyUp() ?? [])
        guard let concern = StoreFilling(try room()).concern else { return concerns }
        return concerns + ["the store \(concern)"]
    }
}

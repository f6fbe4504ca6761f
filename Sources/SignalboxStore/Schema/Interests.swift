public import OrderedStore
public import SignalboxCore

/// What processes wait for, as bits of the engine's bell. Queues share the upper bits by a hash of their name: a clash
/// wakes a worker for nothing, and costs it one look.
extension InterestSet {
    /// Any change that a reader can see.
    public static let anyChange = InterestSet(rawValue: 1 << 0)
    /// The next time at which something falls due may have moved.
    public static let schedule = InterestSet(rawValue: 1 << 1)
    /// A worker came or went.
    public static let workers = InterestSet(rawValue: 1 << 2)
    /// A running dispatch is asked to stop.
    public static let cancellation = InterestSet(rawValue: 1 << 3)

    /// Something of this queue can be claimed.
    public static func ready(_ queue: QueueName) -> InterestSet {
        let bytes = queue.text.utf8.span
        var hash: UInt32 = 2_166_136_261
        for index in bytes.indices { hash = (hash ^ UInt32(bytes[index])) &* 16_777_619 }
        return InterestSet(rawValue: 1 << (8 + hash % 24))
    }
}

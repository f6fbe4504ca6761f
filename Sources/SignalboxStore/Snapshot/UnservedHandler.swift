public import SignalboxCore

/// A handler that dispatches of a queue wait for, and that no worker of the queue has.
public struct UnservedHandler: Hashable, Sendable, Encodable {
    public var handler: HandlerName
    public var queue: QueueName

    private enum CodingKeys: String, CodingKey { case handler, queue }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(handler.text, forKey: .handler)
        try fields.encode(queue.text, forKey: .queue)
    }
}

public import SignalboxCore

/// A worker as lists, pages and JSON show it.
public struct WorkerView: Sendable, Encodable {
    public var registration: WorkerRegistration
    /// Its newest heartbeat of this boot; nil before the first, and after a reboot.
    public var heartbeat: Heartbeat?
    /// Dispatches the store says it has.
    public var running: Int

    public var id: WorkerID { registration.id }

    private enum CodingKeys: String, CodingKey {
        case id, name, pid, host, state, queues, commands, handlers, slots, running, processed, failed, started_at,
            heartbeat_at, version
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(registration.id.number, forKey: .id)
        try fields.encode(registration.name, forKey: .name)
        try fields.encode(registration.process.pid, forKey: .pid)
        try fields.encode(registration.host, forKey: .host)
        try fields.encode(registration.state.word, forKey: .state)
        try fields.encode(registration.queues.map(\.text), forKey: .queues)
        try fields.encode(registration.kinds.commands, forKey: .commands)
        try fields.encode(registration.kinds.handlers.map(\.text), forKey: .handlers)
        try fields.encode(registration.slots, forKey: .slots)
        try fields.encode(running, forKey: .running)
        try fields.encode(heartbeat?.processed ?? 0, forKey: .processed)
        try fields.encode(heartbeat?.failed ?? 0, forKey: .failed)
        try fields.encode(registration.startedAt.description, forKey: .started_at)
        try fields.encode(heartbeat?.at.wall.description, forKey: .heartbeat_at)
        try fields.encode(registration.version, forKey: .version)
    }
}

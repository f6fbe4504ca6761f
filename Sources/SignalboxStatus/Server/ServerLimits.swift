import NIOCore

/// How much one client, or all of them, may ask of the server.
struct ServerLimits: Sendable {
    /// Connections at one time, those of the live feed among them; a further one is closed at once. They are fewer when
    /// the process may not have so many open files.
    var connections = 1280
    /// How long a connection may take for a request to arrive complete, and for an answer to be taken.
    var patience: TimeAmount = .seconds(30)
    /// Bytes of the request's target, or of one header field.
    var fieldBytes = 4096
    /// Bytes of a whole request: there are no bodies.
    var headBytes = 16384
    var fields = 64
    /// Threads that read the store, and so the most read transactions at one time.
    var readers = 2
    var feed = FeedLimits()
    /// Open files that are left to the rest of the process.
    static let otherFiles = 128
    /// A server that could not have so many connections does not begin.
    static let fewestConnections = 32
}

import NIOCore

/// How much a client of the feed may ask of the server.
struct FeedLimits: Sendable {
    /// Clients at one time; a further one is told to try again later.
    var clients = 1024
    /// What the newest frames may take that somebody has not taken yet; who is further behind is dropped.
    var ring = FeedRing.Limits()
    /// How often each client is asked whether it is still there; one that does not answer until the next time is not.
    var beat: TimeAmount = .seconds(30)
    /// Frames that a client may send in a beat: answers, and questions of its own.
    var incoming = 256
    /// How long a client has for its answer to the end.
    var farewell: TimeAmount = .seconds(2)
    /// Bytes that the kernel may keep for a client that does not read.
    var sendBuffer: ChannelOptions.Types.SocketOption.Value = 128 << 10
    /// What is read at a time from the store: so many frames, and about so many changes.
    var pageFrames = 500
    var pageChanges = 2000
    /// How long what runs is left alone after it has moved, so that a command that prints all the time costs a few
    /// looks a second.
    var liveRest: TimeAmount = .milliseconds(100)
}

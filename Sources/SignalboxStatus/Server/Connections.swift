import NIOCore
import Synchronization

/// The connections that are open: counted against the limit, and closed together at the end.
final class Connections: Sendable {
    private let limit: Int
    private let open = Mutex<[ObjectIdentifier: any Channel]>([:])

    init(limit: Int) { self.limit = limit }

    /// Takes `channel` in until it closes.
    /// - Throws: ``TooManyConnections``; the channel is then to be closed.
    func admit(_ channel: any Channel) throws(TooManyConnections) {
        let key = ObjectIdentifier(channel)
        let admitted = open.withLock { channels in
            guard channels.count < limit else { return false }
            channels[key] = channel
            return true
        }
        guard admitted else { throw TooManyConnections(limit: limit) }
        channel.closeFuture.whenComplete { _ in self.open.withLock { $0[key] = nil } }
    }

    /// Closes all, and returns when they are closed.
    func closeAll() {
        for channel in open.withLock({ Array($0.values) }) {
            channel.close(promise: nil)
            try? channel.closeFuture.wait()
        }
    }
}

/// The server has as many connections as it may have.
struct TooManyConnections: Error, CustomStringConvertible {
    let limit: Int
    var description: String { "there are \(limit) connections already, which is the limit" }
}

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// Lets a connection over from HTTP to the live feed, when its first request asks for that as RFC 6455 says and nothing
/// speaks against it. Any other request for the feed is answered with what is wrong, like one for a page.
struct FeedDoor: Sendable {
    let hub: NIOLoopBound<FeedHub>
    let responder: Responder
    let readers: NIOThreadPool

    /// A client's frame is as long as a control frame may be: it has nothing else to send.
    private static let frameLimit = 125

    /// To be called on the event loop, for each connection.
    /// - Parameter pages: the handlers of its requests, which are no longer wanted behind the door.
    func configuration(leaving pages: [any RemovableChannelHandler]) -> NIOHTTPServerUpgradeConfiguration {
        let pages = NIOLoopBound(pages, eventLoop: hub.eventLoop)
        let accepted = NIOLoopBoundBox<FeedSubscription?>(nil, eventLoop: hub.eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: Self.frameLimit, automaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                guard head.isProperUpgrade else { return channel.eventLoop.makeSucceededFuture(nil) }
                let request = PageRequest(head)
                return readers.runIfActive(eventLoop: channel.eventLoop) { responder.subscription(for: request) }
                    .map { subscription in
                        accepted.value = subscription
                        return subscription.map { _ in HTTPHeaders() }
                    }
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard let subscription = accepted.value else { throw ChannelError.operationUnsupported }
                    let hub = hub.value
                    try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: hub.limits.sendBuffer)
                    try channel.pipeline.syncOperations.addHandler(FeedConnection(subscription, hub: hub))
                }
            })
        return (
            upgraders: [upgrader],
            completionHandler: { context in
                for handler in pages.value { context.pipeline.syncOperations.removeHandler(handler, promise: nil) }
            }
        )
    }
}

extension HTTPRequestHead {
    /// NIO looks at what is the WebSocket's own; the rest is HTTP's.
    fileprivate var isProperUpgrade: Bool {
        let wishes = headers[canonicalForm: "Connection"].map { $0.lowercased() }
        return version == .http1_1 && method == .GET && wishes.contains("upgrade") && !announcesBody
    }
}

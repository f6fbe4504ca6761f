// What a client can have a connection hold in memory, on a channel without a network.

import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import SignalboxStatus

/// A system that takes nothing until it is told to.
private final class SlowSystem: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private var untaken: [EventLoopPromise<Void>] = []
    private var isLost = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let promise else { return }
        if isLost { promise.fail(ChannelError.ioOnClosedChannel) } else { untaken.append(promise) }
    }

    func flush(context: ChannelHandlerContext) {}

    /// Takes all that has been written so far.
    func take() {
        let taken = untaken
        untaken = []
        for promise in taken { promise.succeed() }
    }

    /// The client is gone.
    func lose() {
        isLost = true
        let lost = untaken
        untaken = []
        for promise in lost { promise.fail(ChannelError.ioOnClosedChannel) }
    }
}

/// Answers each request at once with a page, or with a head alone.
private final class Answering: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private(set) var answered = 0
    private let body: String

    init(body: String) { self.body = body }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        answered += 1
        let head = HTTPResponseHead(
            version: .http1_1, status: .ok, headers: ["Content-Length": String(body.utf8.count)])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

@Suite struct `A connection` {
    @Test(arguments: ["a page", ""])
    func `has one answer at a time in memory, however many are asked for`(body: String) throws {
        let (system, pages) = (SlowSystem(), Answering(body: body))
        let channel = try channel(system, pages)
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try channel.writeInbound(ByteBuffer(string: String(repeating: request, count: 100)))
        #expect(pages.answered == 1)
        for count in 2...5 {
            system.take()
            #expect(pages.answered == count)
        }
        system.lose()
        _ = try? channel.finish()
    }

    private func channel(_ system: SlowSystem, _ pages: Answering) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(system)
        try pipeline.configureHTTPServerPipeline(withErrorHandling: false)
        try pipeline.addHandlers([AnswerPacer(), pages])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }
}

import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// One connection: takes a request, has it answered on a thread that may block, writes the answer, waits for the next.
///
/// The connection is closed when a request does not arrive complete, or an answer is not taken, in time; so a slow
/// client costs a place among the connections for a while, and nothing else.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    fileprivate enum Phase {
        case waiting
        case reading(HTTPRequestHead, body: [UInt8])
        case answering
        /// The last answer is on its way; what still comes in is thrown away.
        case closing
    }

    /// How long a client may go on sending after its last answer.
    private static let linger = TimeAmount.seconds(2)

    private let responder: Responder
    private let readers: NIOThreadPool
    private let patience: TimeAmount
    private let logger: Logger
    private var phase = Phase.waiting
    private var deadline: Scheduled<Void>?

    init(responder: Responder, readers: NIOThreadPool, patience: TimeAmount, logger: Logger) {
        self.responder = responder
        self.readers = readers
        self.patience = patience
        self.logger = logger
    }

    func channelActive(context: ChannelHandlerContext) {
        restartDeadline(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closing
        deadline?.cancel()
        context.fireChannelInactive()
    }

    /// The connection goes on without HTTP.
    func handlerRemoved(context: ChannelHandlerContext) {
        phase = .closing
        deadline?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (phase, unwrapInboundIn(data)) {
        case (.waiting, .head(let head)):
            if head.announcesBody, !responder.takes(bodyOf: head) {
                write(.bodyRefused, to: head, keepAlive: false, context)
            } else {
                phase = .reading(head, body: [])
            }
        case (.reading(let head, let body), .body(let more)):
            // No more comes than was announced, which was not too much.
            phase = .reading(head, body: body + more.readableBytesView)
        case (.reading(let head, let body), .end): answer(head, body, context)
        case (.reading, .head), (.waiting, .body), (.waiting, .end), (.answering, _), (.closing, _): break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What a client still sends after its last answer is of no interest, and often no HTTP.
        guard !phase.isClosing else { return }
        // The request itself follows, and its answer says what is wrong.
        if error is NIOWebSocketUpgradeError { return }
        logger.debug("closing a connection", metadata: ["error": "\(error)"])
        if let problem = error as? HTTPParserError, phase.awaitsRequest {
            let overflow = problem == .headerOverflow
            write(overflow ? .headTooLarge : .malformed, to: nil, keepAlive: false, context)
        } else {
            context.close(promise: nil)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ body: [UInt8], _ context: ChannelHandlerContext) {
        phase = .answering
        restartDeadline(context)
        let request = PageRequest(head, body: body, peer: context.remoteAddress?.ipAddress ?? "")
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let handler = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        readers.runIfActive(eventLoop: context.value.eventLoop) { [responder] in responder.response(to: request) }
            .whenComplete { result in
                let response = (try? result.get()) ?? .stopping
                handler.value.write(response, to: head, keepAlive: head.isKeepAlive, context.value)
            }
    }

    private func write(
        _ response: PageResponse, to head: HTTPRequestHead?, keepAlive: Bool, _ context: ChannelHandlerContext
    ) {
        guard !phase.isClosing else { return }
        let keepAlive = keepAlive && response.keepsConnection
        phase = keepAlive ? .waiting : .closing
        var headers = response.headers
        headers.replaceOrAdd(name: "Connection", value: keepAlive ? "keep-alive" : "close")
        let version = head?.version ?? .http1_1
        let answer = HTTPResponseHead(version: version, status: response.status, headers: headers)
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        if head?.method != .HEAD, !response.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
        }
        finish(keepAlive: keepAlive, context)
    }

    /// After the last answer only our side is closed at first: closing both while bytes still come in would make the
    /// kernel reset the connection, and the client might never see the answer.
    private func finish(keepAlive: Bool, _ context: ChannelHandlerContext) {
        restartDeadline(context)
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        guard !keepAlive else { return }
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let handler = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        written.whenComplete { _ in
            context.value.close(mode: .output, promise: nil)
            handler.value.restartDeadline(context.value)
        }
    }

    private func restartDeadline(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        guard context.channel.isActive else { return }
        let time = phase.isClosing ? min(patience, Self.linger) : patience
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: time) { bound.value.close(promise: nil) }
    }
}

extension ConnectionHandler.Phase {
    fileprivate var awaitsRequest: Bool {
        switch self {
        case .waiting, .reading: true
        case .answering, .closing: false
        }
    }

    fileprivate var isClosing: Bool {
        switch self {
        case .closing: true
        case .waiting, .reading, .answering: false
        }
    }
}

extension HTTPRequestHead {
    /// Whether a body follows. `Content-Length: 0` is none.
    var announcesBody: Bool {
        headers.contains(name: "Transfer-Encoding") || headers["Content-Length"].contains { $0 != "0" }
    }
}

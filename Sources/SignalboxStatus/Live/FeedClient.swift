import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// Follows the feed of a status server over the network: connects, and after every loss connects again and goes on
/// behind the last frame it has.
public final class FeedClient: Sendable {
    /// What is done with each text; returns the number behind which to go on from now, if the text says one.
    public typealias Show = @Sendable (_ text: String) throws -> UInt64?

    private let address: FeedAddress
    private let show: Show
    private let say: @Sendable (String) -> Void

    /// A server sends something at least every 30 s.
    private static let silence = TimeAmount.seconds(90)
    private static let connectTimeout = TimeAmount.seconds(10)
    static let frameLimit = 16 << 20

    /// - Parameters:
    ///   - show: called for each text, on a thread that may block: the server waits meanwhile.
    ///   - say: told in a sentence when the connection was lost, and when it is there again.
    public init(_ address: FeedAddress, show: @escaping Show, say: @escaping @Sendable (String) -> Void) {
        self.address = address
        self.show = show
        self.say = say
    }

    /// Follows the feed for ever. It blocks its thread.
    /// - Parameter since: behind which number to begin; nil: now.
    /// - Throws: ``FeedRefusal`` when the server says that there is no such feed; what `show` throws.
    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func run(since: UInt64?) throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        var since = since
        var failures = 0
        while true {
            let attempt = FeedAttempt(since: since, show: show)
            let end = connect(attempt, group.next(), isAgain: failures > 0)
            if let error = end.error { throw error }
            failures = end.hasBegun ? 1 : failures + 1
            since = end.since
            let delay = Self.delay(after: failures, random: .random(in: 0...1))
            say("\(address): \(end.reason); trying again in \(delay.nanoseconds / 1_000_000) ms")
            _ = poll(nil, 0, CInt(delay.nanoseconds / 1_000_000))
        }
    }

    /// A quarter of a second, twice as long each time, at most 30 s; and up to as much again, so that many clients do
    /// not come back together.
    static func delay(after failures: Int, random: Double) -> TimeAmount {
        let base = min(250 << min(failures - 1, 10), 15_000)
        return .milliseconds(Int64(Double(base) * (1 + random)))
    }

    private func connect(_ attempt: FeedAttempt, _ loop: any EventLoop, isAgain: Bool) -> FeedAttempt.End {
        let ended = loop.makePromise(of: FeedAttempt.End.self)
        do {
            let place = try SocketAddress.makeAddressResolvingHost(
                address.host == "localhost" ? "127.0.0.1" : address.host, port: address.port)
            let bootstrap = ClientBootstrap(group: loop).connectTimeout(Self.connectTimeout)
                .channelInitializer { [self] channel in
                    channel.eventLoop.makeCompletedFuture { try prepare(channel, attempt, ended, isAgain: isAgain) }
                }
            bootstrap.connect(to: place).whenFailure { ended.succeed(attempt.lost(cause(of: $0))) }
        } catch {
            ended.succeed(attempt.lost(cause(of: error)))
        }
        return (try? ended.futureResult.wait()) ?? attempt.lost("the connection ended")
    }

    private func prepare(
        _ channel: any Channel, _ attempt: FeedAttempt, _ ended: EventLoopPromise<FeedAttempt.End>, isAgain: Bool
    ) throws {
        let handshake = FeedHandshake(address, attempt, ended)
        let bound = NIOLoopBound(handshake, eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketClientUpgrader(
            maxFrameSize: Self.frameLimit,
            upgradePipelineHandler: { [say, address] channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    if isAgain { say("\(address): connected again") }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1024,
                            maxAccumulatedFrameSize: Self.frameLimit))
                    try pipeline.addHandler(IdleStateHandler(readTimeout: Self.silence))
                    try pipeline.addHandler(FeedReader(attempt, ended))
                }
            })
        let upgrade: NIOHTTPClientUpgradeSendableConfiguration = (
            upgraders: [upgrader],
            completionHandler: { context in
                context.pipeline.syncOperations.removeHandler(bound.value, promise: nil)
            }
        )
        // The first frames may come together with the answer.
        try channel.pipeline.syncOperations.addHTTPClientHandlers(
            leftOverBytesStrategy: .forwardBytes, withClientUpgrade: upgrade)
        try channel.pipeline.syncOperations.addHandler(handshake)
    }
}

/// What the system or NIO says, in words.
private func cause(of error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case is ChannelError: "no answer to the connection"
    default: "\(error)"
    }
}

/// Why there is no feed where a client asked for one; it would be the same another time.
public struct FeedRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// As HTTP numbers it.
    public let status: Int
    public let description: String
}

/// One connection of a client.
struct FeedAttempt: Sendable {
    /// How it ended.
    struct End: Sendable {
        var since: UInt64?
        var hasBegun: Bool
        var reason: String
        /// Makes another attempt useless.
        var error: (any Error)?
    }

    var since: UInt64?
    let show: FeedClient.Show
    var hasBegun = false

    init(since: UInt64?, show: @escaping FeedClient.Show) {
        self.since = since
        self.show = show
    }

    func lost(_ reason: String, _ error: (any Error)? = nil) -> End {
        End(since: since, hasBegun: hasBegun, reason: reason, error: error)
    }
}

/// Asks for the feed, and reads the answer of a server that has none.
private final class FeedHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let address: FeedAddress
    private let attempt: FeedAttempt
    private let ended: EventLoopPromise<FeedAttempt.End>
    private var status: HTTPResponseStatus?
    private var isPlain = false
    private var sentence = ""
    private var isOver = false

    init(_ address: FeedAddress, _ attempt: FeedAttempt, _ ended: EventLoopPromise<FeedAttempt.End>) {
        self.address = address
        self.attempt = attempt
        self.ended = ended
    }

    func channelActive(context: ChannelHandlerContext) {
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: address.target(since: attempt.since),
            headers: ["Host": address.authority])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = head.status
            isPlain = head.headers.first(name: "Content-Type")?.hasPrefix("text/plain") == true
        case .body(let bytes): if isPlain, sentence.utf8.count < 1000 { sentence += String(buffer: bytes) }
        case .end: finish(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { isOver = true }
    func channelInactive(context: ChannelHandlerContext) { finish(context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if sentence.isEmpty { sentence = cause(of: error) }
        finish(context)
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        let words = sentence.split(whereSeparator: \.isNewline).first.map(String.init) ?? "there is no feed"
        switch status?.code {
        case nil: ended.succeed(attempt.lost("no answer: \(words)"))
        case .some(500...): ended.succeed(attempt.lost(words))
        case .some(let code):
            let refusal = FeedRefusal(status: Int(code), description: "\(address) answered \(code): \(words)")
            ended.succeed(attempt.lost(words, refusal))
        }
        context.close(promise: nil)
    }
}

/// Reads the feed.
private final class FeedReader: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private var attempt: FeedAttempt
    private let ended: EventLoopPromise<FeedAttempt.End>
    private var isOver = false

    init(_ attempt: FeedAttempt, _ ended: EventLoopPromise<FeedAttempt.End>) {
        self.attempt = attempt
        self.ended = ended
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text: show(frame.data, context)
        case .ping: send(.pong, frame.data, context)
        case .connectionClose:
            var reason = frame.data
            let code = reason.readInteger(as: UInt16.self).map { "\($0)" } ?? "no reason"
            send(.connectionClose, ByteBuffer(), context)
            finish("the server ended the connection (\(code)) \(String(buffer: reason))", context)
        default: break
        }
    }

    private func show(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
        do {
            if let sequence = try attempt.show(String(buffer: data)) { attempt.since = sequence }
            attempt.hasBegun = true
        } catch {
            isOver = true
            ended.succeed(attempt.lost("\(error)", error))
            context.close(promise: nil)
        }
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { finish("the server has been silent for too long", context) }
    }

    func channelInactive(context: ChannelHandlerContext) { finish("the connection was lost", context) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(cause(of: error), context) }

    private func finish(_ reason: String, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        ended.succeed(attempt.lost(reason))
        context.close(promise: nil)
    }
}

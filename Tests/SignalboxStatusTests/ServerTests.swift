import Logging
import NIOCore
import NIOPosix
import SignalboxCore
@testable import SignalboxStatus
import Testing

/// The answer to `request`, as bytes on the wire until the server closes.
private func exchange(_ request: String, at address: ListenAddress) async throws -> String {
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    let client: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    let wrap: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> = { channel in
        channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel(wrappingChannelSynchronously: channel) }
    }
    switch address {
    case .network(let host, let port):
        client = try await bootstrap.connect(host: host, port: port, channelInitializer: wrap)
    case .unixSocket(let path):
        client = try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: wrap)
    }
    return try await client.executeThenClose { inbound, outbound in
        // A server that refuses may close before it has read all.
        try? await outbound.write(ByteBuffer(string: request))
        var received = ""
        do {
            for try await part in inbound {
                received += String(buffer: part)
            }
        } catch is IOError {
            // Reset after the answer.
        }
        return received
    }
}

private func withServer(
    _ source: FixedSource = FixedSource(), listen: ListenAddress = .network(address: "127.0.0.1", port: 0),
    limits: ServerLimits = ServerLimits(), _ body: (ListenAddress) async throws -> Void
) async throws {
    let (addresses, continuation) = AsyncStream.makeStream(of: ListenAddress.self)
    let server = StatusServer(
        source: source, now: { Fixtures.now }, listen: listen, logger: Logger(label: "test"), limits: limits,
        whenListening: { continuation.yield($0) })
    async let running: Void = {
        defer { continuation.finish() }
        try await runToEnd(server)
    }()
    for await address in addresses {
        defer { server.stop() }
        try await body(address)
        break
    }
    try await running
}

/// The server blocks its thread, so each gets one of its own.
private func runToEnd(_ server: StatusServer) async throws {
    let pool = NIOThreadPool(numberOfThreads: 1)
    pool.start()
    do {
        try await pool.runIfActive { try server.run() }
        try await pool.shutdownGracefully()
    } catch {
        try await pool.shutdownGracefully()
        throw error
    }
}

private func get(_ target: String, _ fields: String = "Connection: close\r\n") -> String {
    "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n"
}

@Suite struct `The server` {
    @Test func `serves a page over a socket`() async throws {
        try await withServer { address in
            let answer = try await exchange(get("/"), at: address)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("Content-Type: text/html; charset=utf-8\r\n"))
            #expect(answer.contains("Date: Sun, 22 Nov 2026 14:30:00 GMT\r\n"))
            #expect(answer.hasSuffix("</html>\n"))
        }
    }

    @Test func `answers HEAD with the length and no body`() async throws {
        try await withServer { address in
            let request = "HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            let answer = try await exchange(request, at: address)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n"))
            #expect(answer.contains(/Content-Length: [1-9][0-9]{3}/))
        }
    }

    @Test func `answers several requests on one connection, in their order`() async throws {
        try await withServer { address in
            let requests = get("/healthz", "") + get("/assets/mark.svg", "") + get("/nowhere")
            let answer = try await exchange(requests, at: address)
            let codes = answer.matches(of: /HTTP\/1\.1 ([0-9]+)/).map { String($0.1) }
            #expect(codes == ["200", "200", "404"])
        }
    }

    @Test func `answers a page that is known with its tag alone`() async throws {
        try await withServer { address in
            let first = try await exchange(get("/"), at: address)
            let tag = try #require(first.firstMatch(of: /ETag: (.*)\r\n/)?.1)
            let second = try await exchange(get("/", "If-None-Match: \(tag)\r\nConnection: close\r\n"), at: address)
            #expect(second.hasPrefix("HTTP/1.1 304 Not Modified\r\n"))
            #expect(second.hasSuffix("\r\n\r\n"))
        }
    }

    @Test(arguments: [
        ("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405 Method Not Allowed"),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421 "),
        ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", "413 "),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "413 "),
        ("nonsense\r\n\r\n", "400 Bad Request"),
        ("GET /\(String(repeating: "x", count: 5_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n", "431 "),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n" + String(repeating: "A: b\r\n", count: 80) + "\r\n", "431 "),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nA: \(String(repeating: "x", count: 5_000))\r\n\r\n", "431 "),
    ])
    func `refuses and closes`(request: String, status: String) async throws {
        try await withServer { address in
            let answer = try await exchange(request, at: address)
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer.prefix(40))")
            #expect(answer.contains("Connection: close\r\n"))
        }
    }

    @Test func `closes a connection on which no request comes`() async throws {
        var limits = ServerLimits()
        limits.patience = .milliseconds(20)
        try await withServer(limits: limits) { address in
            let silent = try await exchange("", at: address)
            #expect(silent == "")
            let halfway = try await exchange("GET / HTTP/1.1\r\nHost: loc", at: address)
            #expect(halfway == "")
        }
    }

    @Test func `takes no more connections than it may, and takes the next when one is closed`() async throws {
        var limits = ServerLimits()
        limits.connections = 1
        try await withServer(limits: limits) { address in
            let first = try await connected(address)
            let refused = try await exchange(get("/healthz"), at: address)
            #expect(refused == "")
            try await first.close()
            // The server learns of the close by an event of its own, perhaps after the next connection.
            var answer = ""
            while answer.isEmpty { answer = try await exchange(get("/healthz"), at: address) }
            #expect(answer.hasSuffix("ok\n"))
        }
    }

    @Test func `says the cause when the store cannot be read`() async throws {
        var source = FixedSource()
        source.error = FixedError(description: "the disk is gone")
        try await withServer(source) { address in
            let answer = try await exchange(get("/jobs"), at: address)
            #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(answer.contains("the disk is gone"))
        }
    }

    @Test func `tells what to do when somebody listens there already`() async throws {
        try await withServer { address in
            let error = await #expect(throws: StatusServerError.self) { try await withServer(listen: address) { _ in } }
            #expect(error?.code == .addressInUse)
            #expect(error?.message.contains("choose another address with --listen") == true)
        }
    }

    @Test func `tells that an address is not of this machine`() async throws {
        let error = await #expect(throws: StatusServerError.self) {
            try await withServer(listen: .network(address: "192.0.2.1", port: 0)) { _ in }
        }
        #expect(error?.code == .noSuchAddress)
    }

    @Test func `listens on a socket file, replaces one that is left over, and takes its own away`() async throws {
        let path = "/tmp/signalbox-test-\(UInt64.random(in: 0 ... .max)).sock"
        let listen = ListenAddress.unixSocket(path: path)
        try await leaveSocket(at: path)
        try await withServer(listen: listen) { address in
            let healthy = try await exchange(get("/healthz"), at: address)
            #expect(healthy.hasSuffix("ok\n"))
            let error = await #expect(throws: StatusServerError.self) { try await withServer(listen: listen) { _ in } }
            #expect(error?.code == .addressInUse)
        }
        await #expect(throws: (any Error).self) { try await exchange(get("/healthz"), at: listen) }
        try await withServer(listen: listen) { _ in }
    }

    @Test func `stops with a connection still open`() async throws {
        let (addresses, continuation) = AsyncStream.makeStream(of: ListenAddress.self)
        let server = StatusServer(
            source: FixedSource(), now: { Fixtures.now }, listen: .network(address: "127.0.0.1", port: 0),
            logger: Logger(label: "test"), whenListening: { continuation.yield($0) })
        let task = Task { try await runToEnd(server) }
        let address = try #require(await addresses.first { _ in true })
        let client = try await connected(address)
        server.stop()
        try await task.value
        try await client.closeFuture.get()
    }

    @Test func `stopped before it runs does not listen`() async throws {
        let server = StatusServer(
            source: FixedSource(), now: { Fixtures.now }, listen: .network(address: "127.0.0.1", port: 0),
            logger: Logger(label: "test"), whenListening: { _ in Issue.record("it listens") })
        server.stop()
        try await runToEnd(server)
    }
}

/// A connection that the server has taken: it has answered on it once.
private func connected(_ address: ListenAddress) async throws -> any Channel {
    guard case .network(let host, let port) = address else { throw FixedError(description: "no network") }
    let answered = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelInitializer { channel in
            channel.pipeline.addHandler(FirstRead(answered))
        }
        .connect(host: host, port: port).get()
    try await channel.writeAndFlush(ByteBuffer(string: get("/healthz", "")))
    try await answered.futureResult.get()
    return channel
}

private final class FirstRead: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let promise: EventLoopPromise<Void>

    init(_ promise: EventLoopPromise<Void>) { self.promise = promise }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { promise.succeed() }
    func channelInactive(context: ChannelHandlerContext) { promise.fail(FixedError(description: "closed")) }
}

/// A socket file as a killed server leaves it: nobody listens behind it.
private func leaveSocket(at path: String) async throws {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(unixDomainSocketPath: path).get()
    try await channel.close()
}

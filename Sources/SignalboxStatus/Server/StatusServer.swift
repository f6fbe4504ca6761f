import Glibc
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
public import SignalboxCore
import Synchronization

/// Shows a store over HTTP and never writes to it: each page from one snapshot, for browsers with or without
/// JavaScript.
///
/// One event loop does all network traffic; the store is read on threads of its own, because a read may wait for the
/// disk.
public final class StatusServer: Sendable {
    private enum State {
        case ready
        case listening(any Channel)
        case stopped
    }

    private let responder: Responder
    private let listen: ListenAddress
    private let limits: ServerLimits
    private let logger: Logger
    private let whenListening: @Sendable (ListenAddress) -> Void
    private let state = Mutex(State.ready)

    /// - Parameters:
    ///   - control: nil: nothing can be changed here.
    ///   - now: reads the clocks; pages say how long ago things happened.
    ///   - whenListening: told once, with the address as it came out (port 0 becomes the port that was free).
    public convenience init(
        source: any StatusSource, control: Control? = nil, now: @escaping @Sendable () -> Now,
        listen: ListenAddress = .standard, logger: Logger,
        whenListening: @escaping @Sendable (ListenAddress) -> Void = { _ in }
    ) {
        self.init(
            source: source, control: control, now: now, listen: listen, logger: logger, limits: ServerLimits(),
            whenListening: whenListening)
    }

    init(
        source: any StatusSource, control: Control? = nil, now: @escaping @Sendable () -> Now, listen: ListenAddress,
        logger: Logger, limits: ServerLimits, whenListening: @escaping @Sendable (ListenAddress) -> Void
    ) {
        responder = Responder(
            source: source, now: now, hosts: HostRule(listening: listen), logger: logger,
            desk: control.map { ControlDesk($0, logger: logger) })
        self.listen = listen
        self.limits = limits
        self.logger = logger
        self.whenListening = whenListening
    }

    /// Serves until ``stop()`` is called; then closes every connection and returns.
    ///
    /// It blocks its thread, and no part of it runs on Swift's own threads: those, once begun, wake every second for
    /// ever (libdispatch on Linux watches its thread pools by a timer), and an idle server is to be idle.
    /// - Throws: ``StatusServerError`` when it cannot listen, or may not have the threads and descriptors that it needs.
    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    public func run() throws {
        try requireResources()
        let readers = NIOThreadPool(numberOfThreads: limits.readers)
        let bells = NIOThreadPool(numberOfThreads: Self.bellThreads)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        readers.start()
        bells.start()
        let result = Result { try serve(group, readers, bells) }
        // NIO shuts down by way of libdispatch, which would wait for ever for threads that it may not have. Then all of it
        // is left to the end of the process.
        guard ThreadProbe.mayStart(Self.shutdownThreads) else {
            for part in [bells, group, readers] as [AnyObject] { _ = Unmanaged.passRetained(part) }
            return try result.get()
        }
        // What sleeps on a bell tells the event loop that it has ended.
        try? bells.syncShutdownGracefully()
        try? group.syncShutdownGracefully()
        try? readers.syncShutdownGracefully()
        try result.get()
    }

    private static let bellThreads = 2
    /// So many threads of libdispatch are enough for the end.
    private static let shutdownThreads = 4

    /// NIO ends the process where it lacks something: that is to be an error of ours.
    private func requireResources() throws {
        let files = ServerLimits.otherFiles + ServerLimits.fewestConnections
        guard Self.fileLimit >= files else { throw StatusServerError(files: files, limit: Self.fileLimit) }
        let threads = limits.readers + Self.bellThreads + 1
        guard ThreadProbe.mayStart(threads) else { throw StatusServerError(threads: threads) }
    }

    /// Makes ``run()`` return; before it has begun, at once when it does. May be called more than once.
    public func stop() {
        let listener = state.withLock { state -> (any Channel)? in
            defer { state = .stopped }
            if case .listening(let channel) = state { return channel }
            return nil
        }
        guard let listener else { return }
        // The file goes while we still listen, so that it cannot be that of a server which came after us.
        removeSocket()
        listener.close(promise: nil)
    }

    /// Runs `body` on the event loop when it comes round; false, and never, where none listens.
    public func onEventLoop(_ body: @escaping @Sendable () -> Void) -> Bool {
        let listener = state.withLock { state -> (any Channel)? in
            if case .listening(let channel) = state { return channel }
            return nil
        }
        listener?.eventLoop.execute(body)
        return listener != nil
    }

    private func serve(_ group: any EventLoopGroup, _ readers: NIOThreadPool, _ bells: NIOThreadPool) throws {
        let connections = Connections(limit: min(limits.connections, Self.fileLimit - ServerLimits.otherFiles))
        let hub = try feed(group.next(), readers, bells)
        let door = FeedDoor(hub: hub, responder: responder, readers: readers)
        let listener = try bind(bootstrap(group, readers, connections, door), group)
        wait(for: listener)
        try? group.next().submit { hub.value.stop() }.wait()
        connections.closeAll()
    }

    private func feed(
        _ loop: any EventLoop, _ readers: NIOThreadPool, _ bells: NIOThreadPool
    ) throws -> NIOLoopBound<FeedHub> {
        try loop.submit { [responder, limits, logger] in
            let hub = FeedHub(
                source: responder.source, limits: limits.feed, loop: loop, readers: readers, logger: logger,
                sleeping: { bells.runIfActive(eventLoop: loop, $0) })
            return NIOLoopBound(hub, eventLoop: loop)
        }.wait()
    }

    /// How many files this process may have open.
    private static var fileLimit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    private func wait(for listener: any Channel) {
        let begun = state.withLock { state -> Bool in
            if case .stopped = state { return false }
            state = .listening(listener)
            return true
        }
        if begun {
            let address = boundAddress(listener)
            logger.info("the status server listens", metadata: ["address": "\(address)"])
            whenListening(address)
        } else {
            listener.close(promise: nil)
        }
        try? listener.closeFuture.wait()
    }

    private func bootstrap(
        _ group: any EventLoopGroup, _ readers: NIOThreadPool, _ connections: Connections, _ door: FeedDoor
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.closeOnExec() }
            }
            .childChannelInitializer { [responder, limits, logger] channel in
                channel.eventLoop.makeCompletedFuture {
                    try connections.admit(channel)
                    try channel.closeOnExec()
                    let pages = ConnectionHandler(
                        responder: responder, readers: readers, patience: limits.patience, logger: logger)
                    let pacer = AnswerPacer()
                    try channel.pipeline.syncOperations.addHTTPServer(
                        limits, door.configuration(leaving: [pacer, pages]))
                    try channel.pipeline.syncOperations.addHandlers([pacer, pages])
                }
            }
    }

    private func boundAddress(_ listener: any Channel) -> ListenAddress {
        guard case .network(let address, _) = listen, let port = listener.localAddress?.port else { return listen }
        return .network(address: address, port: port)
    }
}

// MARK: - Binding

extension StatusServer {
    private func bind(_ bootstrap: ServerBootstrap, _ group: any EventLoopGroup) throws -> any Channel {
        do {
            switch listen {
            case .network(let address, let port): return try bootstrap.bind(host: address, port: port).wait()
            case .unixSocket(let path):
                try refuseIfServed(path, group)
                return try bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).wait()
            }
        } catch {
            throw StatusServerError(listeningOn: listen, error)
        }
    }

    /// A socket file stays behind when its server is killed: it may be replaced, but not while somebody answers there.
    private func refuseIfServed(_ path: String, _ group: any EventLoopGroup) throws {
        let bootstrap = ClientBootstrap(group: group)
        guard let other = try? bootstrap.connect(unixDomainSocketPath: path).wait() else { return }
        try? other.close().wait()
        throw IOError(errnoCode: Errno.addressInUse, reason: "connect")
    }

    fileprivate func removeSocket() {
        if case .unixSocket(let path) = listen { unlink(path) }
    }
}

extension Channel {
    /// Keeps the socket from programs that this process starts.
    fileprivate func closeOnExec() throws {
        try pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { descriptor in
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }
}

extension ChannelPipeline.SynchronousOperations {
    fileprivate func addHTTPServer(_ limits: ServerLimits, _ upgrade: NIOHTTPServerUpgradeConfiguration) throws {
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = limits.fieldBytes
        decoder.maxHeaderListSize = limits.headBytes
        decoder.maxHeaderFieldCount = limits.fields
        try configureHTTPServerPipeline(
            position: .last, withServerUpgrade: upgrade, withErrorHandling: false, withEncoderConfiguration: .init(),
            withDecoderLimitConfiguration: decoder)
    }
}

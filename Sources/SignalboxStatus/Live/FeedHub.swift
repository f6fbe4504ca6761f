import Logging
import NIOCore
import NIOPosix
import SignalboxStore

/// Brings what happens in the store to all clients of the feed: it is read once, turned into text once for each filter,
/// and handed to each as far as that one takes it.
///
/// It lives on the server's event loop. Nothing waits for the store there: one thread sleeps on the store's bell, a
/// second on that of what runs, both only while there are clients; who resumes from the past is served by the threads
/// that read pages.
final class FeedHub {
    private enum State {
        /// Nobody listens.
        case idle
        /// It is not yet known where the feed begins.
        case starting(FeedPump)
        case running(FeedPump, FeedRing, position: UInt64)
        case stopped
    }

    /// Runs a body on a thread that may sleep. Two run at a time.
    typealias Sleeping = (_ body: @escaping @Sendable () throws -> Void) -> EventLoopFuture<Void>

    /// What filters have left of a frame; kept as long as it is the newest.
    private struct Choice: Hashable {
        var place: Int
        var filter: FeedFilter
    }

    let limits: FeedLimits
    private let source: any FeedSource
    private let loop: any EventLoop
    private let readers: NIOThreadPool
    private let sleeping: Sleeping
    private let logger: Logger
    private var state = State.idle
    private var clients: [ObjectIdentifier: FeedConnection] = [:]
    private var choices: [Choice: [ByteBuffer]] = [:]
    private(set) var livePump: FeedPump?
    private var beat: RepeatedTask?

    /// - Parameters:
    ///   - readers: threads that read the store.
    ///   - sleeping: runs what sleeps on a bell.
    init(
        source: any FeedSource, limits: FeedLimits, loop: any EventLoop, readers: NIOThreadPool, logger: Logger,
        sleeping: @escaping Sleeping
    ) {
        self.source = source
        self.limits = limits
        self.loop = loop
        self.readers = readers
        self.logger = logger
        self.sleeping = sleeping
    }

    // MARK: Clients

    /// Takes a client in, which is told where to begin as soon as that is known.
    func join(_ client: FeedConnection) {
        guard clients.count < limits.clients else { return client.end(.tryLater, "there are too many clients") }
        if case .stopped = state { return client.end(.goingAway, "the server is stopping") }
        clients[ObjectIdentifier(client)] = client
        if client.subscription.wantsLive { startLive() }
        switch state {
        case .idle: start()
        case .running: client.begin()
        case .starting, .stopped: break
        }
    }

    func leave(_ client: FeedConnection) {
        clients[ObjectIdentifier(client)] = nil
        if !clients.values.contains(where: \.subscription.wantsLive) { stopLive() }
        if clients.isEmpty { stopFollowing() }
    }

    /// Says good-bye to all. Nobody can join after it.
    func stop() {
        endAll(.goingAway, "the server is stopping")
        stopFollowing()
        stopLive()
        state = .stopped
    }

    private func endAll(_ code: FeedConnection.EndCode, _ reason: String) {
        for client in clients.values { client.end(code, reason) }
    }

    // MARK: What clients ask for

    /// Everything up to this number of the store's sequence is in the ring, or was told.
    var position: UInt64 {
        guard case .running(_, _, let position) = state else { return 0 }
        return position
    }

    /// The place in the ring behind `sequence`; nil when the ring does not reach back so far.
    func place(after sequence: UInt64) -> Int? {
        guard case .running(_, let ring, _) = state else { return nil }
        return ring.place(after: sequence)
    }

    /// The sequence and the texts of the frame at `place`; nil when it has not come yet, or was dropped.
    func frame(at place: Int, for filter: FeedFilter) -> (sequence: UInt64, texts: [ByteBuffer])? {
        guard case .running(_, let ring, _) = state, place >= ring.first, place < ring.end else { return nil }
        let entry = ring[place]
        guard filter != FeedFilter() else { return (entry.frame.sequence, entry.texts) }
        let choice = Choice(place: place, filter: filter)
        if let known = choices[choice] { return (entry.frame.sequence, known) }
        let texts = filter.applied(to: entry.frame).map { FeedText.texts(of: $0).map { ByteBuffer(bytes: $0) } } ?? []
        choices[choice] = texts
        return (entry.frame.sequence, texts)
    }

    /// Whether the frame at `place` has been dropped.
    func hasDropped(_ place: Int) -> Bool {
        guard case .running(_, let ring, _) = state else { return false }
        return place < ring.first
    }

    /// Reads on behind `sequence` for a client that is not yet where the ring begins.
    func read(behind sequence: UInt64, for filter: FeedFilter) -> EventLoopFuture<FeedPage> {
        readers.runIfActive(eventLoop: loop) { [source, limits] in
            let part = try source.feed(since: sequence, limit: limits.pageFrames, changes: limits.pageChanges)
            return FeedPage(part, filter)
        }
    }

    func log(_ message: Logger.Message, _ metadata: Logger.Metadata) { logger.notice(message, metadata: metadata) }

    // MARK: Following the store

    private func start() {
        let pump = FeedPump()
        state = .starting(pump)
        run(pump) { [source, limits] in try pump.followStore(source, limits, tell: $0) }
        let hub = NIOLoopBound(self, eventLoop: loop)
        beat = loop.scheduleRepeatedTask(initialDelay: limits.beat, delay: limits.beat) { _ in
            for client in hub.value.clients.values { client.askWhetherThere() }
        }
    }

    private func stopFollowing() {
        guard let pump else { return }
        pump.stop()
        beat?.cancel()
        beat = nil
        choices = [:]
        state = .idle
    }

    private func startLive() {
        guard livePump == nil else { return }
        let pump = FeedPump()
        livePump = pump
        run(pump) { [source, limits] in try pump.followLive(source, limits, tell: $0) }
    }

    private func stopLive() {
        livePump?.stop()
        livePump = nil
    }

    /// Runs a pump on a thread that sleeps; what it tells is heard here, while it is still one of ours.
    private func run(_ pump: FeedPump, _ body: @escaping @Sendable ((FeedNews) throws -> Void) throws -> Void) {
        let hub = NIOLoopBound(self, eventLoop: loop)
        let loop = loop
        sleeping { try body { news in try loop.submit { hub.value.hear(news, from: pump) }.wait() } }
            .whenComplete { result in hub.value.ended(pump, result) }
    }

    /// What follows the store; nil while there are no clients.
    var pump: FeedPump? {
        switch state {
        case .starting(let pump), .running(let pump, _, _): pump
        case .idle, .stopped: nil
        }
    }

    /// To be called with what a pump tells.
    func hear(_ news: FeedNews, from pump: FeedPump) {
        switch (news, state) {
        case (.began(let position), .starting(let known)), (.began(let position), .running(let known, _, _)):
            guard known === pump else { return }
            state = .running(pump, FeedRing(limits: limits.ring, start: position), position: position)
            choices = [:]
            for client in clients.values { client.begin() }
        case (.frames(let entries, let position), .running(let known, var ring, _)):
            guard known === pump else { return }
            state = .idle
            ring.append(entries)
            state = .running(pump, ring, position: position)
            deliver()
        case (.live(let changes), _):
            guard livePump === pump else { return }
            for client in clients.values { client.hear(changes) }
        case (.began, .idle), (.began, .stopped), (.frames, .idle), (.frames, .starting), (.frames, .stopped): break
        }
    }

    private func deliver() {
        choices = [:]
        for client in clients.values { client.advance() }
        // What runs is seen from the first time on that a worker says something, which it does after it came.
        if livePump == nil, clients.values.contains(where: \.subscription.wantsLive) { startLive() }
    }

    private func ended(_ pump: FeedPump, _ result: Result<Void, any Error>) {
        if livePump === pump { livePump = nil }
        guard case .failure(let error) = result else { return }
        if self.pump === pump {
            endAll(.serverError, "the store cannot be read")
            stopFollowing()
        }
        logger.warning("the live feed cannot read the store", metadata: ["error": "\(error)"])
    }
}

/// A part of the past, for one client.
struct FeedPage: Sendable {
    /// Up to here everything is in it.
    var next: UInt64
    /// In their order; a reset comes first.
    var texts: [ByteBuffer]

    init(_ part: FeedPart, _ filter: FeedFilter) {
        next = part.next
        texts = FeedText.reset(before: part).map { [ByteBuffer(bytes: $0)] } ?? []
        for frame in part.frames.compactMap({ filter.applied(to: $0) }) {
            texts += FeedText.texts(of: frame).map { ByteBuffer(bytes: $0) }
        }
    }
}

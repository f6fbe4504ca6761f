// The feed over sockets: a server on a store in memory, and the client that `signalbox watch` is made of.

import Logging
import NIOCore
import NIOPosix
import OrderedStore
import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxStatus

/// Says that a client has seen enough.
private struct Enough: Error {}

/// A store that a test changes while it is watched.
private struct WatchedStore {
    let jobs: JobStore<MemoryEngine>

    init() throws {
        let engine = MemoryEngine(buckets: Buckets.all)
        try engine.write { try JobStore<MemoryEngine>.initialise(&$0, storeID: String(repeating: "a", count: 32)) }
        jobs = try JobStore(engine: engine, live: LiveStore(engine: MemoryEngine(buckets: LiveBuckets.all)))
    }

    func enqueue(_ count: Int, queue: String = "default") throws {
        for _ in 0..<count {
            let request = Request(command: .program(["true"]))
            _ = try jobs.enqueue(Enqueuing(request: request, queue: try QueueName(queue)), now: Fixtures.now)
        }
    }

    /// Everything that a client is to be told.
    func texts(_ filter: FeedFilter = FeedFilter()) throws -> [String] {
        try jobs.feed(since: 0, limit: .max, changes: .max).frames.compactMap { filter.applied(to: $0) }
            .flatMap { FeedText.texts(of: $0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    func beat(_ worker: UInt64) throws {
        var round = LiveRound()
        round.heartbeat = (WorkerID(worker), Heartbeat(at: Moment(Fixtures.now), running: 0, processed: 1, failed: 0))
        try jobs.live?.write(round)
    }
}

/// Runs a body with a server on `store`, and its address for clients.
private func withFeed(
    of store: WatchedStore, limits: FeedLimits = FeedLimits(), _ body: @escaping @Sendable (String) throws -> Void
) async throws {
    var source = FixedSource()
    source.store = store.jobs
    var serverLimits = ServerLimits()
    serverLimits.feed = limits
    let threads = NIOThreadPool(numberOfThreads: 2)
    threads.start()
    let listening = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: ListenAddress.self)
    let server = StatusServer(
        source: source, now: { Fixtures.now }, listen: .network(address: "127.0.0.1", port: 0),
        logger: Logger(label: "test"), limits: serverLimits, whenListening: { listening.succeed($0) })
    async let running: Void = threads.runIfActive { try server.run() }
    let address = try await listening.futureResult.get()
    let result: Result<Void, any Error>
    do { result = .success(try await threads.runIfActive { try body("ws://\(address)/live") }) } catch {
        result = .failure(error)
    }
    server.stop()
    try await running
    try await threads.shutdownGracefully()
    try result.get()
}

/// What a client is shown until `isLast` says that it is enough.
private func watched(
    _ address: String, since: UInt64?, during: @escaping @Sendable ([String]) throws -> Void = { _ in },
    until isLast: @escaping @Sendable ([String]) throws -> Bool
) throws -> [String] {
    let texts = Mutex<[String]>([])
    let client = FeedClient(try FeedAddress(text: address)) { text in
        let all = texts.withLock { texts in
            texts.append(text)
            return texts
        }
        try during(all)
        if try isLast(all) { throw Enough() }
        return nil
    } say: { sentence in
        Issue.record("the connection did not hold: \(sentence)")
    }
    #expect(throws: Enough.self) { try client.run(since: since) }
    return texts.withLock { $0 }
}

@Suite struct `The feed of a server` {
    @Test func `tells everything from the oldest on, and what comes meanwhile, once and in order`() async throws {
        let store = try WatchedStore()
        try store.enqueue(1200)
        try await withFeed(of: store) { address in
            let texts = try watched(address, since: 0) { all in
                // Into the middle of what it reads from the past.
                if all.count % 100 == 0, all.count <= 1000 { try store.enqueue(10) }
            } until: {
                $0.count == 1300
            }
            #expect(try texts == store.texts())
            let place = try watched(address, since: nil) {
                if $0.count == 1 { try store.enqueue(1) }
            } until: {
                $0.count == 2
            }
            #expect(place.first == #"{"changes":[],"seq":1300,"txn":1300}"#)
            #expect(try place.last == store.texts().last)
        }
    }

    @Test func `tells who filters only that`() async throws {
        let store = try WatchedStore()
        for queue in ["default", "heavy", "default", "heavy"] { try store.enqueue(300, queue: queue) }
        try await withFeed(of: store) { address in
            let texts = try watched("\(address)?queue=heavy", since: 0) { all in
                if all.count == 600 {
                    try store.enqueue(2)
                    try store.enqueue(1, queue: "heavy")
                }
            } until: {
                $0.count == 601
            }
            #expect(try texts == store.texts(FeedFilter(queue: try QueueName("heavy"))))
        }
    }

    @Test func `tells a page what runs`() async throws {
        let store = try WatchedStore()
        try store.beat(1)
        try await withFeed(of: store) { address in
            let texts = try watched("\(address)?live=on", since: nil) { all in
                // What moves before the server's first look at what runs is not told: so it moves until it is.
                try store.beat(UInt64(all.count + 1))
                try store.enqueue(1)
            } until: {
                $0.last?.contains(#""live":true"#) == true
            }
            #expect(texts.last?.contains(#"{"dispatches":[],"live":true,"workers":["#) == true)
        }
    }
}

@Suite struct `A page of the feed's past` {
    @Test func `begins with a reset when something before it is gone`() throws {
        let frame = FeedFrame(
            sequence: 9, at: .epoch,
            changes: [
                DispatchChange(
                    id: DispatchID(1), job: nil, queue: .standard, from: nil, to: .pending, attempt: 0)
            ])
        let part = FeedPart(frames: [frame], newest: 10, next: 10, hasGap: true, hasMore: false)
        for (filter, count) in [(FeedFilter(), 2), (FeedFilter(dispatch: DispatchID(2)), 1)] {
            let page = FeedPage(part, filter)
            #expect(page.next == 10)
            #expect(page.texts.count == count)
            #expect(page.texts.first.map { String(buffer: $0) } == #"{"reset":true,"seq":8}"#)
        }
    }
}

@Suite struct `The address of a feed` {
    @Test(arguments: [
        ("ws://127.0.0.1:8421/live", "127.0.0.1:8421", "/live"), ("ws://box", "box:8420", "/live"),
        ("ws://[::1]:80/", "[::1]:80", "/live"),
        ("ws://box:1/proxy/live?state=FAILED", "box:1", "/proxy/live?state=FAILED"),
        ("ws://box?live=on", "box:8420", "/live?live=on"),
    ])
    func `is read with what it leaves out`(text: String, authority: String, target: String) throws {
        let address = try FeedAddress(text: text)
        #expect(address.authority == authority)
        #expect(address.target(since: nil) == target)
        #expect(address.target(since: 7) == target + (target.contains("?") ? "&" : "?") + "since=7")
        let chosen = address.filtered(by: FeedFilter(job: try JobName("disk"), state: .failed)).target(since: nil)
        #expect(chosen.hasSuffix("job=disk&state=FAILED"))
    }

    @Test(arguments: [
        "", "localhost", "http://localhost", "wss://localhost", "ws://", "ws://:80", "ws://box:0", "ws://box:99999",
        "ws://a@b", "ws://box/ live", "ws://box/live#x", "ws://box/live?since=2", "ws://[::1", "ws://box:80x",
        "ws://böx/", "ws://box\r\nHost: evil/",
    ])
    func `is refused with a sentence`(text: String) {
        #expect(throws: FeedAddressError.self) { try FeedAddress(text: text) }
    }

    @Test func `is tried again later and later, and not by all at once`() {
        let first = [1, 2, 3, 7, 8, 99].map { FeedClient.delay(after: $0, random: 0).nanoseconds / 1_000_000 }
        #expect(first == [250, 500, 1000, 15_000, 15_000, 15_000])
        #expect(FeedClient.delay(after: 99, random: 1) == .seconds(30))
    }
}

// A client of the feed on a channel without a network: what it is sent, and what ends it.

import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import NIOWebSocket
import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Testing

@testable import SignalboxStatus

/// A hub and a client of it. The threads that would follow the store are not started: the feed never begins.
private final class Client {
    let channel = EmbeddedChannel()
    let loop: EmbeddedEventLoop
    let hub: FeedHub

    private let sleepers: EventLoopPromise<Void>

    init(
        _ subscription: FeedSubscription = FeedSubscription(since: 5, isResuming: true),
        ring: FeedRing.Limits = FeedRing.Limits(), clients: Int = 1024
    ) throws {
        let loop = channel.embeddedEventLoop
        let sleepers = loop.makePromise(of: Void.self)
        var limits = FeedLimits()
        limits.ring = ring
        limits.clients = clients
        (self.loop, self.sleepers) = (loop, sleepers)
        hub = FeedHub(
            source: FixedSource(), limits: limits, loop: loop, readers: NIOThreadPool(numberOfThreads: 1),
            logger: Logger(label: "test"), sleeping: { _ in sleepers.futureResult })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.pipeline.syncOperations.addHandler(FeedConnection(subscription, hub: hub))
    }

    /// The channel of a further client.
    func another() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let subscription = FeedSubscription(since: 5, isResuming: true)
        try channel.pipeline.syncOperations.addHandler(FeedConnection(subscription, hub: hub))
        return channel
    }

    deinit { sleepers.succeed() }

    func tell(_ news: FeedNews) throws { hub.hear(news, from: try #require(hub.pump)) }

    /// A transaction that moved a dispatch of that number.
    func commit(_ sequence: UInt64, job: String? = nil) throws {
        let change = DispatchChange(
            id: DispatchID(sequence), job: try job.map { try JobName($0) }, queue: .standard, from: nil, to: .pending,
            attempt: 0)
        let frame = FeedFrame(sequence: sequence, at: .epoch, changes: [change])
        try tell(.frames([FeedRing.Entry(frame)], through: sequence))
    }

    /// The texts that were sent since this was last asked.
    func texts() throws -> [String] {
        var texts: [String] = []
        while let frame = try next() { if frame.opcode == .text { texts.append(String(buffer: frame.data)) } }
        return texts
    }

    /// The numbers in them.
    func sequences() throws -> [UInt64] {
        try texts().compactMap { $0.firstMatch(of: /"seq":([0-9]+)/).flatMap { UInt64($0.1) } }
    }

    func send(_ opcode: WebSocketOpcode, _ text: String = "", isMasked: Bool = true) throws {
        var data = ByteBuffer(string: text)
        let key: WebSocketMaskingKey? = isMasked ? [1, 2, 3, 4] : nil
        if let key { data.webSocketMask(key) }
        try channel.writeInbound(WebSocketFrame(fin: true, opcode: opcode, maskKey: key, data: data))
    }

    func next() throws -> WebSocketFrame? { try channel.readOutbound(as: WebSocketFrame.self) }

    /// The code of the close frame that is sent next.
    func closeCode() throws -> UInt16? {
        guard let frame = try next(), frame.opcode == .connectionClose else { return nil }
        return frame.data.getInteger(at: frame.data.readerIndex)
    }
}

@Suite struct `A client of the feed` {
    @Test func `is answered with what it asked, and may say good-bye`() throws {
        let client = try Client()
        try client.send(.ping, "are you there")
        let pong = try #require(try client.next())
        #expect(pong.opcode == .pong)
        #expect(String(buffer: pong.data) == "are you there")
        try client.send(.connectionClose)
        #expect(try client.closeCode() == 1000)
        #expect(!client.channel.isActive)
    }

    @Test func `is turned away with a message, a frame without a mask, or one of an extension`() throws {
        for opcode in [WebSocketOpcode.text, .binary, .continuation] {
            let client = try Client()
            try client.send(opcode, "hello")
            #expect(try client.closeCode() == 1003)
        }
        let bare = try Client()
        try bare.send(.ping, isMasked: false)
        #expect(try bare.closeCode() == 1002)
        let extended = try Client()
        try extended.channel.writeInbound(
            WebSocketFrame(fin: true, rsv1: true, opcode: .ping, maskKey: [1, 2, 3, 4], data: ByteBuffer()))
        #expect(try extended.closeCode() == 1002)
        let long = try Client()
        long.channel.pipeline.fireErrorCaught(NIOWebSocketError.invalidFrameLength)
        #expect(try long.closeCode() == 1009)
    }

    @Test func `is turned away when it asks all the time, and is not listened to any more`() throws {
        let client = try Client()
        for _ in 0..<256 {
            try client.send(.ping)
            #expect(try client.next()?.opcode == .pong)
        }
        try client.send(.ping)
        #expect(try client.closeCode() == 1008)
        try client.send(.ping)
        #expect(try client.next() == nil)
        #expect(client.channel.isActive)
        client.loop.advanceTime(by: .seconds(2))
        #expect(!client.channel.isActive)
    }

    @Test func `is asked whether it is there, and dropped when it does not answer`() throws {
        let client = try Client()
        client.loop.advanceTime(by: .seconds(30))
        #expect(try client.next()?.opcode == .ping)
        try client.send(.pong)
        client.loop.advanceTime(by: .seconds(30))
        #expect(try client.next()?.opcode == .ping)
        client.loop.advanceTime(by: .seconds(30))
        #expect(try client.closeCode() == 1013)
        client.loop.advanceTime(by: .seconds(2))
        #expect(!client.channel.isActive)
    }

    @Test func `that does not read is sent no answers`() throws {
        let client = try Client()
        client.channel.isWritable = false
        try client.send(.ping)
        #expect(try client.next() == nil)
    }

    @Test func `gets each frame once and in order, whatever it knew before`() throws {
        let client = try Client()
        try client.tell(.began(5))
        for sequence in [UInt64(6), 7, 9] { try client.commit(sequence) }
        #expect(try client.sequences() == [6, 7, 9])
        // It was told more at the handshake than the feed has seen yet.
        let ahead = try Client(FeedSubscription(since: 7, isResuming: false))
        try ahead.tell(.began(5))
        #expect(try ahead.sequences() == [7])
        for sequence in UInt64(6)...8 { try ahead.commit(sequence) }
        #expect(try ahead.sequences() == [8])
    }

    @Test func `that reads slowly gets everything later, and is dropped when too much waits`() throws {
        let client = try Client(ring: FeedRing.Limits(frames: 3))
        try client.tell(.began(5))
        client.channel.isWritable = false
        for sequence in UInt64(6)...8 { try client.commit(sequence) }
        #expect(try client.sequences() == [])
        client.channel.isWritable = true
        client.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try client.sequences() == [6, 7, 8])
        client.channel.isWritable = false
        for sequence in UInt64(9)...11 { try client.commit(sequence) }
        #expect(try client.next() == nil)
        try client.commit(12)
        #expect(try client.closeCode() == 1013)
    }

    @Test func `with a filter is told now and then how far the feed is`() throws {
        let filter = FeedFilter(job: try JobName("disk"))
        let client = try Client(FeedSubscription(filter: filter, since: 5, isResuming: true))
        try client.tell(.began(5))
        try client.commit(6)
        try client.commit(7, job: "disk")
        try client.commit(8)
        #expect(try client.sequences() == [7])
        client.loop.advanceTime(by: .seconds(30))
        #expect(try client.texts() == [#"{"changes":[],"seq":8,"txn":8}"#])
        try client.send(.pong)
        client.loop.advanceTime(by: .seconds(30))
        #expect(try client.texts() == [])
    }

    @Test func `hears once what has moved of what runs while it did not read`() throws {
        let client = try Client(FeedSubscription(since: 5, isResuming: true, wantsLive: true))
        try client.tell(.began(5))
        client.channel.isWritable = false
        let pump = try #require(client.hub.livePump)
        for number in [UInt64(2), 3, 2] {
            let changes = LiveChanges(dispatches: [DispatchID(number)], workers: [WorkerID(1)])
            client.hub.hear(.live(changes), from: pump)
        }
        client.channel.isWritable = true
        client.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try client.texts() == [#"{"dispatches":[2,3],"live":true,"workers":[1]}"#])
    }

    @Test func `that is a page is told of transactions that moved no dispatch`() throws {
        let page = try Client(FeedSubscription(since: 5, isResuming: true, wantsLive: true))
        try page.tell(.began(5))
        try page.tell(.frames([], through: 6))
        #expect(try page.sequences() == [6])
        let other = try Client()
        try other.tell(.began(5))
        try other.tell(.frames([], through: 6))
        #expect(try other.sequences() == [])
    }

    @Test func `is sent away when there are too many`() throws {
        let client = try Client(clients: 1)
        let second = try client.another()
        #expect(try second.readOutbound(as: WebSocketFrame.self)?.data.getInteger(at: 0) == UInt16(1013))
        try client.send(.connectionClose)
        #expect(try client.closeCode() == 1000)
        #expect(try client.another().readOutbound(as: WebSocketFrame.self) == nil)
    }

    @Test func `hears from a server that stops, and nobody can join it then`() throws {
        let client = try Client()
        client.hub.stop()
        #expect(try client.closeCode() == 1001)
        #expect(try client.another().readOutbound(as: WebSocketFrame.self)?.opcode == .connectionClose)
    }
}

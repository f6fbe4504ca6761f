import Logging
import NIOCore
import NIOWebSocket
import SignalboxStore

/// One client of the feed. It takes no messages: what it sends is answers to questions whether it is still there, such
/// questions, and its end.
///
/// Nothing is kept for it: it has a place among the frames that all share, and takes the next ones when its socket has
/// room. So a client that does not read costs what the kernel keeps for it, until it is so far behind that its place is
/// gone, or does not answer in time.
final class FeedConnection: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private enum Phase {
        /// Waits to be told that it can begin.
        case joining
        /// A page of the past is being read for it.
        case reading
        /// It could not yet take the last page.
        case catchingUp
        /// It has everything up to this place of the ring.
        case following(Int)
        /// Its end is on the way.
        case ending
    }

    let subscription: FeedSubscription
    private let hub: FeedHub
    private var context: ChannelHandlerContext?
    private var phase = Phase.joining
    /// It knows everything up to this number of the store's sequence.
    private var told: UInt64
    private var owesPlace: Bool
    /// What moved since it last had room.
    private var unsaid = LiveChanges()
    private var hasAnswered = true
    private var received = 0

    init(_ subscription: FeedSubscription, hub: FeedHub) {
        self.subscription = subscription
        self.hub = hub
        told = subscription.since
        owesPlace = !subscription.isResuming
    }

    // MARK: What the hub says

    /// The feed is there, from a new beginning.
    func begin() {
        switch phase {
        case .joining, .following, .catchingUp: goOn()
        case .reading, .ending: break
        }
    }

    /// There may be more to send.
    func advance() {
        switch phase {
        case .following: sendFrames()
        case .catchingUp: goOn()
        case .joining, .reading, .ending: break
        }
    }

    /// What runs has moved. Said when there is room, however often it moves until then.
    func hear(_ changes: LiveChanges) {
        guard subscription.wantsLive else { return }
        unsaid.formUnion(subscription.filter.applied(to: changes))
        if case .following = phase { sendFrames() }
    }

    /// Ends the connection when the last question was not answered, and asks again.
    func askWhetherThere() {
        guard let context, isOpen else { return }
        guard hasAnswered else { return drop("did not answer whether it is still there") }
        (hasAnswered, received) = (false, 0)
        send(.ping, ByteBuffer(), context)
        owesPlace = owesPlace || subscription.wantsLive || hub.position > told
        context.flush()
        if case .following = phase { sendFrames() }
    }

    // MARK: Sending

    private var isOpen: Bool {
        switch phase {
        case .joining, .reading, .catchingUp, .following: true
        case .ending: false
        }
    }

    /// Follows the ring when it reaches back to what the client knows, else reads on in the store.
    private func goOn() {
        guard let context else { return }
        if let place = hub.place(after: told) {
            phase = .following(place)
            return sendFrames()
        }
        guard context.channel.isWritable else { return phase = .catchingUp }
        phase = .reading
        let client = NIOLoopBound(self, eventLoop: context.eventLoop)
        hub.read(behind: told, for: subscription.filter).whenComplete { client.value.take($0) }
    }

    private func take(_ page: Result<FeedPage, any Error>) {
        guard let context, case .reading = phase else { return }
        switch page {
        case .failure: end(.serverError, "the store cannot be read")
        case .success(let page):
            for text in page.texts { send(.text, text, context) }
            told = page.next
            phase = .catchingUp
            context.flush()
            if case .catchingUp = phase { goOn() }
        }
    }

    private func sendFrames() {
        guard let context, case .following(var place) = phase else { return }
        guard !hub.hasDropped(place) else { return drop("does not read") }
        while hasRoom(context), let frame = hub.frame(at: place, for: subscription.filter) {
            place += 1
            guard frame.sequence > told else { continue }
            for text in frame.texts { send(.text, text, context) }
            if !frame.texts.isEmpty { told = frame.sequence }
        }
        phase = .following(place)
        if hasRoom(context) { sendPlace(context) }
        if hasRoom(context) { sendLive(context) }
        context.flush()
    }

    private func hasRoom(_ context: ChannelHandlerContext) -> Bool { context.channel.isWritable }

    /// Says how far the feed is where no frame does: at the beginning, now and then to a client whose filter lets
    /// nothing through, and to pages, which show more than dispatches, after every transaction.
    private func sendPlace(_ context: ChannelHandlerContext) {
        let position = max(told, hub.position)
        guard owesPlace || subscription.wantsLive && position > told else { return }
        owesPlace = false
        told = position
        send(.text, ByteBuffer(bytes: FeedText.place(position)), context)
    }

    private func sendLive(_ context: ChannelHandlerContext) {
        guard !unsaid.isEmpty else { return }
        send(.text, ByteBuffer(bytes: FeedText.live(unsaid)), context)
        unsaid = LiveChanges()
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: data)), promise: nil)
    }

    // MARK: The end

    /// Why a connection is ended, as RFC 6455 numbers it.
    enum EndCode: UInt16 {
        case normal = 1000
        case goingAway = 1001
        case protocolError = 1002
        case unwantedData = 1003
        case policy = 1008
        case tooLong = 1009
        case serverError = 1011
        case tryLater = 1013
    }

    /// Says why, and closes when the client has said so too, or in a moment.
    func end(_ code: EndCode, _ reason: String) {
        guard let context, isOpen else { return }
        phase = .ending
        hub.leave(self)
        var data = ByteBuffer(integer: code.rawValue)
        data.writeString(reason)
        send(.connectionClose, data, context)
        context.flush()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: hub.limits.farewell) { bound.value.close(promise: nil) }
    }

    /// Ends it as one that is too slow.
    private func drop(_ what: String) {
        hub.log(
            "a client of the live feed is dropped: it \(what)",
            ["client": "\(context?.remoteAddress?.description ?? "unknown")", "told": "\(told)"])
        end(.tryLater, "the client \(what)")
    }
}

// MARK: - What comes in

extension FeedConnection {
    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        self.context = context
        hub.join(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { forget() }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
        context.fireChannelInactive()
    }

    private func forget() {
        guard context != nil else { return }
        if isOpen { hub.leave(self) }
        phase = .ending
        context = nil
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { advance() }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard isOpen else {
            if frame.opcode == .connectionClose { context.close(promise: nil) }
            return
        }
        received += 1
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return turnAway(.protocolError, "a frame of a client is masked, and uses no extension")
        }
        guard received <= hub.limits.incoming else { return turnAway(.policy, "too many frames") }
        receive(frame, context)
    }

    private func receive(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        switch frame.opcode {
        case .connectionClose:
            end(.normal, "")
            context.close(promise: nil)
        case .ping:
            // A client that does not read its answers gets none.
            guard hasRoom(context) else { return }
            send(.pong, frame.unmaskedData, context)
            context.flush()
        case .pong: hasAnswered = true
        case .text, .binary, .continuation: turnAway(.unwantedData, "the feed takes no messages")
        default: turnAway(.protocolError, "a frame of an unknown kind")
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let problem = error as? NIOWebSocketError else { return context.close(promise: nil) }
        turnAway(problem == .invalidFrameLength ? .tooLong : .protocolError, "\(problem)")
    }

    /// Ends it, and reads nothing more: what a client sends that does not keep to the rules has no bounds.
    private func turnAway(_ code: EndCode, _ reason: String) {
        end(code, reason)
        try? context?.channel.syncOptions?.setOption(.autoRead, value: false)
    }
}

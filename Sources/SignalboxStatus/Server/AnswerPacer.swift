// NIO hands out a client's next request as soon as the answer to the one before has been written, and "written" means
// that it lies in this process's memory. A client that sends requests and never reads could have answers made until the
// memory is full: a request has 60 bytes, an answer thousands. So an answer ends here only when the system has taken
// what it says; until then NIO holds the next request back and reads nothing further.

import NIOCore
import NIOHTTP1

/// Lets a connection have one answer at a time in this process's memory, however many requests it sends.
///
/// It stands between NIO's pipelining and the handler of the requests.
final class AnswerPacer: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Succeeds, or fails, when the system has taken, or will never take, what has been written of the present answer.
    private var taken: EventLoopFuture<Void>?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head, .body:
            let part = context.eventLoop.makePromise(of: Void.self)
            part.futureResult.cascade(to: promise)
            taken = part.futureResult
            context.write(data, promise: part)
        case .end: end(context, data, promise)
        }
    }

    private func end(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        let written = taken ?? context.eventLoop.makeSucceededVoidFuture()
        let end = NIOLoopBound((context, data), eventLoop: context.eventLoop)
        taken = nil
        written.whenComplete { _ in
            let (context, data) = end.value
            context.writeAndFlush(data, promise: promise)
        }
    }
}

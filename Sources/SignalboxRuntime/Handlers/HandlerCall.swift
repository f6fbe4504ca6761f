// How a handler in the worker's own process is called: by one method that begins the work and returns, and an object
// through which the work speaks back from whatever thread it runs on. The worker itself stays a loop on one thread.

public import SignalboxCore
import Synchronization

/// A handler in the worker's own process.
public protocol LocalHandler: Sendable {
    /// Begins the work and returns at once: this is the worker's thread.
    func begin(_ call: HandlerCall)
}

/// One dispatch that a ``LocalHandler`` works on. It may be used from any thread.
public final class HandlerCall: Sendable {
    public let dispatch: Dispatch
    /// What it was enqueued with: JSON by custom, any bytes in truth.
    public let input: [UInt8]
    /// When it is asked to stop; nil: never.
    public let deadline: Instant?

    private struct State {
        var isStopped = false
        var onStop: (@Sendable () -> Void)?
        var replies: [HandlerReply] = []
        var hasAnswered = false
    }
    private let state = Mutex(State())
    private let wakeUp: WakeUp

    init(_ dispatch: Dispatch, input: [UInt8], deadline: Instant?, wakeUp: WakeUp) {
        self.dispatch = dispatch
        self.input = input
        self.deadline = deadline
        self.wakeUp = wakeUp
    }

    /// Has `body` called once when the work is to stop: somebody cancelled it, its time is over, or the worker shuts
    /// down. It is called at once when that was so already.
    public func whenStopped(_ body: @escaping @Sendable () -> Void) {
        let isStopped = state.withLock { state in
            if !state.isStopped { state.onStop = body }
            return state.isStopped
        }
        if isStopped { body() }
    }

    /// Says how far the work is, 0 to 100, or writes a line to the dispatch's output.
    public func tell(_ reply: HandlerReply) {
        state.withLock { state in
            guard !state.hasAnswered else { return }
            if case .answer = reply { state.hasAnswered = true }
            state.replies.append(reply)
        }
        wakeUp.raise()
    }

    /// Ends the work; what is said later is not heard.
    public func answer(_ answer: HandlerAnswer) { tell(.answer(answer)) }

    /// What was said since this was last asked.
    func takeReplies() -> [HandlerReply] {
        state.withLock { state in
            defer { state.replies = [] }
            return state.replies
        }
    }

    func stop() {
        let body = state.withLock { state in
            state.isStopped = true
            defer { state.onStop = nil }
            return state.onStop
        }
        body?()
    }
}

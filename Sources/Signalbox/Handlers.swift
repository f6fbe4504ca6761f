import SignalboxCore
import SignalboxRuntime

/// The handlers of a ``Worker``, each for one type of payload.
public struct Handlers: Sendable {
    var list: [(name: String, handler: any LocalHandler)] = []

    /// Has `body` called for every dispatch of this type's handler, each call in a task of its own.
    ///
    /// When it returns, the dispatch is SUCCESS. ``Retry``, ``Fatal``, ``Snooze`` and ``Cancel`` say otherwise; any other
    /// error is followed by another attempt, if one is left. The task is cancelled when somebody cancels the dispatch,
    /// when its time is over, and when the worker has drained for long enough; a body that does not look keeps its slot,
    /// and the worker from ending.
    public mutating func handle<Payload: JobPayload>(
        _: Payload.Type, _ body: @escaping @Sendable (_ job: Payload, _ context: JobContext) async throws -> Void
    ) {
        list.append((Payload.handler, PayloadHandler(body: body)))
    }
}

/// Leads from the worker's thread to Swift's tasks and back.
private struct PayloadHandler<Payload: JobPayload>: LocalHandler {
    let body: @Sendable (Payload, JobContext) async throws -> Void

    func begin(_ call: HandlerCall) {
        let task = Task { call.answer(await answer(to: call)) }
        call.whenStopped { task.cancel() }
    }

    private func answer(to call: HandlerCall) async -> HandlerAnswer {
        do {
            try await body(try Payload.decoded(from: call.input), JobContext(call))
            return .returned(nil)
        } catch {
            return .threw(meaning(of: error))
        }
    }

    private func meaning(of error: any Error) -> HandlerError {
        switch error {
        case let retry as Retry: HandlerError(retry.text, .retry(after: retry.wait))
        case let fatal as Fatal: HandlerError(fatal.text, .fatal)
        case let snooze as Snooze: HandlerError("", .snooze(snooze.wait))
        case let cancel as Cancel: HandlerError(cancel.text, .cancel)
        case is CancellationError: HandlerError("it was ended before it was done", .retry(after: nil))
        default: HandlerError("\(error)", .retry(after: nil))
        }
    }
}

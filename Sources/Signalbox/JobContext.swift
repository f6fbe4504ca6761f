public import SignalboxCore
import SignalboxRuntime

/// What a handler knows of the dispatch it works on, and what it can say while it does.
public struct JobContext: Sendable {
    private let call: HandlerCall

    init(_ call: HandlerCall) { self.call = call }

    public var id: DispatchID { call.dispatch.id }
    /// 1 for the first start.
    public var attempt: Int { call.dispatch.attempt }
    /// The job that it is a run of; nil for what was enqueued by itself.
    public var job: JobName? { call.dispatch.job }
    /// When the handler's task is cancelled; nil: it may take as long as it likes.
    public var deadline: Instant? { call.deadline }

    /// Says how far the work is: 0 to 100, and a few words.
    public func progress(_ percent: Int, _ text: String = "") {
        call.tell(.progress(percent: min(max(percent, 0), 100), text: text))
    }

    /// Writes a line to the output of the dispatch.
    public func log(_ text: String) { call.tell(.log(text)) }
}

public import SignalboxCore
public import SignalboxStore

/// Which changes a reader of the feed wants to hear of: those that match everything that is set.
public struct FeedFilter: Hashable, Sendable {
    public var job: JobName?
    public var queue: QueueName?
    public var dispatch: DispatchID?
    /// Those into this state, and those out of it.
    public var state: DispatchState?

    public init(
        job: JobName? = nil, queue: QueueName? = nil, dispatch: DispatchID? = nil, state: DispatchState? = nil
    ) {
        self.job = job
        self.queue = queue
        self.dispatch = dispatch
        self.state = state
    }

    /// What is left of `frame`; nil when nothing is.
    public func applied(to frame: FeedFrame) -> FeedFrame? {
        guard self != FeedFilter() else { return frame }
        var rest = frame
        rest.changes.removeAll { !matches($0) }
        return rest.changes.isEmpty ? nil : rest
    }

    /// The same of what runs. Only the dispatch can be told from others there, and no worker belongs to it.
    func applied(to changes: LiveChanges) -> LiveChanges {
        guard let dispatch else { return changes }
        return LiveChanges(dispatches: changes.dispatches.intersection([dispatch]))
    }

    private func matches(_ change: DispatchChange) -> Bool {
        (job == nil || job == change.job) && (queue == nil || queue == change.queue)
            && (dispatch == nil || dispatch == change.id)
            && (state == nil || state == change.to || state == change.from)
    }
}

public import SignalboxCore

/// Which dispatches a list shows: newest first, at most `limit`, those that match everything that is not nil.
public struct DispatchFilter: Hashable, Sendable {
    public var job: JobName?
    public var state: DispatchState?
    public var queue: QueueName?
    /// What has to occur, in any case of ASCII's letters, in the name of the job or queue, in the command as it may be
    /// shown, or in the unique key.
    public var text: String?
    /// Only dispatches older than this one: the way to the next page.
    public var before: DispatchID?
    /// Only dispatches newer than this one, the oldest of them: the way to the previous page. Not together with
    /// `before`.
    public var after: DispatchID?
    public var limit: Int

    public init(
        job: JobName? = nil, state: DispatchState? = nil, queue: QueueName? = nil, text: String? = nil,
        before: DispatchID? = nil, after: DispatchID? = nil, limit: Int = 50
    ) {
        self.job = job
        self.state = state
        self.queue = queue
        self.text = text
        self.before = before
        self.after = after
        self.limit = limit
    }

    /// Whether it matches everything but the text.
    func matches(_ dispatch: Dispatch) -> Bool {
        (job ?? dispatch.job) == dispatch.job && (state ?? dispatch.state) == dispatch.state
            && (queue ?? dispatch.queue) == dispatch.queue
    }
}

/// A part of a list of dispatches, newest first, and where it goes on.
public struct DispatchPage: Sendable {
    public var dispatches: [DispatchView]
    /// The older ones are those before this one; nil when there are none.
    public var next: DispatchID?
    /// The newer ones are those after this one; nil when there are none.
    public var previous: DispatchID?
    /// How many were looked at to find these.
    public var looked: Int
    public var stamp: StoreStamp

    public init(
        dispatches: [DispatchView], next: DispatchID?, previous: DispatchID? = nil, looked: Int, stamp: StoreStamp
    ) {
        self.dispatches = dispatches
        self.next = next
        self.previous = previous
        self.looked = looked
        self.stamp = stamp
    }

    /// So many dispatches are looked at for one page, whether they match or not.
    public static let mostLookedAt = 2000
}

public import SignalboxCore
public import SignalboxStore

/// What the status server needs of a store. Each method is one look: one snapshot of the durable store and one of the
/// live data, so that what it returns never mixes two states; the stamp in it says which state it was. Called from
/// threads that may block; an error becomes a page that says so.
public protocol StatusSource: FeedSource {
    func status(now: Now) throws -> StatusView
    func overview(now: Now) throws -> Overview
    /// With the newest runs of each.
    func jobs(_ filter: JobFilter, now: Now) throws -> JobPage
    /// Nil when there is no such job.
    func job(_ name: JobName, now: Now) throws -> JobDetail?
    /// Newest first, at most as many as the filter's limit.
    func dispatches(_ filter: DispatchFilter, now: Now) throws -> DispatchPage
    /// Nil when there is no such dispatch, or no more.
    func dispatch(_ id: DispatchID, now: Now) throws -> DispatchDetail?
    func workers() throws -> WorkerList
    func queues(now: Now) throws -> QueueList
    /// The jobs after `name`, at most ``Timeline/rowLimit`` of them.
    func timeline(after name: JobName?, now: Now) throws -> Timeline
    func metrics(now: Now) throws -> MetricsView
}

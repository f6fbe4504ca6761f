public import SignalboxCore
public import SignalboxStore

/// What the status server needs of a store: each method is one read transaction, so that what it returns never mixes
/// two states of the store. Called from threads that may block; an error becomes a page that says so.
public protocol StatusSource: FeedSource {
    func overview() throws -> Overview
    func jobs() throws -> [JobView]
    /// Nil when there is no such job.
    func job(_ name: JobName) throws -> JobDetail?
    /// Newest first, at most as many as the filter's limit.
    func dispatches(_ filter: DispatchFilter) throws -> DispatchPage
    /// Nil when there is no such dispatch, or no more.
    func dispatch(_ id: DispatchID) throws -> DispatchDetail?
    func workers() throws -> [WorkerView]
    /// In the order of their names.
    func queues() throws -> [QueueDetail]
    /// The jobs after `name`, at most ``Timeline/rowLimit`` of them.
    func timeline(after name: JobName?) throws -> Timeline
    /// What names this store among others; never changes.
    func storeID() throws -> String
}

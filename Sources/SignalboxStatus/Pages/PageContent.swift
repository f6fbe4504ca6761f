import SignalboxStore

/// What a page shows, as read from the store.
enum PageContent: Sendable {
    case overview(Overview)
    case jobs([JobView])
    case job(JobDetail)
    case dispatches(DispatchFilter, DispatchPage)
    case dispatch(DispatchDetail)
    case workers([WorkerView])
    case queues([QueueDetail])
    case timeline(Timeline)
}

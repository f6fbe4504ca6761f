import SignalboxStore

/// What a page shows, as read from the store.
enum PageContent: Sendable {
    case overview(Overview)
    case jobs(JobPage)
    case job(JobDetail)
    case dispatches(DispatchFilter, DispatchPage)
    case dispatch(DispatchDetail)
    case workers(WorkerList)
    case queues(QueueList)
    case timeline(Timeline)

    /// Which state of which store it is.
    var stamp: StoreStamp {
        switch self {
        case .overview(let overview): overview.stamp
        case .jobs(let page): page.stamp
        case .job(let detail): detail.stamp
        case .dispatches(_, let page): page.stamp
        case .dispatch(let detail): detail.stamp
        case .workers(let list): list.stamp
        case .queues(let list): list.stamp
        case .timeline(let timeline): timeline.stamp
        }
    }
}

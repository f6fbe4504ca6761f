internal import OrderedStore
public import SignalboxCore

/// A queue as its page shows it: how much waits in it, for how long, and who serves it.
public struct QueueDetail: Sendable {
    public var view: QueueView
    /// The workers that are online or draining and serve it.
    public var workers: [WorkerView]

    public init(view: QueueView, workers: [WorkerView] = []) {
        self.view = view
        self.workers = workers
    }
}

extension JobStore {
    /// Every queue with its workers, in the order of names.
    public func queueDetails(now: Now) throws -> [QueueDetail] {
        let live = try liveView()
        return try engine.read { transaction in
            let workers = try transaction.workerViews(live, isAlive).filter(\.registration.state.isActive)
            return try transaction.queueViews(isAlive, now).map { view in
                QueueDetail(view: view, workers: workers.filter { $0.registration.queues.contains(view.name) })
            }
        }
    }
}

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

/// Every queue, from one snapshot.
public struct QueueList: Sendable {
    /// In the order of names.
    public var queues: [QueueDetail]
    public var stamp: StoreStamp

    public init(queues: [QueueDetail], stamp: StoreStamp) {
        self.queues = queues
        self.stamp = stamp
    }
}

extension JobStore {
    /// Every queue with its workers.
    public func queueList(now: Now) throws -> QueueList {
        let live = try liveView()
        return try engine.read { transaction in
            let workers = try transaction.workerViews(live, isAlive).filter(\.registration.state.isActive)
            let queues = try transaction.queueViews(isAlive, now).map { view in
                QueueDetail(view: view, workers: workers.filter { $0.registration.queues.contains(view.name) })
            }
            return QueueList(queues: queues, stamp: try transaction.stamp())
        }
    }
}

internal import OrderedStore
public import SignalboxCore

extension JobStore {
    /// Every queue that something is in, is set for, or a worker serves, in the order of names.
    /// - Parameter now: when it is shown; nil: times are shown by the clocks as they were last written down.
    public func queues(now: Now? = nil) throws -> [QueueView] {
        try engine.read { try $0.queueViews(isAlive, now) }
    }
}

extension ReadTransaction where Self: ~Copyable {
    func queueViews(_ isAlive: (WorkerID) -> Bool, _ now: Now?) throws -> [QueueView] {
        var views: [QueueName: QueueView] = [:]
        func view(of queue: QueueName) -> QueueView { views[queue] ?? QueueView(name: queue) }
        try countStates { queue, state, count in
            var changed = view(of: queue)
            changed.dispatches[state] = count
            views[queue] = changed
        }
        try records(WorkerRegistration.self, Buckets.workers, .all) { _, worker in
            guard worker.state == .online, isAlive(worker.id) else { return .next }
            for queue in worker.queues {
                var changed = view(of: queue)
                changed.workers += 1
                views[queue] = changed
            }
            return .next
        }
        try records(QueueRecord.self, Buckets.queues, .all) { key, record in
            let queue = try queueName(ofKey: key, in: Buckets.queues)
            var changed = view(of: queue)
            (changed.pause, changed.rate) = (record.pause, record.window?.rate)
            if let now, let window = record.window { changed.opensAt = try opening(of: window, now) }
            views[queue] = changed
            return .next
        }
        return try views.values.sorted { $0.name < $1.name }.map { found in
            guard found.count(.pending) > 0 else { return found }
            var view = found
            view.oldestWaiting = try oldestReady(of: view.name)
            return view
        }
    }

    private func countStates(_ body: (QueueName, DispatchState, Int) -> Void) throws {
        let range = KeyRange(prefix: [CounterSubject.queue(.standard).kind])
        try records(Counter.self, Buckets.counters, range) { key, counter in
            var reader = KeyReader(Array(key.dropFirst()))
            guard let text = reader.text(), let queue = try? QueueName(text),
                let state = reader.byte().flatMap(DispatchState.init(rawValue:))
            else { throw StoreError(.damaged, "the key \(hexadecimal(key)) in counters has another shape") }
            body(queue, state, Int(clamping: counter.value))
            return .next
        }
    }

    private func queueName(ofKey key: [UInt8], in bucket: Bucket) throws -> QueueName {
        var reader = KeyReader(key)
        guard let text = reader.text(), let queue = try? QueueName(text) else {
            throw StoreError(.damaged, "the key \(hexadecimal(key)) in \(bucket.name) has another shape")
        }
        return queue
    }

    /// The oldest due time of what the queue holds ready: by leaps, for within a priority the first is the oldest.
    private func oldestReady(of queue: QueueName) throws -> Instant? {
        var oldest: Instant?
        var range = KeyRange(prefix: Key().with(queue.text).bytes)
        while let key = try keys(Buckets.ready, range, limit: 1).first, key.count > Self.readyTail {
            var reader = KeyReader(Array(key.suffix(Self.readyTail)))
            if let due = reader.instant() { oldest = min(oldest ?? due, due) }
            guard let next = KeyRange(prefix: Array(key.dropLast(Self.readyTail))).upper else { break }
            range.lower = next
        }
        return oldest
    }

    /// Due time and dispatch, at the end of a key.
    private static var readyTail: Int { 16 }
}

internal import OrderedStore
internal import SignalboxCore

/// The record of when the handlers were last changed: workers read them only when that is new to them.
enum HandlersChange {
    static let key = Key.name("handlers")
}

extension ReadTransaction where Self: ~Copyable {
    /// The number of the newest transaction that changed what handlers there are; 0 where there never were any.
    func newestHandlers() throws -> UInt64 {
        try fetch(Counter.self, HandlersChange.key, in: Buckets.meta)?.value ?? 0
    }

    /// Every definition, in the order of names.
    func handlers() throws -> [HandlerDefinition] {
        var found: [HandlerDefinition] = []
        try records(HandlerDefinition.self, Buckets.handlers, .all) { _, definition in
            found.append(definition)
            return .next
        }
        return found
    }

    /// The handlers that dispatches of a queue wait for, in the order of names. It costs one step for each, however many
    /// dispatches wait.
    func awaitedHandlers(in queue: QueueName) throws -> [HandlerName] {
        var found: [HandlerName] = []
        let prefix = Key().with(queue.text).bytes
        // A name ends in a zero byte, that of a command at once; no name contains a byte of one.
        var range = KeyRange(prefix: prefix)
        range.lower = prefix + [1]
        while let key = try keys(Buckets.ready, range, limit: 1).first {
            var reader = KeyReader(Array(key.dropFirst(prefix.count)))
            guard let text = reader.text(), let name = try? HandlerName(text) else {
                throw StoreError(.damaged, "the key \(hexadecimal(key)) in \(Buckets.ready.name) has another shape")
            }
            found.append(name)
            range.lower = prefix + Array(text.utf8) + [1]
        }
        return found
    }

    /// The handlers that dispatches wait for in vain: no worker of their queue has them.
    func unservedHandlers(in queues: [QueueName], _ isAlive: (WorkerID) -> Bool) throws -> [UnservedHandler] {
        try queues.flatMap { queue in
            try awaitedHandlers(in: queue).filter { try !isServed($0, in: queue, isAlive) }
                .map { UnservedHandler(handler: $0, queue: queue) }
        }
    }

    /// Whether a worker that claims from the queue has the handler.
    func isServed(_ handler: HandlerName, in queue: QueueName, _ isAlive: (WorkerID) -> Bool) throws -> Bool {
        var isServed = false
        try records(WorkerRegistration.self, Buckets.workers, .all) { _, worker in
            isServed =
                worker.state == .online && worker.queues.contains(queue) && worker.kinds.serves(handler)
                && isAlive(worker.id)
            return isServed ? .stop : .next
        }
        return isServed
    }
}

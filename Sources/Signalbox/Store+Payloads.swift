public import LMDBEngine
public import Logging
public import SignalboxCore
import SignalboxRuntime
public import SignalboxStore

extension JobStore<Environment> {
    /// Opens the store in the folder `path` to work with it; it is created when there is none.
    ///
    /// The files are opened on a thread of its own: none of Swift's few is held up by the disk.
    /// - Throws: `EnvironmentError`, `StoreError`; nothing was created or changed then.
    public static func open(at path: String, logger: Logger = .silent) async throws -> Store {
        try await LoopThread.run(name: "store-open") { try open(at: path, .create, logger: logger) }
    }

    /// Enqueues a payload for its handler. When this returns, it is kept, and every process sees it.
    /// - Parameters:
    ///   - queue: nil: the type's own.
    ///   - priority: 0 is claimed first, 255 last.
    ///   - delay: not before so much time has passed.
    ///   - unique: while one with this key waits or runs, no other is made.
    ///   - after: only once these have succeeded.
    ///   - maxAttempts: starts allowed before a failure is final.
    ///   - timeout: how long an attempt may take before its task is cancelled; nil: as long as it likes.
    /// - Returns: its number; that of the other when there is one with the same unique key.
    /// - Throws: `StoreError`, `NameError`, `EncodingError`.
    @discardableResult
    public func enqueue<Payload: JobPayload>(
        _ payload: Payload, queue: String? = nil, priority: UInt8 = JobDefinition.standardPriority,
        delay: Duration? = nil, unique: String? = nil, after: [DispatchID] = [],
        maxAttempts: Int = Enqueuing.standardAttempts, timeout: Duration? = Enqueuing.standardTimeout
    ) async throws -> DispatchID {
        let request = Request(
            command: .handler(try HandlerName(Payload.handler)), input: try payload.encoded(), timeout: timeout,
            unique: unique.map { UniqueKey($0) }, after: after)
        let item = Enqueuing(
            request: request, queue: try QueueName(queue ?? Payload.queue), priority: priority,
            maxAttempts: maxAttempts, delay: delay)
        return try await LoopThread.run(name: "enqueue") {
            try self.enqueue(item, now: try SystemClocks().now()).id
        }
    }
}

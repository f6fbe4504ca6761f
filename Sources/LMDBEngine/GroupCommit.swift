// A commit waits for the disk, twice. So what several threads want written while one of them waits is written together,
// in the next transaction: whoever finds nobody at it leads, takes all that has gathered, and answers each of them when
// it is durable. Nobody waits for company: who comes alone is written alone, at once.
// And nobody leaves early: a body lives on its caller's stack, and only the commit knows what became of it.

/// What one caller of `write` wants, and how it came out. Its thread sleeps here while another does the work, so the
/// body and all it refers to stay in place, and only one thread at a time touches it.
final class WriteRequest: @unchecked Sendable {
    private enum Turn { case waiting, lead, done }

    /// Nil when it is done: the body does not outlive the call of `write` that it came with, though the request may.
    private var body: ((inout Environment.Writing) throws -> Void)?
    private let turn = Monitor(Turn.waiting)
    /// Why nothing of it was written; set by the leader before it says that it is done.
    var failure: (any Error)?

    init(_ body: @escaping (inout Environment.Writing) throws -> Void) { self.body = body }

    func run(_ transaction: inout Environment.Writing) throws {
        guard let body else { fatalError("a request that is done is not run again") }
        try body(&transaction)
    }

    /// Says that its time has come to lead.
    fileprivate func lead() { turn.withLock { $0 = .lead } }

    /// Says that it came out as ``failure`` tells.
    fileprivate func finish() {
        body = nil
        turn.withLock { $0 = .done }
    }

    /// Sleeps until the request is done, or it is this thread's turn to lead: then false.
    fileprivate func waitUntilDone() -> Bool {
        turn.when({ $0 != .waiting }) { $0 == .done }
    }
}

/// The requests of one environment's threads that wait for the next transaction.
final class GroupCommit: Sendable {
    private struct Queue {
        var waiting: [WriteRequest] = []
        var hasLeader = false
    }

    /// So many share one transaction, so that the writers of other processes get their turn.
    private static let batchLimit = 256

    private let queue = Monitor(Queue())

    /// Returns when `request` was written, or cannot be; `commit` writes a batch in one transaction, and sets the
    /// failure of each request that was not.
    func perform(_ request: WriteRequest, _ commit: ([WriteRequest]) -> Void) throws {
        if shouldLead(request) || !request.waitUntilDone() {
            let batch = takeBatch()
            commit(batch)
            passOn()
            for done in batch { done.finish() }
        }
        if let failure = request.failure { throw failure }
    }

    private func shouldLead(_ request: WriteRequest) -> Bool {
        queue.withLock { queue in
            queue.waiting.append(request)
            defer { queue.hasLeader = true }
            return !queue.hasLeader
        }
    }

    /// The oldest requests; the leader's own is the first of them.
    private func takeBatch() -> [WriteRequest] {
        queue.withLock { queue in
            let batch = Array(queue.waiting.prefix(Self.batchLimit))
            queue.waiting.removeFirst(batch.count)
            return batch
        }
    }

    /// The oldest of those that came meanwhile leads next; it begins before the others are told that they are done.
    private func passOn() {
        let next = queue.withLock { queue in
            queue.hasLeader = !queue.waiting.isEmpty
            return queue.waiting.first
        }
        next?.lead()
    }
}

import Glibc
import SignalboxCore
import SignalboxRuntime
import SignalboxStore
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(20))) struct `Two hundred commands that time out` {
    /// Each leaves a child in a session of its own, and one that has lost its parent besides; every fourth refuses to end.
    @Test func `leave no process behind, and each says why it ended`() async throws {
        try await LoopBox.with { box in
            let queue = try QueueName("own")
            let worker = try Worker(
                store: box.store.jobs, liveness: box.liveness,
                options: WorkerOptions(queues: [queue], slots: 50, version: "1", environment: [:]), clocks: box.clocks,
                logger: box.logger)
            let ids = try (0..<200).map { number in
                let trap = number.isMultiple(of: 4) ? "trap '' TERM; " : ""
                var request = Request(
                    command: .shell("\(trap)(setsid sleep 1000 &); setsid sleep 1000 & sleep 1000"),
                    timeout: .milliseconds(50))
                request.killGrace = .milliseconds(100)
                let item = Enqueuing(request: request, queue: queue, maxAttempts: 1)
                return try box.store.jobs.enqueue(item, now: box.clocks.now()).id
            }
            let thread = try LoopThread(name: "worker") { try worker.run() }
            try box.until { try box.store.jobs.status().count(.failed) == ids.count }
            let mark = "\(ProcessTree.runIDVariable)=\(try box.store.jobs.storeID())-"
            #expect(try processes(marked: mark).isEmpty)
            for id in ids {
                let detail = try #require(try box.store.jobs.dispatch(id))
                #expect(detail.view.dispatch.reason == .timeout)
                #expect(detail.attempts.map(\.report) == [AttemptReport()])
            }
            worker.drain()
            return thread
        }.value()
    }
}

/// The living processes in whose environment a variable begins so.
private func processes(marked mark: String) throws -> [Int32] {
    try ProcessRecord.all().filter { record in
        guard !record.isZombie, let environment = try? contents(of: "/proc/\(record.identity.pid)/environ") else {
            return false
        }
        return environment.split(separator: "\0").contains { $0.hasPrefix(mark) }
    }.map(\.identity.pid)
}

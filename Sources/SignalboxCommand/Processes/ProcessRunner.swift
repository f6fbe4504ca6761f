import Logging
import UnixSignals

/// A part of a process that runs until it is asked to stop.
protocol Part: Sendable {
    func run() async throws
    /// Finish in good order.
    func drain()
    /// Finish at once.
    func stopNow()
}

/// Runs the parts of a process until one ends or a signal comes: the first SIGTERM or SIGINT drains, the second ends at
/// once.
struct ProcessRunner {
    let parts: [any Part]
    let logger: Logger

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for part in parts {
                group.addTask {
                    try await part.run()
                    return true
                }
            }
            group.addTask {
                await obey(signals)
                return false
            }
            defer { group.cancelAll() }
            var left = parts.count
            while left > 0, let isPart = try await next(&group) {
                if isPart { left -= 1 }
                drain()
            }
        }
    }

    /// When a part fails the others are to end before the process does, so that nothing is left half done.
    private func next(_ group: inout ThrowingTaskGroup<Bool, any Error>) async throws -> Bool? {
        do {
            return try await group.next()
        } catch {
            logger.error("\(error)")
            stopNow()
            throw error
        }
    }

    private func obey(_ signals: UnixSignalsSequence) async {
        var count = 0
        for await signal in signals {
            count += 1
            logger.notice("\(signal): \(count == 1 ? "draining" : "ending at once")")
            if count == 1 { drain() } else { stopNow() }
        }
    }

    private func drain() { for part in parts { part.drain() } }
    private func stopNow() { for part in parts { part.stopNow() } }
}

import Logging
import SignalboxRuntime
import Synchronization

/// A part of a process that runs until it is asked to stop.
protocol Part: Sendable {
    /// The name of its thread.
    var name: String { get }
    /// Blocks until the part has ended.
    func run() throws
    /// Finish in good order.
    func drain()
    /// Finish at once.
    func stopNow()
}

/// Runs the parts of a process, each on a thread of its own, until one ends or a signal comes: the first SIGTERM or
/// SIGINT drains, the second ends at once.
///
/// Nothing here is async: Swift's global threads come with a timer of libdispatch that wakes the process every second
/// (seen with strace), and an idle process is to be idle.
struct ProcessRunner {
    private enum Token: Hashable {
        case signal
        case part(Int)
    }

    let parts: [any Part]
    let logger: Logger

    /// - Throws: what the first part that failed has thrown, after the others have ended.
    func run() throws {
        let signals = try SignalSource([.terminate, .interrupt])
        let loop = try EventLoop<Token>()
        try loop.add(signals, token: .signal)
        let threads = try parts.map { try PartThread($0) }
        for (index, thread) in threads.enumerated() { try loop.add(thread.ended, token: .part(index)) }
        var asked = 0
        var failure: (any Error)?
        while loop.tokens.contains(where: { $0 != .signal }) {
            for event in try loop.wait() {
                switch event.token {
                case .signal:
                    guard let signal = try signals.next() else { continue }
                    asked += 1
                    logger.notice("\(signal): \(asked == 1 ? "draining" : "ending at once")")
                    for part in parts { asked == 1 ? part.drain() : part.stopNow() }
                case .part(let index):
                    loop.remove(.part(index))
                    failure = failure ?? threads[index].failure
                    for part in parts { part.drain() }
                }
            }
        }
        if let failure { throw failure }
    }
}

/// A part on its thread.
private final class PartThread: Sendable {
    let ended: WakeUp
    private let result = Mutex<(any Error)?>(nil)

    /// What it has thrown, once it has ended.
    var failure: (any Error)? { result.withLock { $0 } }

    init(_ part: any Part) throws {
        ended = try WakeUp()
        _ = try LoopThread(name: part.name) { [self] in
            do { try part.run() } catch { result.withLock { $0 = error } }
            ended.raise()
        }
    }
}

import Logging
import SignalboxRuntime
import Synchronization

/// A part of a process that runs until it is asked to stop.
protocol Part: Sendable {
    /// The name of its thread.
    var name: String { get }
    /// Raised once it does its work; nil when that need not be waited for.
    var ready: WakeUp? { get }
    /// Whether the process ends only after it.
    var isAwaited: Bool { get }
    /// Blocks until the part has ended.
    func run() throws
    /// Finish in good order.
    func drain()
    /// Finish at once.
    func stopNow()
}

extension Part {
    var ready: WakeUp? { nil }
    var isAwaited: Bool { true }
}

/// Runs the parts of a process, each on a thread of its own, until one ends or a signal comes: the first SIGTERM or
/// SIGINT drains, the second ends at once.
///
/// Nothing here is async: Swift's global threads come with a timer of libdispatch that wakes the process every second
/// (seen with strace), and an idle process is to be idle.
struct ProcessRunner {
    private enum Token: Hashable {
        case signal
        case ready
        case part(Int)
    }

    /// Started in this order; a part that says when it is ready is waited for before the next.
    let parts: [any Part]
    /// What is there as long as the parts are: its failure ends the process too, but its end is not waited for.
    let attendant: (any Part)?
    let logger: Logger

    init(_ parts: [any Part], attendant: (any Part)? = nil, logger: Logger) {
        self.parts = parts
        self.attendant = attendant
        self.logger = logger
    }

    /// - Throws: what the first part that failed has thrown, after the others have ended.
    func run() throws {
        let signals = try SignalSource([.terminate, .interrupt])
        let loop = try EventLoop<Token>()
        try loop.add(signals, token: .signal)
        var started: [PartThread] = []
        var waiting = parts[...]
        var asked = 0
        var failure: (any Error)?
        if let attendant { try start(attendant, &started, loop) }
        try startNext(&waiting, &started, loop)
        while started.contains(where: { $0.part.isAwaited && loop.tokens.contains(.part($0.number)) }) {
            for event in try loop.wait() {
                switch event.token {
                case .signal:
                    guard let signal = try signals.next() else { continue }
                    asked += 1
                    logger.notice("\(signal): \(asked == 1 ? "draining" : "ending at once")")
                    waiting = []
                    for thread in started { asked == 1 ? thread.part.drain() : thread.part.stopNow() }
                case .ready:
                    loop.remove(.ready)
                    try startNext(&waiting, &started, loop)
                case .part(let number):
                    loop.remove(.part(number))
                    failure = failure ?? started[number].failure
                    waiting = []
                    for thread in started { thread.part.drain() }
                }
            }
        }
        if let failure { throw failure }
    }

    /// Starts parts up to the next one that has to be waited for.
    private func startNext(
        _ waiting: inout ArraySlice<any Part>, _ started: inout [PartThread], _ loop: EventLoop<Token>
    ) throws {
        while let part = waiting.popFirst() {
            try start(part, &started, loop)
            guard let ready = part.ready else { continue }
            return try loop.add(ready, token: .ready)
        }
    }

    private func start(_ part: any Part, _ started: inout [PartThread], _ loop: EventLoop<Token>) throws {
        let thread = try PartThread(part, number: started.count)
        started.append(thread)
        try loop.add(thread.ended, token: .part(thread.number))
    }
}

/// A part on its thread.
private final class PartThread: Sendable {
    let part: any Part
    let number: Int
    let ended: WakeUp
    private let result = Mutex<(any Error)?>(nil)

    /// What it has thrown, once it has ended.
    var failure: (any Error)? { result.withLock { $0 } }

    init(_ part: any Part, number: Int) throws {
        self.part = part
        self.number = number
        ended = try WakeUp()
        _ = try LoopThread(name: part.name) { [self] in
            do { try part.run() } catch { result.withLock { $0 = error } }
            ended.raise()
        }
    }
}

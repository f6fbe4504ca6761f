import Logging
import SignalboxRuntime
import Synchronization

/// A part of a process that runs until it is asked to stop.
protocol Part: Sendable {
    /// The name of its thread.
    var name: String { get }
    /// Tells when it has begun its work, and that it still does it; nil where nobody needs to know.
    var pulse: Pulse? { get }
    /// Whether the process ends only after it.
    var isAwaited: Bool { get }
    /// Blocks until the part has ended.
    func run() throws
    /// Wants its pulse to answer.
    func ask()
    /// Finish in good order.
    func drain()
    /// Finish at once.
    func stopNow()
}

extension Part {
    var pulse: Pulse? { nil }
    var isAwaited: Bool { true }
    func ask() { pulse?.ask() }
}

/// Runs the parts of a process, each on a thread of its own, until one ends or a signal comes: the first SIGTERM or
/// SIGINT drains, the second ends at once. systemd is told of it, where it asks.
///
/// Nothing here is async: Swift's global threads come with a timer of libdispatch that wakes the process every second
/// (seen with strace), and an idle process is to be idle.
final class ProcessRunner {
    private enum Token: Hashable {
        case signal
        case begun
        case watchdog
        case part(Int)
    }

    private let attendants: [any Part]
    private let logger: Logger
    private let report: ServiceReport
    private let loop: EventLoop<Token>
    private let names: [String]
    /// Parts that are not started yet.
    private var waiting: ArraySlice<any Part>
    private var started: [PartThread] = []
    private var requests = 0
    private var isEnding = false
    /// What the first part that failed has thrown.
    private var failure: (any Error)?

    /// - Parameters:
    ///   - parts: started in this order, each when the one before it does its work.
    ///   - attendants: what is there as long as the parts are: their failure ends the process too, but their end is
    ///     not waited for.
    init(_ parts: [any Part], attendants: [any Part] = [], logger: Logger) throws {
        waiting = parts[...]
        names = parts.map(\.name)
        self.attendants = attendants
        self.logger = logger
        report = ServiceReport(logger: logger)
        loop = try EventLoop()
    }

    /// - Throws: what the first part that failed has thrown, after the others have ended.
    func run() throws {
        let signals = try SignalSource([.terminate, .interrupt])
        try loop.add(signals, token: .signal)
        let watchdog = try report.watchdog()
        if let watchdog { try loop.add(watchdog, token: .watchdog) }
        for attendant in attendants { try start(attendant) }
        try startNext()
        while started.contains(where: { $0.part.isAwaited && isRunning($0) }) {
            for event in try loop.wait() {
                switch event.token {
                case .signal: if let signal = try signals.next() { obey(signal) }
                case .begun:
                    loop.remove(.begun)
                    try startNext()
                case .watchdog: try watchdog?.ring(started.filter(isRunning).map(\.part), report)
                case .part(let number):
                    loop.remove(.part(number))
                    failure = failure ?? started[number].failure
                    drain()
                    // Who has the store that is there now may run the same again.
                    if failure is StoreGone { stopNow() }
                }
            }
        }
        if let failure { throw failure }
    }

    private func isRunning(_ thread: PartThread) -> Bool { loop.tokens.contains(.part(thread.number)) }

    private func obey(_ signal: Signal) {
        requests += 1
        logger.notice("\(signal): \(requests == 1 ? "draining" : "ending at once")")
        if requests > 1 { stopNow() } else { drain() }
    }

    private func stopNow() { for thread in started { thread.part.stopNow() } }

    private func drain() {
        waiting = []
        for thread in started { thread.part.drain() }
        if !isEnding { report.stopping() }
        isEnding = true
    }

    /// Starts the next part, and waits for its work to begin; when all have begun, the process is ready.
    private func startNext() throws {
        while let part = waiting.popFirst() {
            try start(part)
            guard let pulse = part.pulse else { continue }
            return try loop.add(pulse.begun, token: .begun)
        }
        if !isEnding { report.ready(names) }
    }

    private func start(_ part: any Part) throws {
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

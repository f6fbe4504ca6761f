import CLinux
import Glibc
import Synchronization

/// A thread of its own for a loop that blocks, or that starts commands, which the kernel kills when the thread that
/// started them ends. Nothing that blocks may run on Swift's few cooperative threads.
///
/// It takes no signals, so they interrupt no wait of it; the rest of the process gets them.
public final class LoopThread<Output: Sendable>: Sendable {
    private enum State {
        case running([CheckedContinuation<Output, any Error>])
        case ended(Result<Output, any Error>)
    }

    private let state = Mutex(State.running([]))

    /// Starts the thread.
    /// - Parameter name: shown by `ps -L` and `top -H`; the kernel keeps its first 15 bytes.
    /// - Throws: `SystemCallError` when the machine allows no more threads.
    public init(name: String, body: @escaping @Sendable () throws -> Output) throws(SystemCallError) {
        try startThread(ThreadStart(name: name) { self.end(with: Result { try body() }) })
    }

    /// What the body returned or threw, once it has.
    public func value() async throws -> Output {
        try await withCheckedThrowingContinuation { continuation in
            if let result = waits(continuation) { continuation.resume(with: result) }
        }
    }

    /// Runs `body` on a thread of its own and returns what it returns.
    public static func run(name: String, body: @escaping @Sendable () throws -> Output) async throws -> Output {
        try await LoopThread(name: name, body: body).value()
    }

    private func waits(_ continuation: CheckedContinuation<Output, any Error>) -> Result<Output, any Error>? {
        state.withLock { state in
            switch state {
            case .ended(let result): return result
            case .running(let waiting):
                state = .running(waiting + [continuation])
                return nil
            }
        }
    }

    private func end(with result: Result<Output, any Error>) {
        let waiting = state.withLock { state in
            defer { state = .ended(result) }
            switch state {
            case .running(let waiting): return waiting
            case .ended: preconditionFailure("a thread ends once")
            }
        }
        for continuation in waiting { continuation.resume(with: result) }
    }
}

/// What a new thread needs to begin.
private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

/// Enough for deep recursion in a transaction's body, and reserved rather than used.
private let stackSize = 8 << 20

private func startThread(_ start: ThreadStart) throws(SystemCallError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let context = Unmanaged.passRetained(start)
    let error = withSignalsBlocked { () -> Int32 in
        var thread = pthread_t()
        return pthread_create(&thread, &attributes, threadMain, context.toOpaque())
    }
    guard error != 0 else { return }
    context.release()
    throw SystemCallError("pthread_create", error)
}

private func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { preconditionFailure("a thread is started with its body") }
    let start = Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue()
    linux_name_thread(start.name)
    start.body()
    return nil
}

/// A new thread inherits the mask of the one that makes it. Faults stay open: those belong to the thread that errs.
private func withSignalsBlocked<Result>(_ body: () -> Result) -> Result {
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS] { sigdelset(&blocked, fault) }
    pthread_sigmask(SIG_BLOCK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return body()
}

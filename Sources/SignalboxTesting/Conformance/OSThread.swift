// Calls that block belong on threads of their own, in tests too: Swift's own threads are as many as there are cores,
// and a few sleeping ones stop everything else.

import Glibc

/// A thread of the operating system, running one body.
public final class OSThread<Result: Sendable>: Sendable {
    private let state = Monitor<Swift.Result<Result, any Error>?>(nil)

    /// Starts `body`; it runs whether or not anybody asks for its result.
    public init(_ body: @escaping @Sendable () throws -> Result) {
        let box = Unmanaged.passRetained(
            Work { [state] in
                let result = Swift.Result { try body() }
                state.withLock { $0 = result }
            })
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { box in
                Unmanaged<Work>.fromOpaque(box!).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        precondition(status == 0, "no thread could be started: error \(status)")
        pthread_detach(thread)
    }

    /// Waits for the end of the body; what it threw is thrown here.
    public func join() throws -> Result {
        guard let result = state.waiting({ $0 }) else { preconditionFailure("a wait without limit ended early") }
        return try result.get()
    }
}

private final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Runs `body` on `count` threads at once, and waits for all of them.
public func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let threads = (0..<count).map { index in OSThread { try body(index) } }
    for thread in threads { try thread.join() }
}

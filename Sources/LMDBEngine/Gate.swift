// LMDB's map may be replaced only while no transaction of this process is open: done too early it is a SIGSEGV, not an
// error. So each transaction passes this gate, and replacing the map takes it alone. The gate also knows which threads
// are inside, and with what: a second write transaction on one thread would wait for itself for ever.

import Glibc

final class Gate: Sendable {
    enum Pass { case read, write }

    private struct State {
        /// The passes of each thread inside, innermost last.
        var inside: [pthread_t: [Pass]] = [:]
        var waitingForAll = 0
    }

    private let monitor = Monitor(State())

    /// Runs `body` while the map stays where it is. A thread already inside is never kept waiting.
    func passing<Result>(_ pass: Pass, _ body: () throws -> Result) rethrows -> Result {
        let thread = pthread_self()
        monitor.when({ $0.waitingForAll == 0 || $0.inside[thread] != nil }) { state in
            let held = state.inside[thread] ?? []
            state.inside[thread] = held + [pass]
        }
        defer { monitor.withLock { leave(thread, &$0) } }
        return try body()
    }

    /// Traps when this thread is inside already and so could wait for itself.
    func requireOutside() {
        let held = monitor.withLock { $0.inside[pthread_self()] ?? [] }
        precondition(!held.contains(.write), "a write inside a write: use the transaction you already have")
        precondition(held.isEmpty, "a write inside a read: end the read first; its body may run twice")
    }

    /// Runs `body` while no transaction is open, or answers false: this very thread has one open.
    func alone(_ body: () throws -> Void) rethrows -> Bool {
        let isInside = monitor.withLock { state in
            if state.inside[pthread_self()] != nil { return true }
            state.waitingForAll += 1
            return false
        }
        if isInside { return false }
        defer { monitor.withLock { $0.waitingForAll -= 1 } }
        try monitor.when({ $0.inside.isEmpty }) { _ in try body() }
        return true
    }

    private func leave(_ thread: pthread_t, _ state: inout State) {
        guard var held = state.inside.removeValue(forKey: thread) else { return }
        held.removeLast()
        if !held.isEmpty { state.inside[thread] = held }
    }
}

import Glibc

/// State that threads take turns with, and can wait on for one another: a mutex with a condition variable.
@safe package final class Monitor<State>: @unchecked Sendable {
    private var state: State
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    package init(_ state: State) {
        self.state = state
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Waits until `ready` answers true, then runs `body`, both alone; afterwards all who wait look again.
    package func when<Result>(_ ready: (State) -> Bool, _ body: (inout State) throws -> Result) rethrows -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while !ready(state) { unsafe pthread_cond_wait(condition, mutex) }
        defer { unsafe pthread_cond_broadcast(condition) }
        return try body(&state)
    }

    package func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        try when({ _ in true }, body)
    }
}

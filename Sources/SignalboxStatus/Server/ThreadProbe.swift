// NIO ends the whole process when it cannot have a thread. So it is asked for as many beforehand.
import Glibc

enum ThreadProbe {
    /// Whether this process may have so many more threads at once.
    static func mayStart(_ count: Int) -> Bool {
        let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        pthread_mutex_init(gate, nil)
        pthread_mutex_lock(gate)
        var threads: [pthread_t] = []
        defer {
            pthread_mutex_unlock(gate)
            for thread in threads { pthread_join(thread, nil) }
            pthread_mutex_destroy(gate)
            gate.deallocate()
        }
        for _ in 0..<count {
            var thread = pthread_t()
            let error = pthread_create(&thread, nil, { waitAtGate($0) }, gate)
            guard error == 0 else { return false }
            threads.append(thread)
        }
        return true
    }
}

/// Lives as long as the others are being made.
private func waitAtGate(_ gate: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self) else { return nil }
    pthread_mutex_lock(gate)
    pthread_mutex_unlock(gate)
    return nil
}

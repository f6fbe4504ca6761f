import CLinux
public import OrderedStore
import Synchronization

extension Environment {
    /// Waits on the bell of one environment; may outlive it.
    @safe public final class Watch: ChangeWatch, @unchecked Sendable {
        private let bell: Bell
        private let interests: InterestSet
        private let remembered: Mutex<[UInt32]>
        private let isCancelled = Atomic(false)
        /// How many threads are inside `wait`. A futex: `cancel` sleeps on it.
        private let waiting: UnsafeMutablePointer<UInt32>

        init(_ bell: Bell, _ interests: InterestSet) {
            self.bell = bell
            self.interests = interests
            remembered = Mutex(bell.counters(interests))
            unsafe waiting = .allocate(capacity: 1)
            unsafe waiting.initialize(to: 0)
        }

        deinit { unsafe waiting.deallocate() }

        public func arm() {
            remembered.withLock { $0 = bell.counters(interests) }
        }

        @available(*, noasync, message: "this blocks the thread; wait on a thread of your own")
        public func wait(timeout: Duration?) -> WaitOutcome {
            _ = unsafe linux_atomic_add(waiting, 1)
            defer {
                if unsafe linux_atomic_add(waiting, .max) == 0 { unsafe linux_futex_wake(waiting, .max) }
            }
            let deadline = timeout.flatMap(MonotonicDeadline.init(after:))
            let armed = remembered.withLock { $0 }
            while true {
                let sequence = bell.sequence
                if isCancelled.load(ordering: .sequentiallyConsistent) { return .cancelled }
                if bell.counters(interests) != armed { return .changed }
                if !bell.sleep(sequence, interests, until: deadline) { return .timedOut }
            }
        }

        /// A thread between its look at the flag and its sleep misses the waking: it is repeated until all have left.
        public func cancel() {
            isCancelled.store(true, ordering: .sequentiallyConsistent)
            while case let threads = unsafe linux_atomic_load(waiting), threads > 0 {
                bell.wakeSleepers(interests)
                guard var soon = MonotonicDeadline(after: .milliseconds(1))?.time else { continue }
                _ = unsafe linux_futex_wait(waiting, threads, &soon, .max)
            }
        }
    }
}

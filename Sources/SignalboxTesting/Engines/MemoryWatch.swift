public import OrderedStore

extension MemoryEngine {
    /// Waits for commits to a memory store.
    public final class Watch: ChangeWatch {
        private let store: Monitor<State>
        private let own: Monitor<Own>
        private let bits: [Int]

        private struct Own {
            var armed: [UInt64]
            var waiting = 0
        }

        init(_ store: Monitor<State>, _ interests: InterestSet) {
            self.store = store
            let bits = interests.bits
            self.bits = bits
            own = Monitor(Own(armed: store.withLock { state in bits.map { state.touches[$0] } }))
        }

        deinit {
            let identity = ObjectIdentifier(self)
            store.withLock { _ = $0.cancelled.remove(identity) }
        }

        public func arm() {
            let present = store.withLock { state in bits.map { state.touches[$0] } }
            own.withLock { $0.armed = present }
        }

        @available(*, noasync, message: "this blocks the thread; wait on a thread of your own")
        public func wait(timeout: Duration?) -> WaitOutcome {
            let armed = own.withLock { own in
                own.waiting += 1
                return own.armed
            }
            defer { own.withLock { $0.waiting -= 1 } }
            let outcome: WaitOutcome? = store.waiting(timeout: timeout) { state in
                if state.cancelled.contains(ObjectIdentifier(self)) { return .cancelled }
                return bits.map { state.touches[$0] } == armed ? nil : .changed
            }
            return outcome ?? .timedOut
        }

        public func cancel() {
            store.withLock { _ = $0.cancelled.insert(ObjectIdentifier(self)) }
            _ = own.waiting { $0.waiting == 0 ? true : nil }
        }
    }
}

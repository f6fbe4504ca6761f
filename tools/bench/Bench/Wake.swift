// The way from an enqueue to a started handler in another, idle process: two modes that tell when each step was.
import Glibc
import LMDBEngine
import OrderedStore
import SignalboxCore
import SignalboxStore

extension Subject {
    /// Claims what comes, one at a time; prints the number and the time at which its handler would have begun, after it
    /// has written down the end of it.
    func serveSingly() throws {
        let worker = try store.registeredWorker()
        let watch = try store.engine.watch([.ready(.standard)])
        say("ready")
        while true {
            watch.arm()
            guard try store.workerView(queues: Self.queues, now: present()).hasWork else {
                _ = watch.wait(timeout: nil)
                continue
            }
            guard let claimed = try store.round(worker, [], slots: 1).first else { continue }
            let started = nanoseconds(CLOCK_MONOTONIC)
            _ = try store.round(worker, [claimed.success], slots: 0)
            say("\(claimed.dispatch.id) \(started)")
        }
    }

    /// Prints the number of the dispatch, the time of the call and the time at which it was acknowledged.
    func enqueueOnDemand() throws {
        say("ready")
        while readLine() != nil {
            let called = nanoseconds(CLOCK_MONOTONIC)
            let enqueued = try store.enqueue(Self.item, now: present())
            let acknowledged = nanoseconds(CLOCK_MONOTONIC)
            say("\(enqueued.id) \(called) \(acknowledged)")
        }
    }
}

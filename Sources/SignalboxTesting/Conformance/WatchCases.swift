import OrderedStore
import Testing

private let feed = InterestSet(rawValue: 1)
private let queue = InterestSet(rawValue: 1 << 31)

extension OrderedStoreConformance {
    static var watchCases: [Case] {
        [
            Case("a wait without a commit ends with its time") { store throws in
                #expect(try store.watch(feed).wait(timeout: .zero) == .timedOut)
                #expect(try store.watch(feed).wait(timeout: .milliseconds(1)) == .timedOut)
            },
            Case("a commit after arming ends the wait, however late that begins") { store throws in
                let watch = try store.watch(feed)
                watch.arm()
                try store.write { $0.notify(feed) }
                #expect(watch.wait(timeout: nil) == .changed)
                #expect(watch.wait(timeout: nil) == .changed)
                watch.arm()
                #expect(watch.wait(timeout: .zero) == .timedOut)
            },
            Case("a commit before arming does not") { store throws in
                let watch = try store.watch(feed)
                try store.write { $0.notify(feed) }
                watch.arm()
                #expect(watch.wait(timeout: .zero) == .timedOut)
            },
            Case("only those are woken who wait for the subject") { store throws in
                let (feedWatch, queueWatch, bothWatch) = (
                    try store.watch(feed), try store.watch(queue), try store.watch([feed, queue])
                )
                try store.write { $0.notify(feed) }
                #expect(feedWatch.wait(timeout: nil) == .changed)
                #expect(bothWatch.wait(timeout: nil) == .changed)
                #expect(queueWatch.wait(timeout: .zero) == .timedOut)
                try store.write { $0.notify(queue) }
                #expect(queueWatch.wait(timeout: nil) == .changed)
            },
            Case("a commit that names no subject wakes nobody") { store throws in
                let watch = try store.watch(InterestSet(rawValue: .max))
                try store.write { try $0.put([1], [1], in: first) }
                #expect(watch.wait(timeout: .zero) == .timedOut)
            },
            Case("a write wakes only after its commit, and not at all when it throws") { store throws in
                let watch = try store.watch(feed)
                #expect(throws: Refusal.self) {
                    try store.write { transaction throws in
                        transaction.notify(feed)
                        throw Refusal()
                    }
                }
                #expect(watch.wait(timeout: .zero) == .timedOut)
                try store.write { transaction throws in
                    transaction.notify(feed)
                    #expect(watch.wait(timeout: .zero) == .timedOut)
                }
                #expect(watch.wait(timeout: nil) == .changed)
            },
            Case("who was woken sees the commit") { store throws in
                let (there, back) = (try store.watch(feed), try store.watch(queue))
                let answering = OSThread {
                    for round in 1...50 as ClosedRange<UInt8> {
                        try see(there, round, in: first, of: store)
                        try store.write {
                            try $0.put([1], [round], in: second); $0.notify(queue)
                        }
                    }
                }
                for round in 1...50 as ClosedRange<UInt8> {
                    try store.write {
                        try $0.put([1], [round], in: first); $0.notify(feed)
                    }
                    try see(back, round, in: second, of: store)
                }
                try answering.join()
            },
            Case("cancelling ends waits, those under way and those to come") { store throws in
                let watch = try store.watch(feed)
                let waiting = OSThread { watch.wait(timeout: nil) }
                watch.cancel()
                #expect(try waiting.join() == .cancelled)
                #expect(watch.wait(timeout: nil) == .cancelled)
                try store.write { $0.notify(feed) }
                #expect(watch.wait(timeout: nil) == .cancelled)
            },
        ]
    }

    /// Waits until the entry has the value: arm, look, sleep.
    private static func see(_ watch: Store.Watch, _ value: UInt8, in bucket: Bucket, of store: Store) throws {
        while true {
            watch.arm()
            if try store.read({ try $0.value([1], in: bucket) }) == [value] { return }
            #expect(watch.wait(timeout: nil) == .changed)
        }
    }
}

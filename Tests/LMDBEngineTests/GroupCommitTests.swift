import LMDBEngine
import OrderedStore
import SignalboxTesting
import Synchronization
import Testing

/// Aim: threads that write at the same time share transactions, and none of them can tell.
@Suite struct `Threads that write at once` {
    private static let threads = 16
    private static let steps = 50
    private struct Refusal: Error {}

    @Test func `each get their own result, and all is kept in fewer transactions`() throws {
        try withTemporaryStore { environment in
            let before = try environment.information().lastTransaction
            let right = Mutex(0)
            try onThreads(Self.threads) { thread in
                for step in 0..<Self.steps {
                    let result = try environment.write { transaction in
                        try transaction.put([UInt8(thread), UInt8(step)], [1], in: firstBucket)
                        return thread * 1000 + step
                    }
                    right.withLock { $0 += result == thread * 1000 + step ? 1 : 0 }
                }
            }
            let writes = Self.threads * Self.steps
            #expect(right.withLock { $0 } == writes)
            #expect(try environment.information().buckets[firstBucket.index].entries == writes)
            #expect(try environment.information().lastTransaction < before + writes)
        }
    }

    @Test func `lose nothing by the error of one among them`() throws {
        try withTemporaryStore { environment in
            let refused = Mutex(0)
            try onThreads(Self.threads) { thread in
                for step in 0..<Self.steps {
                    do {
                        try environment.write { transaction in
                            try transaction.put([UInt8(thread), UInt8(step)], [1], in: firstBucket)
                            if Self.isRefused(thread, step) { throw Refusal() }
                        }
                    } catch is Refusal {
                        refused.withLock { $0 += 1 }
                    }
                }
            }
            let failures = (0..<Self.threads).reduce(0) { sum, thread in
                sum + (0..<Self.steps).count { Self.isRefused(thread, $0) }
            }
            #expect(refused.withLock { $0 } == failures)
            let kept = Self.threads * Self.steps - failures
            #expect(try environment.information().buckets[firstBucket.index].entries == kept)
        }
    }

    private static func isRefused(_ thread: Int, _ step: Int) -> Bool { (thread + step).isMultiple(of: 3) }

    @Test func `are refused alone when only theirs does not fit`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/store"
            let options = Environment.Options(initialMapSize: 1 << 20, maximumSize: 1 << 20)
            try Environment.create(at: path, buckets: conformanceBuckets, options: options) { _ in }
            let environment = try Environment.open(
                at: path, buckets: conformanceBuckets, access: .readWrite, options: options)
            let full = Mutex(0)
            try onThreads(8) { thread in
                for step in 0..<20 {
                    do {
                        let size = thread == 0 ? 4 << 20 : 10
                        try environment.write { transaction in
                            try transaction.put(
                                [UInt8(thread), UInt8(step)], [UInt8](repeating: 1, count: size), in: firstBucket)
                        }
                    } catch let error as EnvironmentError where error.code == .full {
                        full.withLock { $0 += 1 }
                    }
                }
            }
            #expect(full.withLock { $0 } == 20)
            #expect(try environment.information().buckets[firstBucket.index].entries == 7 * 20)
        }
    }
}

// What the processes of these tests do: plain functions, because a body that blocks may not be part of an async one.

import Glibc
import LMDBEngine
import OrderedStore
import SignalboxTesting

let counterKey: [UInt8] = [1]
let changed = InterestSet(rawValue: 1)
let answered = InterestSet(rawValue: 2)

extension ReadTransaction where Self: ~Copyable {
    /// The number kept in a bucket; 0 when there is none.
    func count(in bucket: Bucket = firstBucket) throws -> Int {
        try (value(counterKey, in: bucket) ?? []).reduce(0) { $0 << 8 | Int($1) }
    }
}

extension WriteTransaction where Self: ~Copyable {
    mutating func setCount(_ count: Int, in bucket: Bucket = firstBucket) throws {
        try put(counterKey, [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }, in: bucket)
    }
}

/// Adds one to the number, `times` times, each in its own transaction.
func increment(_ store: Environment, times: Int) throws {
    for _ in 0..<times {
        try store.write { transaction in
            let count = try transaction.count()
            try transaction.setCount(count + 1)
            transaction.notify(changed)
        }
    }
}

/// Waits until the number has reached `goal`: arm, look, sleep.
func waitForCount(_ goal: Int, on watch: Environment.Watch, of store: Environment) throws {
    while true {
        watch.arm()
        if try store.read({ try $0.count() }) >= goal { return }
        _ = watch.wait(timeout: nil)
    }
}

/// Runs blocking work on a thread of its own, while other tasks go on.
func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        _ = OSThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}

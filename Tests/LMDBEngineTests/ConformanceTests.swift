import LMDBEngine
import OrderedStore
import SignalboxTesting
import Testing

@Suite struct `An engine` {
    @Test(arguments: OrderedStoreConformance<Environment>.cases)
    func `on LMDB keeps the promise`(_ promise: OrderedStoreConformance<Environment>.Case) throws {
        try withTemporaryStore { try promise.check($0) }
    }

    @Test(arguments: OrderedStoreConformance<MemoryEngine>.cases)
    func `in memory keeps the promise`(_ promise: OrderedStoreConformance<MemoryEngine>.Case) throws {
        try promise.check(MemoryEngine(buckets: conformanceBuckets))
    }
}

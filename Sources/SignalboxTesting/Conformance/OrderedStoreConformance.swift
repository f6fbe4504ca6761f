// What every engine promises to those above it, as tests: an engine that passes these can carry the job rules.

public import OrderedStore
public import Testing

/// The conformance suite of `OrderedStore`, one case for each promise. In a test target:
///
/// ```swift
/// @Test(arguments: OrderedStoreConformance<MyEngine>.cases)
/// func `keeps the promise`(_ promise: OrderedStoreConformance<MyEngine>.Case) throws {
///     try promise.check(MyEngine(buckets: conformanceBuckets))
/// }
/// ```
public enum OrderedStoreConformance<Store: OrderedStore> {
    /// One promise. Give each check a new, empty store with `conformanceBuckets`.
    public struct Case: Sendable, CustomTestStringConvertible {
        public let testDescription: String
        public let check: @Sendable (Store) throws -> Void

        init(_ name: String, _ check: @escaping @Sendable (Store) throws -> Void) {
            testDescription = name
            self.check = check
        }
    }

    public static var cases: [Case] { entryCases + scanCases + transactionCases + watchCases + modelCases }
}

/// The buckets that stores under test must have.
public let conformanceBuckets = [first, second]
let first = Bucket(0, "conformance.first")
let second = Bucket(1, "conformance.second")

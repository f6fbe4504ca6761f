/// Names one dispatch in its store, for good. Numbers grow in the order of creation and are never given out twice.
public struct DispatchID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }

    /// Nil when `text` is no whole number from 1 on.
    public init?(text: some StringProtocol) {
        guard let number = UInt64(text), number > 0 else { return nil }
        self.number = number
    }

    public var description: String { String(number) }
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Names one registration of a worker in its store, for good; also the byte of the lock file that it holds while it
/// lives.
public struct WorkerID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
    public var description: String { String(number) }
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Proves a claim: given to the worker with it, and compared before anything that worker says about the dispatch is
/// believed. It is the sequence of the claiming transaction, so no two claims of a dispatch share one.
public struct Token: Hashable, Sendable {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
}

/// The seam between the job rules and the place they are kept in: ordered keys, read snapshots, write transactions,
/// scans, and waiting for change. Everything above it runs on LMDB, in memory, or on whatever else passes the
/// conformance suite of SignalboxTesting.
///
/// Bodies are synchronous and do not escape, so that none can suspend, or outlive its transaction, while the one writer
/// lock of all processes is held. A body may be run more than once (a store that grows, a conflict): it must change
/// nothing but the transaction, and read no clock.
public protocol OrderedStore: Sendable {
    associatedtype Reading: ReadTransaction & ~Copyable
    associatedtype Writing: WriteTransaction & ~Copyable
    associatedtype Watch: ChangeWatch

    /// Runs `body` on one consistent snapshot; what others commit meanwhile is not seen. Keep it to milliseconds: an
    /// open snapshot pins the space of everything deleted after it.
    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    func read<Result>(_ body: (borrowing Reading) throws -> Result) throws -> Result

    /// Runs `body` alone among all writers of all processes. When it returns, its changes are committed and durable,
    /// all together; when it throws, nothing has happened. A write inside a write is a programmer's error and traps.
    @available(*, noasync, message: "this blocks the thread; call it from a thread of your own")
    func write<Result>(_ body: (inout Writing) throws -> Result) throws -> Result

    /// A place to wait for commits that touch one of `interests`.
    func watch(_ interests: InterestSet) throws -> Watch

    /// Clears away what killed processes have left behind, and answers in sentences what people should know of.
    /// Cheap: to be called now and then by a process that is awake anyway. An engine that has nothing to do need not
    /// say so.
    func tidyUp() throws -> [String]

    /// How much room the store has, as of the last commit. An engine whose snapshots leave traces on a disk tells it
    /// without one, so that a process that only looks writes nothing.
    func room() throws -> Room
}

extension OrderedStore {
    public func tidyUp() throws -> [String] { [] }
    public func room() throws -> Room { try read { try $0.room() } }
}

/// One consistent snapshot.
public protocol ReadTransaction: ~Copyable {
    /// Shows the value of `key` (nil: there is none) to `body`. The bytes live only as long as the body.
    func get<Result>(_ key: Span<UInt8>, in bucket: Bucket, _ body: (Span<UInt8>?) throws -> Result) throws -> Result

    /// Shows the entries of `range` in key order until it ends or `body` says stop.
    func scan(
        _ bucket: Bucket, _ range: KeyRange, _ order: ScanOrder,
        _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) throws -> ScanStep
    ) throws

    /// How much room the store has, as of the last commit. Cheap enough for every request that would add to it. An
    /// engine without a limit need not say so.
    func room() throws -> Room
}

extension ReadTransaction where Self: ~Copyable {
    public func room() throws -> Room { .unlimited }
}

/// A snapshot that can be changed. What it puts it also sees.
public protocol WriteTransaction: ReadTransaction, ~Copyable {
    /// Sets the value of `key`, new or not. Keys have 1 to 511 bytes; values at most 4 GiB.
    mutating func put(_ key: Span<UInt8>, _ value: Span<UInt8>, in bucket: Bucket) throws

    /// Removes `key`; false when it was not there.
    @discardableResult
    mutating func delete(_ key: Span<UInt8>, in bucket: Bucket) throws -> Bool

    /// Wakes those who wait for one of `interests`, after the commit and only then.
    mutating func notify(_ interests: InterestSet)
}

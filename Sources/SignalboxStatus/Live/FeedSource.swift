public import OrderedStore
public import SignalboxStore

/// What the live feed needs of a store. Called from threads that may block.
public protocol FeedSource: Sendable {
    /// The frames behind the number `since`, oldest first, in one read transaction.
    func feed(since: UInt64, limit: Int, changes: Int) throws -> FeedPart
    /// The store's commit sequence: rises with every transaction that changed something a reader can see.
    func sequence() throws -> UInt64
    /// A place to wait for commits to the store.
    func commits() throws -> any ChangeWatch
    /// A place to wait for what workers say of what runs; nil as long as none has said anything since the machine
    /// started.
    func liveCommits() throws -> (any ChangeWatch)?
    /// What there is to see of everything that runs.
    func liveMarks() throws -> LiveMarks
}

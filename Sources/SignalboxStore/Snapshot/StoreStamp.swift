internal import OrderedStore

/// Which state of which store something was read from: part of all that a page or an answer shows, and read in the same
/// transaction, so that it cannot be that of another state.
public struct StoreStamp: Hashable, Sendable {
    /// 32 hexadecimal digits; never changes.
    public var storeID: String
    /// The store's commit sequence: rises with every transaction that changed something a reader can see.
    public var sequence: UInt64

    public init(storeID: String, sequence: UInt64) {
        self.storeID = storeID
        self.sequence = sequence
    }
}

extension ReadTransaction where Self: ~Copyable {
    func stamp() throws -> StoreStamp {
        StoreStamp(storeID: try header().storeID, sequence: try storeState().sequence)
    }
}

public import OrderedStore

extension JobStore {
    /// How many transactions a snapshot of some store has seen, as ``sequence()`` tells of this one.
    public static func sequence(in snapshot: borrowing Engine.Reading) throws -> UInt64 {
        try snapshot.storeState().sequence
    }
}

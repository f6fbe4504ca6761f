internal import SignalboxCore

/// Which dispatch stands in for which: the newest of those that were made again of one, or of one made of it. Dispatches
/// are added in the order of their numbers; those made of one that is gone count as made of that.
struct StandIns {
    /// Of each that was made again, the first of its line.
    private var originals: [DispatchID: DispatchID] = [:]
    /// Of the first of each line, the newest of it.
    private(set) var newest: [DispatchID: DispatchID] = [:]

    mutating func add(_ dispatch: Dispatch) {
        guard dispatch.isMadeAgain, let parent = dispatch.parent else { return }
        let original = originals[parent] ?? parent
        originals[dispatch.id] = original
        newest[original] = dispatch.id
    }
}

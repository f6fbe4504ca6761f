/// The mark that every process of a run carries in its environment as SIGNALBOX_RUN_ID: the store, the dispatch and the
/// claim, so that no two runs on a machine ever share one, and whoever settles a dead worker can work it out again.
public struct RunID: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// A mark that something other than one run is found by.
    public init(_ description: String) { self.description = description }

    /// - Parameter mark: that of the store, which no copy of it has.
    /// - Precondition: `dispatch` is claimed.
    public init(mark: String, dispatch: Dispatch) {
        guard let claim = dispatch.claim else { preconditionFailure("only a claimed dispatch is run") }
        description = "\(mark)-\(dispatch.id)-\(claim.token.number)"
    }
}

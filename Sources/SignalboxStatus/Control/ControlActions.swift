public import SignalboxCore

/// What can be changed from a page: each method is one write transaction. A server that is not given one has no way to
/// write at all.
public protocol ControlActions: Sendable {
    /// Runs a job now, as its overlap policy allows.
    func run(_ job: JobName) throws -> DispatchID
    func pause(_ job: JobName, by person: String) throws
    func resume(_ job: JobName) throws
    /// Takes away what waits, or asks for the end of what runs.
    func cancel(_ dispatch: DispatchID) throws
    /// Makes a new dispatch of what an ended one ran.
    func requeue(_ dispatch: DispatchID) throws -> DispatchID
}

/// What switches control on: the secret that proves who may, and what they then can do.
public struct Control: Sendable {
    let token: ControlToken
    let actions: any ControlActions

    public init(token: ControlToken, actions: any ControlActions) {
        self.token = token
        self.actions = actions
    }
}

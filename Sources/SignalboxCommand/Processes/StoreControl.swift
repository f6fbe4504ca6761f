import Signalbox
import SignalboxCore
import SignalboxStatus
import SignalboxStore

/// What can be done from a page, done to whatever store lies at the path then: it is opened for each act, for people act
/// seldom, and meanwhile nothing in the server can write.
final class StoreControl: ControlActions {
    private let open: @Sendable () throws -> Store

    init(open: @escaping @Sendable () throws -> Store) { self.open = open }

    func run(_ job: JobName) throws -> DispatchID {
        try open().run(job, mode: .policy, input: nil, now: currentTime())
    }
    func pause(_ job: JobName, by person: String) throws {
        _ = try open().pause(job, by: person, reason: nil, now: currentTime())
    }
    func resume(_ job: JobName) throws { _ = try open().resume(job, now: currentTime()) }
    func cancel(_ dispatch: DispatchID) throws { _ = try open().cancel(dispatch, now: currentTime()) }
    func requeue(_ dispatch: DispatchID) throws -> DispatchID { try open().requeue(dispatch, now: currentTime()) }
}

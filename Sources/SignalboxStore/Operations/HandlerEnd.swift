internal import SignalboxCore

extension Outcome {
    /// What the end of an attempt means where only a handler can end so; nil: it is judged as a command's.
    func handlerEvent(_ token: Token, _ dispatch: Dispatch, _ request: Request, _ now: Now) -> DispatchEvent? {
        switch self {
        case .handlerDied:
            let due = now.wall + request.retry.delay(after: dispatch.attempt, of: dispatch.id)
            return .crash(token, .handlerDied, request.rescue, due: due)
        case .threw(let error):
            switch error.wish {
            case .snooze(let wait): return .snooze(token, .threw, due: now.wall + wait)
            case .cancel: return .stop(token, .threw)
            case .retry, .fatal: return nil
            }
        case .exited, .signalled, .notStarted, .returned: return nil
        }
    }
}

import SignalboxCore

/// What a form of ours can be sent to.
enum ControlTarget: Hashable, Sendable {
    case login
    case logout
    case run(JobName)
    case pause(JobName)
    case resume(JobName)
    case cancel(DispatchID)
    case requeue(DispatchID)

    /// Every part is a checked name or number, so nothing needs escaping.
    var path: String {
        switch self {
        case .login: "/login"
        case .logout: "/logout"
        case .run(let job): "/jobs/\(job.text)/run"
        case .pause(let job): "/jobs/\(job.text)/pause"
        case .resume(let job): "/jobs/\(job.text)/resume"
        case .cancel(let id): "/dispatches/\(id)/cancel"
        case .requeue(let id): "/dispatches/\(id)/requeue"
        }
    }

    /// Nil when nothing can be done there.
    init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        switch (parts.count, parts.first, parts.last) {
        case (1, "login", _): self = .login
        case (1, "logout", _): self = .logout
        case (3, "jobs", let action?):
            guard let name = percentDecoded(parts[1]), let job = try? JobName(name) else { return nil }
            self.init(action, of: job)
        case (3, "dispatches", let action?):
            guard let id = DispatchID(text: parts[1]) else { return nil }
            self.init(action, of: id)
        case (_, _, _): return nil
        }
    }

    private init?(_ action: String, of job: JobName) {
        switch action {
        case "run": self = .run(job)
        case "pause": self = .pause(job)
        case "resume": self = .resume(job)
        case _: return nil
        }
    }

    private init?(_ action: String, of id: DispatchID) {
        switch action {
        case "cancel": self = .cancel(id)
        case "requeue": self = .requeue(id)
        case _: return nil
        }
    }
}

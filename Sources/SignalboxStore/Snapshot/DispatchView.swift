public import SignalboxCore

/// A dispatch as lists, pages and JSON show it.
public struct DispatchView: Sendable, Encodable {
    public var dispatch: Dispatch
    /// One line: what it runs.
    public var command: String
    /// The name of the worker that has it; nil unless IN_PROGRESS.
    public var worker: String?
    /// What the command last said of its progress; nil unless IN_PROGRESS and told.
    public var progress: ProgressReport?
    /// It is PENDING, and no worker of its queue has its handler.
    public var lacksWorker = false
    /// Somebody asked for it to stay, however old it grows.
    public var isPinned = false

    public var id: DispatchID { dispatch.id }
    public var state: DispatchState { dispatch.state }
    /// How long the newest attempt took, or has taken so far; nil before the first, after a reboot, and where it ended
    /// while it waited for another.
    public func duration(now: Now) -> Duration? {
        guard let started = dispatch.started, dispatch.reason != .retriesOver else { return nil }
        guard let finished = dispatch.finished else {
            return state == .inProgress ? started.boot.duration(to: now.boot) : nil
        }
        return started.boot.duration(to: finished.boot)
    }

    private enum CodingKeys: String, CodingKey {
        case id, job, queue, state, priority, attempt, max_attempts, crashes, reason, worker, enqueued_at
        case scheduled_for, due_at, started_at, finished_at, exit_code, signal, progress, parent, command, coalesced
        case handler, no_worker, blocked_by, cancel_requested, due_reason, last_scheduled_for, snoozes
        case pinned
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(dispatch.id.number, forKey: .id)
        try fields.encode(dispatch.job?.text, forKey: .job)
        try fields.encode(dispatch.queue.text, forKey: .queue)
        try fields.encode(dispatch.state.name, forKey: .state)
        try fields.encode(dispatch.priority, forKey: .priority)
        try fields.encode(dispatch.attempt, forKey: .attempt)
        try fields.encode(dispatch.maxAttempts, forKey: .max_attempts)
        try fields.encode(dispatch.crashes, forKey: .crashes)
        try fields.encode(dispatch.snoozes, forKey: .snoozes)
        try fields.encode(dispatch.reason.word, forKey: .reason)
        try fields.encode(worker, forKey: .worker)
        try fields.encode(dispatch.enqueuedAt.description, forKey: .enqueued_at)
        try fields.encode(dispatch.scheduledFor?.description, forKey: .scheduled_for)
        try fields.encode(dispatch.lastScheduledFor?.description, forKey: .last_scheduled_for)
        let reason = dispatch.scheduledFor.map { _ in dispatch.occurrence.rawValue }
        try fields.encode(reason, forKey: .due_reason)
        try fields.encode(dispatch.dueAt.description, forKey: .due_at)
        try fields.encode(dispatch.started?.wall.description, forKey: .started_at)
        try fields.encode(dispatch.finished?.wall.description, forKey: .finished_at)
        try fields.encode(dispatch.exitCode, forKey: .exit_code)
        try fields.encode(dispatch.signalNumber, forKey: .signal)
        try fields.encode(progress, forKey: .progress)
        try fields.encode(dispatch.parent?.number, forKey: .parent)
        try fields.encode(command, forKey: .command)
        try fields.encode(dispatch.handler?.text, forKey: .handler)
        try fields.encode(lacksWorker, forKey: .no_worker)
        try fields.encode(dispatch.coalesced, forKey: .coalesced)
        try fields.encode(dispatch.blocker?.number, forKey: .blocked_by)
        try fields.encode(dispatch.cancelRequested, forKey: .cancel_requested)
        try fields.encode(isPinned, forKey: .pinned)
    }
}

/// How far a command says it is.
public struct ProgressReport: Hashable, Sendable, Encodable {
    /// 0 to 100.
    public var percent: Int
    public var text: String

    public init(percent: Int, text: String) {
        self.percent = percent
        self.text = text
    }
}

extension Dispatch {
    /// The code the newest attempt exited with; nil when it did not exit by itself.
    public var exitCode: UInt8? {
        if case .exited(let code) = ending { code } else { nil }
    }
    /// The signal that ended the newest attempt; nil when none did.
    public var signalNumber: UInt8? {
        if case .signalled(let number) = ending { number } else { nil }
    }
}

internal import OrderedStore
public import SignalboxCore

/// What "run now" does when the job is busy.
public enum RunMode: Hashable, Sendable {
    /// As the job's overlap policy says, but where that would skip, it is refused with a message.
    case policy
    /// It waits for what is active.
    case queue
    /// It runs beside whatever is active.
    case force
}

extension JobStore {
    /// Makes a run of a job outside its schedule; the schedule does not notice.
    /// - Parameter input: what the command reads on its standard input, instead of the job's own.
    /// - Throws: `notFound`; `refused` when the job is paused and `mode` is not to force it, or busy and its policy is to
    ///   skip; `full`.
    public func run(_ name: JobName, mode: RunMode, input: [UInt8]?, now: Now) throws -> DispatchID {
        try write(now) { writer in
            guard let job = try writer.transaction.job(name) else { throw StoreError.noJob(name) }
            guard !job.progress.paused || mode == .force else { throw paused(job) }
            let active = try writer.activeInTime(of: job)
            let birth: DispatchBirth
            let rule = mode.rule(of: job)
            switch rule.decision(active: active, lost: writer.lost(active)) {
            case .run: birth = .pending
            case .wait(let other): birth = .blocked(by: other, .overlap)
            case .coalesce(let other):
                guard input == nil else { throw waits(job, other) }
                return other
            case .replace(let others): birth = try writer.replace(others).map { .blocked(by: $0, .overlap) } ?? .pending
            case .skip(let other): throw busy(job, other)
            }
            return try writer.insertRun(of: job, birth, rule, input: input)
        }
    }

    private func paused(_ job: Job) -> StoreError {
        StoreError(
            .refused,
            "the job \(job.name) is paused: resume it with `signalbox resume \(job.name)`, or say --force to run it "
                + "all the same")
    }

    private func waits(_ job: Job, _ other: DispatchID) -> StoreError {
        StoreError(
            .refused,
            "dispatch \(other) of the job \(job.name) waits already, with an input of its own: say --queue to run "
                + "this one after it")
    }

    private func busy(_ job: Job, _ other: DispatchID) -> StoreError {
        StoreError(
            .refused,
            "the job \(job.name) is busy with dispatch \(other) and its overlap policy is "
                + "\(job.definition.overlap.word): wait for it, or say --queue to run after it, or --force to run "
                + "beside it")
    }
}

extension RunMode {
    fileprivate func rule(of job: Job) -> OverlapRule {
        switch self {
        case .policy: job.definition.overlap
        case .queue: .queueAll
        case .force: .allow
        }
    }
}

extension JobWriter where Transaction: ~Copyable {
    fileprivate mutating func insertRun(
        of job: Job, _ birth: DispatchBirth, _ rule: OverlapRule, input: [UInt8]?
    ) throws -> DispatchID {
        let origin = DispatchOrigin(
            job: job.name, queue: job.definition.queue, priority: job.definition.priority,
            maxAttempts: job.definition.maxAttempts)
        var request = Request(of: job)
        request.overlap = rule
        if let input { request.input = input }
        try request.checkSize()
        try admit(request)
        let dispatch = Dispatch(id: newDispatchID(), origin: origin, birth: birth, now: now)
        try insert(dispatch, request: request)
        return dispatch.id
    }
}

public import SignalboxCore

/// Everything about one dispatch: its record, what it runs, its attempts, and the newest attempt's output.
public struct DispatchDetail: Sendable {
    public var view: DispatchView
    public var request: Request
    /// Ended attempts, first one first.
    public var attempts: [Attempt]
    /// The output of the attempt asked for: from the live environment while it runs, else from the store.
    public var output: [OutputLine]
    /// What it waits for; nil when it runs or has ended, and when nobody asked.
    public var wait: WhyWait?
    public var stamp: StoreStamp
}

extension DispatchDetail: Encodable {
    private enum CodingKeys: String, CodingKey {
        case attempts, start_by, concurrency, rate, unique, after, on_parent_fail, settings
    }
    private enum UniqueKeys: String, CodingKey { case key, scope, window, on_conflict }
    private enum AttemptKeys: String, CodingKey {
        case number, worker, started_at, finished_at, exit_code, signal, error, reason, result, tags, survivors
    }

    /// The fields of the dispatch, until when it may be started, the limits of its keys, its unique key, what it comes
    /// after, how its process is treated, and `attempts`. Output is asked for by `logs`.
    public func encode(to encoder: any Encoder) throws {
        try view.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(view.dispatch.latestStart?.description, forKey: .start_by)
        try fields.encode(request.concurrency?.text, forKey: .concurrency)
        try fields.encode(request.rate?.text, forKey: .rate)
        try fields.encode(WorkSettings(work: request.work), forKey: .settings)
        try encodeKey(to: &fields)
        try fields.encode(request.after.map(\.number), forKey: .after)
        try fields.encode(request.after.isEmpty ? nil : request.onParentFail.word, forKey: .on_parent_fail)
        var list = fields.nestedUnkeyedContainer(forKey: .attempts)
        for attempt in attempts {
            var item = list.nestedContainer(keyedBy: AttemptKeys.self)
            try item.encode(attempt.number, forKey: .number)
            try item.encode(attempt.worker.number, forKey: .worker)
            try item.encode(attempt.started.wall.description, forKey: .started_at)
            try item.encode(attempt.finished.wall.description, forKey: .finished_at)
            try item.encode(attempt.reason.word, forKey: .reason)
            try item.encode(attempt.report.result.map(EncodedJSON.init), forKey: .result)
            try item.encode(attempt.report.tags, forKey: .tags)
            try item.encode(attempt.report.survivors.map(\.description), forKey: .survivors)
            switch attempt.outcome {
            case .exited(let code)?: try item.encode(code, forKey: .exit_code)
            case .signalled(let number)?: try item.encode(number, forKey: .signal)
            case .notStarted(let error)?: try item.encode(error, forKey: .error)
            case .threw(let error)?: try item.encode(error.text, forKey: .error)
            case .handlerDied(let how)?: try item.encode(how, forKey: .error)
            case .returned?, nil: break
            }
        }
    }

    /// Null when it has none.
    private func encodeKey(to fields: inout KeyedEncodingContainer<CodingKeys>) throws {
        guard let unique = request.unique else { return try fields.encodeNil(forKey: .unique) }
        var part = fields.nestedContainer(keyedBy: UniqueKeys.self, forKey: .unique)
        try part.encode(unique.text, forKey: .key)
        try part.encode(unique.scope.word, forKey: .scope)
        try part.encode(unique.scope.window?.text, forKey: .window)
        try part.encode(unique.onConflict.word, forKey: .on_conflict)
    }
}

public import SignalboxCore

/// What a definition did to the store, or would do.
public struct JobChange: Hashable, Sendable, Encodable {
    public enum Kind: String, Sendable, Encodable { case added, changed, unchanged, removed }
    /// What was defined.
    public enum Subject: String, Sendable, Encodable { case job, handler }
    public var subject = Subject.job
    public var name: String
    public var change: Kind
    /// What differs, where the job is changed.
    public var fields: [JobFieldChange]
    /// Waiting dispatches of an older revision that are cancelled with it.
    public var cancelled: Int

    public init(name: String, change: Kind, fields: [JobFieldChange] = [], cancelled: Int = 0) {
        self.name = name
        self.change = change
        self.fields = fields
        self.cancelled = cancelled
    }

    /// The same for a handler.
    public init(from before: HandlerDefinition?, to after: HandlerDefinition?) {
        self.init(name: (after ?? before)?.name.text ?? "", change: .unchanged)
        subject = .handler
        compare(before, after) { JobFieldChange.all(from: $0, to: $1) }
    }

    /// What makes `after` of `before`: nil where there is no job of that name, or is to be none.
    public init(name: JobName, from before: JobDefinition?, to after: JobDefinition?, cancelled: Int = 0) {
        self.init(name: name.text, change: .unchanged, cancelled: cancelled)
        compare(before, after) { JobFieldChange.all(from: $0, to: $1) }
    }

    private mutating func compare<Definition: Equatable>(
        _ before: Definition?, _ after: Definition?, _ differences: (Definition, Definition) -> [JobFieldChange]
    ) {
        switch (before, after) {
        case (nil, nil): break
        case (nil, _): change = .added
        case (_, nil): change = .removed
        case (let before?, let after?):
            guard before != after else { return }
            change = .changed
            fields = differences(before, after)
        }
    }
}

/// One field of a job that differs, by its name in a jobs.yaml and in words for people: a secret is not shown.
public struct JobFieldChange: Hashable, Sendable, Encodable {
    /// As in `schedule`, `max_attempts`, `env.PATH`.
    public var field: String
    /// Nil where nothing was set.
    public var from: String?
    public var to: String?

    static func all(from before: JobDefinition, to after: JobDefinition) -> [JobFieldChange] {
        var found: [JobFieldChange] = []
        func compare<Value: Equatable>(
            _ field: String, _ path: KeyPath<JobDefinition, Value>, _ text: (Value) -> String?
        ) {
            let (old, new) = (before[keyPath: path], after[keyPath: path])
            if old != new { found.append(JobFieldChange(field: field, from: text(old), to: text(new))) }
        }
        compare("schedule", \.schedule) { $0.description }
        compare("zone", \.zone) { $0 }
        compare("queue", \.queue) { $0.text }
        compare("priority", \.priority) { "\($0)" }
        compare("command", \.command) { $0.redacted.text }
        found += variables(from: before.environment, to: after.environment)
        compare("cwd", \.directory) { $0 }
        compare(after.command.handler == nil ? "stdin" : "payload", \.input) { $0.isEmpty ? nil : "\($0.count) bytes" }
        compare("timeout", \.timeout) { $0?.text }
        found += facts(from: before.work, to: after.work)
        compare("max_attempts", \.maxAttempts) { "\($0)" }
        compare("retry", \.retry.words) { $0 }
        compare("retry_for", \.retry.limit) { $0?.text }
        compare("retry_until", \.retry.endsAtNext) { $0 ? "next" : nil }
        compare("on_crash", \.rescue) { $0.word }
        compare("overlap", \.overlap) { $0.word }
        compare("catchup", \.catchUp) { $0.words }
        compare("start_by", \.startBy) { $0.map(\.text) }
        compare("keep", \.keep) { $0.text }
        return found
    }

    private static func facts(from before: Work, to after: Work) -> [JobFieldChange] {
        func texts(_ work: Work) -> [String: String] {
            work.facts.reduce(into: [:]) { $0[$1.name] = $1.text }
        }
        let (old, new) = (texts(before), texts(after))
        return Set(old.keys).union(new.keys).sorted().filter { old[$0] != new[$0] }.map { name in
            JobFieldChange(field: name, from: old[name], to: new[name])
        }
    }

    static func all(from before: HandlerDefinition, to after: HandlerDefinition) -> [JobFieldChange] {
        var found: [JobFieldChange] = []
        if before.command != after.command {
            let (old, new) = (before.command.redacted.text, after.command.redacted.text)
            found.append(JobFieldChange(field: "command", from: old, to: new))
        }
        found += variables(from: before.environment, to: after.environment)
        if before.directory != after.directory {
            found.append(JobFieldChange(field: "cwd", from: before.directory, to: after.directory))
        }
        return found
    }

    private static func variables(from before: [String: String], to after: [String: String]) -> [JobFieldChange] {
        let (shownBefore, shownAfter) = (redacted(environment: before), redacted(environment: after))
        return Set(before.keys).union(after.keys).sorted().filter { before[$0] != after[$0] }.map { name in
            JobFieldChange(field: "env.\(name)", from: shownBefore[name], to: shownAfter[name])
        }
    }
}

extension CatchUpPolicy {
    fileprivate var words: String {
        let limit = mode == .all ? ", max \(maximum)" : ""
        return mode.rawValue + (window.map { ", window \($0.text)" } ?? "") + limit
    }
}

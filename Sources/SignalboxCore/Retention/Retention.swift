/// What is kept of the dispatches that have ended, by how they ended.
public struct Retention: Hashable, Sendable {
    public var success: KeepLimit
    public var failed: KeepLimit
    /// Of those SKIPPED, and of those CANCELLED by themselves: neither came to an end of its own.
    public var skipped: KeepLimit

    public init(success: KeepLimit, failed: KeepLimit, skipped: KeepLimit) {
        self.success = success
        self.failed = failed
        self.skipped = skipped
    }

    /// Of each job that says nothing else.
    public static let standard = Retention(
        success: KeepLimit(count: 100, age: .seconds(7 * 86_400)),
        failed: KeepLimit(count: 200, age: .seconds(30 * 86_400)), skipped: KeepLimit(count: 50))
    /// Of what is enqueued in each queue: a queue holds many things, where a job is always the same.
    public static let standardEnqueued = Retention(
        success: KeepLimit(count: 10_000, age: .seconds(7 * 86_400)),
        failed: KeepLimit(count: 10_000, age: .seconds(30 * 86_400)),
        skipped: KeepLimit(count: 1000, age: .seconds(30 * 86_400)))
    public static let forever = Retention(success: .forever, failed: .forever, skipped: .forever)

    /// Of those in `state`; nothing goes that has not ended.
    public func limit(of state: DispatchState) -> KeepLimit {
        switch state {
        case .success: success
        case .failed: failed
        case .cancelled, .skipped: skipped
        case .scheduled, .blocked, .pending, .inProgress: .forever
        }
    }
}

/// What one job says of its own records: where it says nothing, the store's settings hold.
public struct KeepPolicy: Hashable, Sendable {
    public var success: KeepLimit?
    public var failed: KeepLimit?
    /// Of those SKIPPED, and of those CANCELLED.
    public var skipped: KeepLimit?

    public init(success: KeepLimit? = nil, failed: KeepLimit? = nil, skipped: KeepLimit? = nil) {
        self.success = success
        self.failed = failed
        self.skipped = skipped
    }

    /// It says nothing.
    public static let unset = KeepPolicy()
    public static let forever = KeepPolicy(success: .forever, failed: .forever, skipped: .forever)

    /// With `retention` where this says nothing.
    public func over(_ retention: Retention) -> Retention {
        Retention(
            success: success ?? retention.success, failed: failed ?? retention.failed,
            skipped: skipped ?? retention.skipped)
    }
}

// MARK: - As people write it

extension Retention {
    /// "success: 100 or 7d, failed: 200 or 30d, skipped: 50".
    public var text: String { KeepPolicy(success: success, failed: failed, skipped: skipped).text ?? "" }
}

extension KeepPolicy {
    /// What it says, in the words of a jobs.yaml: "success: 100 or 7d, skipped: 50"; nil: nothing.
    public var text: String? {
        guard self != .unset else { return nil }
        guard self != .forever else { return KeepLimit.forever.text }
        let parts = Self.names.compactMap { name, path in self[keyPath: path].map { "\(name): \($0.text)" } }
        return parts.joined(separator: ", ")
    }

    /// Reads what ``text`` writes.
    /// - Throws: ``LimitTextError``.
    public init(text: String) throws(LimitTextError) {
        self.init()
        guard text.trimmed != KeepLimit.forever.text else {
            self = .forever
            return
        }
        for part in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            let halves = part.split(separator: ":", maxSplits: 1).map { String($0).trimmed }
            guard halves.count == 2, let path = Self.names.first(where: { $0.name == halves[0] })?.path,
                self[keyPath: path] == nil
            else {
                throw LimitTextError(
                    "\(quoted(text)) does not say what to keep: expected success, failed and skipped, each once with a "
                        + "limit, as in success: 100 or 7d, failed: 30d; or forever")
            }
            self[keyPath: path] = try KeepLimit(text: halves[1])
        }
    }

    /// The words for each, in the order in which they are shown.
    public static var names: [(name: String, path: WritableKeyPath<KeepPolicy, KeepLimit?>)] {
        [("success", \.success), ("failed", \.failed), ("skipped", \.skipped)]
    }
}

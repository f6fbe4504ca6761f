/// Which limit of a key is meant.
public enum LimitKind: UInt8, Hashable, Sendable, CaseIterable {
    /// How many run at once.
    case concurrency = 1
    /// How often something is started.
    case rate = 2

    /// Why a dispatch waits that met it.
    public var reason: DispatchReason {
        switch self {
        case .concurrency: .concurrency
        case .rate: .rate
        }
    }
}

extension Dispatch {
    /// The limit that it waits for, BLOCKED, or that has been offered to it again, PENDING; nil when it waits for none.
    public var heldBy: LimitKind? {
        guard state == .blocked || state == .pending else { return nil }
        return LimitKind.allCases.first { $0.reason == reason }
    }
}

/// At most so many with this key run at once, whatever their jobs and queues.
public struct ConcurrencyLimit: Hashable, Sendable {
    public var key: String
    public var max: Int

    public init(key: String, max: Int = 1) {
        self.key = key
        self.max = max
    }

    /// What ``max`` may be.
    public static let limits = 1...100_000
}

extension ConcurrencyLimit {
    /// As options take it: "database:2".
    public var text: String { "\(key):\(max)" }

    /// Reads what ``text`` writes, or a key alone, of which one runs at a time. A key that itself ends in a colon and a
    /// number needs the maximum behind it.
    /// - Throws: ``LimitTextError``.
    public init(text: String) throws(LimitTextError) {
        guard let (key, digits) = halves(of: text), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            !digits.isEmpty
        else {
            self.init(key: try checkedKey(text))
            return
        }
        guard let max = Int(digits), Self.limits.contains(max) else {
            throw LimitTextError(
                "\(quoted(text)) lets \(digits) run at once; \(Self.limits.lowerBound) to \(Self.limits.upperBound) are "
                    + "possible")
        }
        self.init(key: try checkedKey(key), max: max)
    }
}

/// Of those with this key no more are started than the rate allows, whatever their jobs and queues.
public struct RateLimit: Hashable, Sendable {
    public var key: String
    public var rate: Rate

    public init(key: String, rate: Rate) {
        self.key = key
        self.rate = rate
    }
}

extension RateLimit {
    /// As options take it: "api:10/1m".
    public var text: String { "\(key):\(rate.text)" }

    /// Reads what ``text`` writes.
    /// - Throws: ``LimitTextError``.
    public init(text: String) throws(LimitTextError) {
        guard let (key, rate) = halves(of: text) else {
            throw LimitTextError("\(quoted(text)) is no key with a rate: expected one as in api:10/1m")
        }
        self.init(key: try checkedKey(key), rate: try Rate(text: rate))
    }
}

/// The keys of limits.
public enum LimitKey {
    /// The most bytes of a key.
    public static let limit = 128

    /// What speaks against a key; nil when it can be used.
    public static func fault(of key: String) -> String? {
        let count = key.utf8.count
        guard (1...limit).contains(count), !key.utf8.contains(0) else {
            return
                "the key \(quoted(key)) has \(count) bytes; 1 to \(limit) are possible, none of them zero: use a hash "
                + "of it"
        }
        return nil
    }
}

extension Work {
    /// What speaks against the limits that it names; nil when they can be kept.
    var limitFault: String? {
        if let fault = [concurrency?.key, rate?.key].compactMap({ $0 }).compactMap(LimitKey.fault).first {
            return fault
        }
        if let concurrency, !ConcurrencyLimit.limits.contains(concurrency.max) {
            return
                "of the key \(quoted(concurrency.key)) \(concurrency.max) may run at once; \(ConcurrencyLimit.limits) "
                + "are possible"
        }
        if let rate = rate?.rate, !Rate.counts.contains(rate.count) || !Rate.periods.contains(rate.per) {
            return "the rate \(rate.text) cannot be kept: \(Rate.counts) starts are possible, in \(Rate.periods)"
        }
        return nil
    }
}

private func checkedKey(_ key: String) throws(LimitTextError) -> String {
    if let fault = LimitKey.fault(of: key) { throw LimitTextError(fault) }
    return key
}

/// Before and behind the last colon; nil when there is none.
private func halves(of text: String) -> (String, String)? {
    text.lastIndex(of: ":").map { (String(text[..<$0]), String(text[text.index(after: $0)...])) }
}

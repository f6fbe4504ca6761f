/// The keys from `lower` (included) up to `upper` (not included), in byte order.
public struct KeyRange: Hashable, Sendable {
    public var lower: [UInt8]
    /// Nil means: to the end of the bucket.
    public var upper: [UInt8]?

    public init(from lower: [UInt8], to upper: [UInt8]?) {
        self.lower = lower
        self.upper = upper
    }

    /// Every key of a bucket.
    public static let all = KeyRange(from: [], to: nil)

    /// The keys that begin with `prefix`.
    public init(prefix: [UInt8]) {
        var upper = prefix
        while let last = upper.last, last == 0xFF { upper.removeLast() }
        if !upper.isEmpty { upper[upper.count - 1] += 1 }
        self.init(from: prefix, to: upper.isEmpty ? nil : upper)
    }
}

/// The direction a scan walks in.
public enum ScanOrder: Sendable { case ascending, descending }

/// What a scan does after it has shown an entry.
public enum ScanStep: Sendable { case next, stop }

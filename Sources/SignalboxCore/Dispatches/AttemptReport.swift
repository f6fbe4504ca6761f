/// What an attempt leaves behind besides its end and its output.
public struct AttemptReport: Hashable, Sendable {
    /// What the command said its result is; nil when it said nothing.
    public var result: JSONText?
    /// What the command marked its run with; at most ``tagsLimit``.
    public var tags: [String: String]
    /// Processes of it that could not be ended.
    public var survivors: [Survivor]

    public init(result: JSONText? = nil, tags: [String: String] = [:], survivors: [Survivor] = []) {
        self.result = result
        self.tags = tags
        self.survivors = survivors
    }

    public static let tagsLimit = 16

    public var isEmpty: Bool { self == AttemptReport() }

    /// Marks the run, unless it has as many tags as it may have.
    public mutating func tag(_ name: String, _ value: String) {
        guard tags[name] != nil || tags.count < Self.tagsLimit else { return }
        tags[name] = value
    }
}

/// A process that was to end, and did not: stuck in the kernel, or not ours to signal.
public struct Survivor: Hashable, Sendable, CustomStringConvertible {
    public var pid: Int32
    /// The name of its program, as the kernel keeps it: up to 15 bytes.
    public var name: String

    public init(pid: Int32, name: String) {
        self.pid = pid
        self.name = name
    }

    /// "4711 (sleep)"
    public var description: String { "\(pid) (\(name))" }
}

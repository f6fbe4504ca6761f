import SignalboxCore

/// Where a status server's feed is: `ws://HOST:PORT/live`, with the feed's own filters behind it.
public struct FeedAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name, or an address; IPv6 without its brackets.
    public let host: String
    public let port: Int
    /// The path with the query as it was given, without `since`.
    private let path: String
    private let parameters: [String]

    /// Reads such an address; a path of `/` or none is `/live`, a missing port is 8420, as for a server of ours.
    /// - Throws: ``FeedAddressError``.
    public init(text: String) throws(FeedAddressError) {
        guard text.hasPrefix("ws://") else {
            throw FeedAddressError(text, "it begins with ws:// (for a server behind TLS, go through its host)")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            throw FeedAddressError(text, "a URL has no such characters")
        }
        let rest = text.dropFirst("ws://".count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end]) else {
            throw FeedAddressError(text, "\(quoted(String(rest[..<end]))) is no HOST:PORT, as in 127.0.0.1:8420")
        }
        let halves = rest[end...].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = halves.first.map(String.init) ?? ""
        let parameters = halves.count > 1 ? halves[1].split(separator: "&").map(String.init) : []
        guard !parameters.contains(where: { $0.hasPrefix("since=") }) else {
            throw FeedAddressError(text, "say --since instead of since= in the URL")
        }
        (self.host, self.port) = (host, port)
        self.path = path.isEmpty || path == "/" ? FeedSubscription.path : path
        self.parameters = parameters
    }

    private static func authority(_ text: Substring) -> (String, Int)? {
        let bracket = text.hasPrefix("[") ? text.firstIndex(of: "]") : nil
        let end = bracket.map(text.index(after:)) ?? text.firstIndex(of: ":") ?? text.endIndex
        let host = bracket.map { text[text.index(after: text.startIndex)..<$0] } ?? text[..<end]
        let digits = text[end...]
        guard !host.isEmpty, !host.contains("@") else { return nil }
        guard !digits.isEmpty else { return (String(host), 8420) }
        guard digits.hasPrefix(":"), let port = UInt16(digits.dropFirst()), port > 0 else { return nil }
        return (String(host), Int(port))
    }

    /// The same with the filters that are set.
    public func filtered(by filter: FeedFilter) -> FeedAddress {
        // Names and numbers need no escaping.
        let more = [
            filter.job.map { "job=\($0)" }, filter.queue.map { "queue=\($0)" },
            filter.dispatch.map { "dispatch=\($0)" }, filter.state.map { "state=\($0.name)" },
        ]
        return FeedAddress(self, parameters: parameters + more.compactMap { $0 })
    }

    private init(_ address: FeedAddress, parameters: [String]) {
        (host, port, path) = (address.host, address.port, address.path)
        self.parameters = parameters
    }

    /// What is asked for: the path, the query, and where to begin.
    func target(since: UInt64?) -> String {
        let query = (parameters + (since.map { ["since=\($0)"] } ?? [])).joined(separator: "&")
        return query.isEmpty ? path : "\(path)?\(query)"
    }

    /// As the `Host` field says it.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    public var description: String { "ws://\(authority)" }
}

/// A text that is no address of a feed.
public struct FeedAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ text: String, _ cause: String) {
        description = "cannot watch \(quoted(text)): \(cause). Expected is ws://HOST:PORT/live"
    }
}

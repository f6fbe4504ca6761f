/// Which `Host` a request may name. A stranger's page can make its own name point to this machine (DNS rebinding) and
/// then read what the server answers; its requests carry that name, so names that are not ours are refused.
enum HostRule: Hashable, Sendable {
    /// These hosts, with any port.
    case known(Set<String>)
    /// Any IP address as well, for a server that listens on all of them: an address is no name that could be rebound.
    case knownOrAddress(Set<String>)
    /// Anything: behind a socket in the file system stands a proxy, which answers for names.
    case any

    init(listening address: ListenAddress) {
        switch address {
        case .network(let address, _):
            let known = Self.loopback.union([address.lowercased()])
            self = Self.wildcards.contains(address) ? .knownOrAddress(known) : .known(known)
        case .unixSocket: self = .any
        }
    }

    private static let loopback: Set<String> = ["localhost", "127.0.0.1", "::1"]
    private static let wildcards: Set<String> = ["0.0.0.0", "::"]

    /// Judges the value of the `Host` field.
    func allows(_ field: String) -> Bool {
        let host = Self.host(of: field)
        switch self {
        case .any: return true
        case .known(let hosts): return host.map { hosts.contains($0.name) } ?? false
        case .knownOrAddress(let hosts):
            return host.map { hosts.contains($0.name) || $0.isBracketed || Self.isFourth($0.name) } ?? false
        }
    }

    /// The host without port and brackets, in lower case; nil when `field` is no host.
    private static func host(of field: String) -> (name: String, isBracketed: Bool)? {
        let text = field.lowercased()
        let bracket = text.hasPrefix("[") ? text.firstIndex(of: "]") : nil
        let end = bracket.map(text.index(after:)) ?? text.firstIndex(of: ":") ?? text.endIndex
        let port = text[end...]
        guard port.isEmpty || port.hasPrefix(":") && UInt16(port.dropFirst()) != nil else { return nil }
        let name = bracket.map { text[text.index(after: text.startIndex)..<$0] } ?? text[..<end]
        return name.isEmpty ? nil : (String(name), bracket != nil)
    }

    private static func isFourth(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}

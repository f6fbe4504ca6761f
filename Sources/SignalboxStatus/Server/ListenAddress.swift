import NIOCore

/// Where the status server listens: an IP address with a port, or a socket in the file system.
public enum ListenAddress: Hashable, Sendable {
    /// The address as text, without brackets. Port 0 means any free one.
    case network(address: String, port: Int)
    case unixSocket(path: String)

    /// Loopback, port 8420.
    public static let standard = ListenAddress.network(address: "127.0.0.1", port: 8420)

    /// Reads `127.0.0.1:8420`, `[::1]:8420`, `localhost:8420` (which is 127.0.0.1) or `unix:PATH`.
    /// - Throws: ``ListenAddressError``.
    public init(text: String) throws(ListenAddressError) {
        if text.hasPrefix("unix:") {
            self = try Self.unixSocket(text)
        } else {
            self = try Self.network(text)
        }
    }

    /// The longest path of a socket: what the kernel's address has room for.
    static let pathLimit = 107

    private static func unixSocket(_ text: String) throws(ListenAddressError) -> ListenAddress {
        let path = String(text.dropFirst("unix:".count))
        guard !path.isEmpty else {
            throw ListenAddressError(text, "a path must follow unix:, as in unix:/run/box.sock")
        }
        guard path.utf8.count <= pathLimit else {
            throw ListenAddressError(
                text, "the path has \(path.utf8.count) bytes and may have \(pathLimit): choose a shorter one")
        }
        return .unixSocket(path: path)
    }

    private static func network(_ text: String) throws(ListenAddressError) -> ListenAddress {
        guard let colon = text.lastIndex(of: ":") else {
            throw ListenAddressError(text, "expected ADDRESS:PORT, as in 127.0.0.1:8420, or unix:PATH")
        }
        let digits = text[text.index(after: colon)...]
        guard let port = UInt16(digits), digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }) else {
            throw ListenAddressError(text, "\"\(digits)\" is no port: a number from 0 to 65535")
        }
        let host = text[..<colon]
        let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let address = host == "localhost" ? "127.0.0.1" : String(bracketed ? host.dropFirst().dropLast() : host)
        guard let parsed = try? SocketAddress(ipAddress: address, port: Int(port)), parsed.isSixth == bracketed else {
            throw ListenAddressError(
                text, "\"\(host)\" is no address: expected IPv4 as in 127.0.0.1, or IPv6 in brackets as in [::1]")
        }
        return .network(address: address, port: Int(port))
    }
}

extension ListenAddress: CustomStringConvertible {
    /// The text that reads back as the same address.
    public var description: String {
        switch self {
        case .network(let address, let port): address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        case .unixSocket(let path): "unix:\(path)"
        }
    }
}

extension SocketAddress {
    fileprivate var isSixth: Bool {
        switch self {
        case .v6: true
        case .v4, .unixDomainSocket: false
        }
    }
}

/// A text that is no address to listen on.
public struct ListenAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ text: String, _ cause: String) { description = "cannot listen on \"\(text)\": \(cause)" }
}

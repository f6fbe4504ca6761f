import Glibc
import SignalboxCore

/// Whoever started this process as a service and asked to be told how it goes: systemd, for units of `Type=notify`.
///
/// The protocol is that of sd_notify(3): datagrams of lines NAME=VALUE to the socket that the environment names. This
/// is all of libsystemd that is needed here.
public struct ServiceManager: Sendable {
    /// Something it may be told.
    public enum News: Hashable, Sendable {
        /// The process does its work from now on.
        case ready(status: String)
        /// It has begun to end.
        case stopping(status: String)
        /// It still does its work; see ``ServiceManager/beat``.
        case alive

        var lines: String {
            switch self {
            case .ready(let status): "READY=1\nSTATUS=\(status)"
            case .stopping(let status): "STOPPING=1\nSTATUS=\(status)"
            case .alive: "WATCHDOG=1"
            }
        }
    }

    /// How often it wants to hear that the process is alive: half the time after which it takes it for hung. Nil when
    /// it does not watch.
    public let beat: Duration?
    /// A manager that does not listen must not keep us.
    static let patience: Duration = .seconds(2)
    private let address: [UInt8]
    private let socket: Descriptor

    /// - Parameters:
    ///   - environment: holds NOTIFY_SOCKET, a path or `@` and the name of an abstract socket; WATCHDOG_USEC, in
    ///     microseconds; and WATCHDOG_PID, whom that is meant for.
    ///   - process: the number of this process.
    /// - Returns: nil when nobody asked, or where nobody can be told.
    public init?(environment: [String: String], process: Int32) {
        guard let name = environment["NOTIFY_SOCKET"], let address = Self.address(name) else { return nil }
        let number = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return nil }
        var patience = timeval(tv_sec: Int(Self.patience.components.seconds), tv_usec: 0)
        setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        socket = Descriptor(owning: number)
        self.address = address
        beat = Self.beat(environment, process)
    }

    /// Tells it. The news that nobody may miss wait for room in the socket, for ``patience``; the beats do not.
    public func tell(_ news: News) throws(SystemCallError) {
        let options = Int32(MSG_NOSIGNAL) | (news == .alive ? Int32(MSG_DONTWAIT) : 0)
        let bytes = Array(news.lines.utf8)
        while sent(bytes, options) < 0 {
            guard errno == EINTR else { throw SystemCallError("sendto") }
        }
    }

    private func sent(_ bytes: [UInt8], _ options: Int32) -> Int {
        address.withUnsafeBytes { address in
            guard let start = address.baseAddress else { preconditionFailure("an address is not empty") }
            return sendto(
                socket.number, bytes, bytes.count, options, start.assumingMemoryBound(to: sockaddr.self),
                socklen_t(address.count))
        }
    }

    /// The bytes of a `sockaddr_un`: the name of an abstract socket has a zero byte in front, a path one behind it.
    static func address(_ name: String) -> [UInt8]? {
        let path: [UInt8]
        switch name.utf8.first {
        case UInt8(ascii: "/"): path = name.utf8 + [0]
        case UInt8(ascii: "@"): path = [0] + name.utf8.dropFirst()
        default: return nil
        }
        let limit = MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size
        guard path.count > 1, path.count <= limit else { return nil }
        return withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) } + path
    }

    private static func beat(_ environment: [String: String], _ process: Int32) -> Duration? {
        if let addressee = environment["WATCHDOG_PID"], addressee != "\(process)" { return nil }
        guard let limit = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), limit > 1 else { return nil }
        return .microseconds(limit / 2)
    }
}

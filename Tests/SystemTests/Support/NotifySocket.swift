import CLinux
import Glibc

/// What systemd is to a service of `Type=notify`: a socket that takes datagrams.
final class NotifySocket {
    /// As NOTIFY_SOCKET says it.
    let name: String
    private let descriptor: Int32

    /// - Parameter name: a path, or `@` and the name of an abstract socket.
    init(_ name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = name.hasPrefix("@") ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8) + [0]
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        guard result == 0 else { throw TestFailure("bind \(name): \(errnoText())") }
    }

    deinit { close(descriptor) }

    /// The lines of the next datagram.
    func next() throws -> [String] {
        guard try Bound().wait(for: [descriptor]) else { throw TestFailure("nothing comes to \(name)") }
        return received()
    }

    /// How many datagrams wait, which are taken.
    func takeAll() -> Int {
        var count = 0
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&ready, 1, 0) == 1 {
            _ = received()
            count += 1
        }
        return count
    }

    private func received() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

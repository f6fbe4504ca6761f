import Glibc

/// The smallest client there can be: one request, one connection, the whole answer.
struct Answer {
    let status: Int
    let head: String
    let body: String

    init(of path: String, port: UInt16, host: String = "127.0.0.1", fields: [String] = []) throws {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw TestFailure("socket: \(errnoText())") }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        guard connected == 0 else { throw TestFailure("connect to port \(port): \(errnoText())") }
        let head = ["GET \(path) HTTP/1.1", "Host: \(host):\(port)", "Connection: close"] + fields + ["", ""]
        let request = head.joined(separator: "\r\n")
        guard send(socket, request, request.utf8.count, Int32(MSG_NOSIGNAL)) == request.utf8.count else {
            throw TestFailure("send: \(errnoText())")
        }
        try self.init(text: Self.receive(socket))
    }

    /// The value of a field of its head.
    func field(_ name: String) -> String? {
        head.split(separator: "\r\n").first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
    }

    private static func receive(_ socket: Int32) throws -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let bound = Bound()
        while true {
            guard try bound.wait(for: [socket]) else { throw TestFailure("the server does not answer") }
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    private init(text: String) throws {
        guard let split = text.firstRange(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
            throw TestFailure("no answer in HTTP: \(text.prefix(200))")
        }
        self.status = status
        head = String(text[..<split.lowerBound])
        body = String(text[split.upperBound...])
    }
}

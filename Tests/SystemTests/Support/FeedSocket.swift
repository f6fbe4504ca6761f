import Glibc

/// A connection to the live feed, byte by byte: for clients that do not keep to the rules.
final class FeedSocket {
    private let socket: Int32
    private var unread: [UInt8] = []
    /// The status of the handshake; 101 when it is open.
    let status: Int

    /// - Parameter receiveBuffer: what the kernel keeps of what comes in; nil: as it likes.
    init(port: UInt16, target: String = "/live", origin: String? = nil, receiveBuffer: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw TestFailure("socket: \(errnoText())") }
        if var size = receiveBuffer {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &address) { [socket] in
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        guard connected == 0 else { throw TestFailure("connect to port \(port): \(errnoText())") }
        let request =
            "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + (origin.map { "Origin: \($0)\r\n" } ?? "") + "\r\n"
        guard Glibc.send(socket, request, request.utf8.count, Int32(MSG_NOSIGNAL)) == request.utf8.count else {
            throw TestFailure("send: \(errnoText())")
        }
        let (head, rest) = try Self.head(socket)
        guard let status = Int(head.dropFirst(9).prefix(3)) else { throw TestFailure("no answer in HTTP: \(head)") }
        self.status = status
        unread = rest
    }

    deinit { close(socket) }

    private static func head(_ socket: Int32) throws -> (String, [UInt8]) {
        var bytes: [UInt8] = []
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                return (String(decoding: bytes[..<end.lowerBound], as: UTF8.self), Array(bytes[end.upperBound...]))
            }
            guard let more = try receive(socket) else { throw TestFailure("the server closed during the handshake") }
            bytes += more
        }
    }

    /// Nil at the end.
    private static func receive(_ socket: Int32) throws -> [UInt8]? {
        guard try Bound().wait(for: [socket]) else { throw TestFailure("the feed says nothing") }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(socket, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    /// Sends a frame with a mask of zeroes; false when the server takes no more.
    @discardableResult
    func send(opcode: UInt8, _ text: String = "", times: Int = 1) -> Bool {
        precondition(text.utf8.count < 126, "a short frame")
        let frame = [0x80 | opcode, 0x80 | UInt8(text.utf8.count), 0, 0, 0, 0] + Array(text.utf8)
        return send(bytes: Array(repeatElement(frame, count: times).joined()))
    }

    @discardableResult
    func send(bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            var ready = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
            // A server that has stopped to read leaves the rest with us.
            guard poll(&ready, 1, 1000) == 1 else { return false }
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// The next frame that is no ping or pong; nil at the end.
    func next() throws -> (opcode: UInt8, data: [UInt8])? {
        while true {
            if let frame = takeFrame() {
                if frame.opcode != 9, frame.opcode != 10 { return frame }
                continue
            }
            guard let more = try Self.receive(socket) else { return nil }
            unread += more
        }
    }

    /// The text of the next frame; nil at the end.
    func text() throws -> String? {
        guard let frame = try next(), frame.opcode == 1 else { return nil }
        return String(decoding: frame.data, as: UTF8.self)
    }

    /// The code with which the server ends it; nil when it just closes.
    func closeCode() throws -> Int? {
        while let frame = try next() {
            if frame.opcode == 8 { return frame.data.count < 2 ? nil : Int(frame.data[0]) << 8 | Int(frame.data[1]) }
        }
        return nil
    }

    private func takeFrame() -> (opcode: UInt8, data: [UInt8])? {
        guard unread.count >= 2 else { return nil }
        var (start, size) = (2, Int(unread[1] & 0x7F))
        if size >= 126 {
            let width = size == 126 ? 2 : 8
            guard unread.count >= 2 + width else { return nil }
            size = unread[2..<2 + width].reduce(0) { $0 << 8 | Int($1) }
            start += width
        }
        guard unread.count >= start + size else { return nil }
        defer { unread = Array(unread[(start + size)...]) }
        return (unread[0] & 0x0F, Array(unread[start..<start + size]))
    }
}
